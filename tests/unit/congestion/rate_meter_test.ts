/** Tests of src/congestion/rate_meter.ts. */

import t from "tap";
import { RateMeter } from "../../../src/congestion/rate_meter.ts";

t.test("RateMeter gives the rate of a steady flow, and nothing half a second after it", (t) => {
  const meter = new RateMeter();
  t.equal(meter.bps(0), 0);
  for (let nowUs = 0; nowUs <= 2_000_000; nowUs += 10_000) meter.push(12_500, nowUs);
  const bps = meter.bps(2_000_000);
  t.ok(Math.abs(bps - 10e6) < 0.3e6, `${bps}`);
  t.ok(meter.bps(2_250_000) < 7e6);
  t.equal(meter.bps(2_600_000), 0);
  t.end();
});

t.test("RateMeter does not take a first packet for a rate", (t) => {
  const meter = new RateMeter();
  meter.push(1200, 5_000_000);
  t.equal(meter.bps(5_000_001), 1200 * 80);
  for (let nowUs = 5_000_000; nowUs < 5_200_000; nowUs += 10_000) meter.push(12_500, nowUs);
  const bps = meter.bps(5_200_000);
  t.ok(Math.abs(bps - 10e6) < 0.5e6, `${bps}`);
  t.end();
});
