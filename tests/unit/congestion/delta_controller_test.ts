/** Tests of src/congestion/delta_controller.ts. */

import t from "tap";
import type { PathReport } from "../../../src/congestion/congestion_controller.ts";
import { DELTA_LIMIT_US, DeltaController } from "../../../src/congestion/delta_controller.ts";
import { averageTarget, queuePercentile, TestPath } from "./test_path.ts";

const LIMITS = { startBps: 4e6, minBps: 3e5, maxBps: 50e6 };

function reportOf(nowUs: number, queueUs: number, given: Partial<PathReport> = {}): PathReport {
  return {
    nowUs,
    rttUs: 40_000 + queueUs,
    rttUsSmoothed: 40_000 + queueUs,
    rttUsMin: 40_000,
    arrivals: [],
    packets: 10,
    lost: 0,
    bursts: 0,
    ackedBytes: 10_000,
    ackedBps: 4e6,
    bytesInFlight: 0,
    isApplicationLimited: false,
    ...given,
  };
}

t.test("DeltaController grows by 50 kbit/s a report, less with a queue", (t) => {
  const controller = new DeltaController(LIMITS);
  controller.observe(reportOf(0, 0));
  t.equal(controller.targetBps, 4_050_000);
  controller.observe(reportOf(20_000, DELTA_LIMIT_US / 2));
  t.equal(controller.targetBps, 4_075_000);
  t.same([controller.queueDelayUs, controller.isCongested], [DELTA_LIMIT_US / 2, false]);
  controller.observe(reportOf(40_000, 0, { isApplicationLimited: true }));
  t.equal(controller.targetBps, 4_075_000, "what is not used is not known");
  for (let report = 0; report < 100; report++) controller.observe(reportOf(60_000, 0));
  t.equal(controller.targetBps, 6e6, "not more than half above what arrives");
  t.end();
});

t.test("DeltaController cuts to 0.85 once a round trip", (t) => {
  const controller = new DeltaController(LIMITS);
  const queueUs = DELTA_LIMIT_US + 1;
  controller.observe(reportOf(1_000_000, queueUs));
  t.same([controller.targetBps, controller.isCongested, controller.cuts], [3_400_000, true, 1]);
  controller.observe(reportOf(1_020_000, queueUs));
  t.equal(controller.cuts, 1);
  controller.observe(reportOf(1_060_000, queueUs));
  t.same([controller.targetBps, controller.cuts], [2_890_000, 2]);
  t.end();
});

t.test("DeltaController thins frames after 1 s of congestion, and thickens them after 12", (t) => {
  const controller = new DeltaController(LIMITS);
  let nowUs = 0;
  const run = (seconds: number, queueUs: number) => {
    for (const endUs = nowUs + seconds * 1e6; nowUs < endUs; nowUs += 20_000) {
      controller.observe(reportOf(nowUs, queueUs));
    }
    return controller.frameRateShare;
  };
  t.equal(run(0.9, 50_000), 1);
  t.equal(run(0.5, 50_000), 0.75);
  t.equal(run(5, 50_000), 0.5);
  t.equal(run(11, 0), 0.5);
  t.equal(run(2, 0), 0.75);
  t.equal(run(13, 0), 1);
  t.end();
});

t.test("DeltaController keeps the queue of a path below its limit and a burst", (t) => {
  const rates = [{ fromUs: 0, bps: 20e6 }];
  const path = new TestPath({ rates, delayUs: 20_000, queueBytes: 250_000 });
  const flow = path.add({ controller: "delta" });
  path.run(30);
  const waitUs = queuePercentile(flow.trace, { fromUs: 2e6, toUs: 30e6, share: 0.95 });
  t.ok(waitUs < DELTA_LIMIT_US + 16_667, `${waitUs}`);
  const average = averageTarget(flow.trace, 10e6, 30e6);
  t.ok(average > 14e6 && average < 20e6, `${average}`);
  t.end();
});
