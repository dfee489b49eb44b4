/** Tests of src/congestion/rate_allocator.ts. */

import fc from "fast-check";
import t from "tap";
import { allocateRate } from "../../../src/congestion/rate_allocator.ts";

t.test("allocateRate gives sound its share first, and repairs their part of the picture", (t) => {
  const silent = allocateRate(12e6, { soundBps: 0, redundancy: 0.2 });
  t.same(silent, { audioBps: 0, videoBps: 10e6, repairBps: 2e6 });
  const clean = allocateRate(12e6, { soundBps: 0, redundancy: 0 });
  t.same(clean, { audioBps: 0, videoBps: 12e6, repairBps: 0 });
  const loud = allocateRate(10e6, { soundBps: 256_000, redundancy: 0 });
  t.same(loud, { audioBps: 256_000, videoBps: 10e6 - 256_000, repairBps: 0 });
  t.equal(
    allocateRate(2e5, { soundBps: 128_000, redundancy: 0 }).audioBps,
    5e4,
    "a quarter at most",
  );
  t.end();
});

t.test("allocateRate never gives more than the target", (t) => {
  const demand = fc.record({
    soundBps: fc.integer({ min: -1, max: 1e6 }),
    redundancy: fc.double({ min: -1, max: 2, noNaN: true }),
  });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), demand, (targetBps, wanted) => {
        const { audioBps, videoBps, repairBps } = allocateRate(targetBps, wanted);
        return audioBps >= 0 && videoBps >= 0 && repairBps >= 0 &&
          Math.abs(audioBps + videoBps + repairBps - targetBps) < 1e-3;
      }),
      { seed: 1 },
    )
  );
  t.end();
});
