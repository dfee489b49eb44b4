/** Tests of src/congestion/rtt_estimator.ts. */

import t from "tap";
import { INITIAL_RTT_US, RttEstimator } from "../../../src/congestion/rtt_estimator.ts";

t.test("RttEstimator takes the first sample as it is", (t) => {
  const rtt = new RttEstimator();
  t.same([rtt.samples, rtt.smoothedUs], [0, INITIAL_RTT_US]);
  rtt.observe(40_000, 0);
  t.same([rtt.samples, rtt.latestUs, rtt.smoothedUs], [1, 40_000, 40_000]);
  t.same([rtt.varianceUs, rtt.minUs], [20_000, 40_000]);
  t.end();
});

t.test("RttEstimator moves by an eighth, its variance by a quarter", (t) => {
  const rtt = new RttEstimator();
  rtt.observe(40_000, 0);
  rtt.observe(48_000, 10_000);
  t.same([rtt.smoothedUs, rtt.varianceUs], [41_000, 17_000]);
  t.equal(rtt.latestUs, 48_000);
  t.equal(rtt.totalUs, 88_000);
  t.equal(rtt.minUs, 40_000);
  t.end();
});

t.test("RttEstimator believes a longer path after 10 s", (t) => {
  const rtt = new RttEstimator();
  rtt.observe(20_000, 0);
  for (let nowUs = 0; nowUs < 9_000_000; nowUs += 100_000) rtt.observe(60_000, nowUs);
  t.equal(rtt.minUs, 20_000);
  for (let nowUs = 9_000_000; nowUs < 11_000_000; nowUs += 100_000) rtt.observe(60_000, nowUs);
  t.equal(rtt.minUs, 60_000);
  t.equal(rtt.smoothedUs > 59_000, true);
  t.end();
});
