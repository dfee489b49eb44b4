import t from "tap";
import { hasStall, StallWatch } from "../../../../bench/measure/stall_watch.ts";

t.test("a wait that is too long is noted, from turn to turn", async (t) => {
  let nowUs = 0;
  const watch = new StallWatch(() => nowUs, 20_000);
  const turn = async (us: number) => {
    nowUs += us;
    const before = nowUs;
    // The interval has its turn at some point in here; time stands still for it.
    await new Promise((resolve) => setTimeout(resolve, 30));
    t.equal(nowUs, before);
  };
  await turn(5_000);
  t.same(watch.stalls, []);
  await turn(30_000);
  t.same(watch.stalls, [{ startUs: 5_000, endUs: 35_000 }]);
  await turn(10_000);
  t.equal(watch.stalls.length, 1);
  watch[Symbol.dispose]();
  await turn(90_000);
  t.equal(watch.stalls.length, 1, "nobody watches any more");
});

t.test("hasStall looks for an overlap", (t) => {
  const stalls = [{ startUs: 100, endUs: 200 }];
  t.ok(hasStall(stalls, 150, 160));
  t.ok(hasStall(stalls, 0, 101));
  t.ok(hasStall(stalls, 199, 300));
  t.notOk(hasStall(stalls, 200, 300));
  t.notOk(hasStall(stalls, 0, 100));
  t.notOk(hasStall([], 0, 100));
  t.end();
});
