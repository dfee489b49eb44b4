/** distribution: exact ranks, empty sets, bad samples, slopes. */

import t from "tap";
import { distributionOf, percentileOf, slopeOf } from "../../../../bench/measure/distribution.ts";

t.test("percentileOf takes the nearest rank", (t) => {
  const thousand = Array.from({ length: 1000 }, (_, index) => index + 1);
  t.equal(percentileOf(thousand, 50), 500);
  t.equal(percentileOf(thousand, 99), 990);
  t.equal(percentileOf(thousand, 99.9), 999, "999 of 1000, whatever 99.9 is in binary");
  t.equal(percentileOf(thousand, 100), 1000);
  t.equal(percentileOf([7], 50), 7);
  t.equal(percentileOf([1, 2], 50), 1, "half of the samples do not exceed 1");
  t.equal(percentileOf([1, 2], 50.1), 2);
  t.end();
});

t.test("percentileOf refuses what has no answer", (t) => {
  t.throws(() => percentileOf([], 50), { name: "RangeError" });
  t.throws(() => percentileOf([1], 0), { name: "RangeError" });
  t.throws(() => percentileOf([1], 101), { name: "RangeError" });
  t.end();
});

t.test("distributionOf describes samples in any order and leaves them as they are", (t) => {
  const samples = [3, 1, 2, 10];
  t.same(distributionOf(samples, "ms"), {
    unit: "ms",
    count: 4,
    min: 1,
    mean: 4,
    p50: 2,
    p90: 10,
    p95: 10,
    p99: 10,
    "p99.9": 10,
    max: 10,
  });
  t.same(samples, [3, 1, 2, 10]);
  t.end();
});

t.test("distributionOf of nothing has no figures", (t) => {
  const empty = distributionOf([], "ms");
  t.equal(empty.count, 0);
  t.equal(empty.p50, null);
  t.equal(empty.max, null);
  t.end();
});

t.test("distributionOf refuses samples that are no numbers", (t) => {
  t.throws(() => distributionOf([1, NaN], "ms"), { message: "Cannot describe sample NaN" });
  t.throws(() => distributionOf([Infinity], "ms"), { name: "RangeError" });
  t.end();
});

t.test("slopeOf fits a line and says how sure it is", (t) => {
  const exact = slopeOf([[0, 1], [1, 3], [2, 5]]);
  t.equal(exact.slope, 2);
  t.ok(exact.margin < 1e-9);
  const rough = slopeOf([[0, 5], [1, 4], [2, 6], [3, 5]]);
  t.ok(Math.abs(rough.slope - 0.2) < 1e-9);
  t.ok(rough.margin > rough.slope, "four scattered points prove nothing");
  t.same(slopeOf([[1, 1], [1, 9]]), { slope: 0, margin: Infinity }, "two equal x");
  t.same(slopeOf([]), { slope: 0, margin: Infinity });
  t.equal(slopeOf([[0, 0], [1, 7]]).margin, Infinity, "two points");
  t.end();
});
