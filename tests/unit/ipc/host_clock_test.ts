/** Tests of src/ipc/host_clock.ts. */

import t from "tap";
import { HostClock, SAMPLES } from "../../../src/ipc/host_clock.ts";

const OFFSET_US = 5_000_000_000;

t.test("HostClock knows nothing before the first probe", async (t) => {
  const clock = new HostClock();
  t.equal(clock.hostTimeUs(1), undefined);
  t.equal(clock.roundTripUs, undefined);
});

t.test("HostClock trusts the shortest round trip of the last probes", async (t) => {
  const clock = new HostClock();
  clock.push(1000, 1100, OFFSET_US + 1050);
  t.equal(clock.hostTimeUs(2000), OFFSET_US + 2000, "symmetric: exact");
  clock.push(3000, 9000, OFFSET_US + 3100);
  t.equal(clock.hostTimeUs(2000), OFFSET_US + 2000, "a slow lopsided one changes nothing");
  t.equal(clock.roundTripUs, 100);
  clock.push(10_000, 10_050, OFFSET_US + 10_035);
  t.equal(clock.hostTimeUs(2000), OFFSET_US + 2010, "a quicker one does");
  for (let index = 0; index < SAMPLES; index++) clock.push(20_000, 20_400, OFFSET_US + 20_200);
  t.equal(clock.roundTripUs, 400, "old probes are forgotten");
  t.equal(clock.hostTimeUs(2000), OFFSET_US + 2000);
});

t.test("HostClock ignores an answer from before its question", async (t) => {
  const clock = new HostClock();
  clock.push(1000, 900, OFFSET_US);
  t.equal(clock.hostTimeUs(0), undefined);
});
