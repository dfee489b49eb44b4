import t from "tap";
import { TokenBucket } from "../../../src/session/token_bucket.ts";

t.test("TokenBucket grants its burst and then its rate", (t) => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 3 });
  t.same([1, 2, 3, 4].map(() => bucket.take(0)), [true, true, true, false]);
  t.notOk(bucket.take(99_000), "99 ms refill 0.99 tokens");
  t.ok(bucket.take(100_000));
  t.notOk(bucket.take(100_000));
  t.same([1, 2, 3, 4].map(() => bucket.take(1e12)), [true, true, true, false], "never above");
  t.end();
});

t.test("TokenBucket takes many at once or none", (t) => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 5 });
  t.notOk(bucket.take(0, 6));
  t.ok(bucket.has(0, 5));
  t.ok(bucket.take(0, 5));
  t.notOk(bucket.has(0));
  t.notOk(bucket.take(-1e9), "a clock that goes back gives nothing");
  t.end();
});
