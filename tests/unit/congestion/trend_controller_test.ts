/** Tests of src/congestion/trend_controller.ts on simulated bottlenecks of 20 ms each way. */

import fc from "fast-check";
import t from "tap";
import { PACKET_OVERHEAD_BYTES } from "../../../bench/simulator/link_model.ts";
import type { PathReport } from "../../../src/congestion/congestion_controller.ts";
import { createController } from "../../../src/congestion/controllers.ts";
import { TrendController } from "../../../src/congestion/trend_controller.ts";
import { averageTarget, queuePercentile, type TestFlow, TestPath } from "./test_path.ts";

const DELAY_US = 20_000;
/** What of a link's rate is for packets of the test path. */
const PAYLOAD_SHARE = 1200 / (1200 + PACKET_OVERHEAD_BYTES);
const SEEDS = [1, 2, 3];

/** A path whose rate changes: pairs of second and Mbit/s. */
function pathOf(steps: readonly (readonly [number, number])[], seed: number, more = {}): TestPath {
  const rates = steps.map(([second, mbps]) => ({ fromUs: second * 1e6, bps: mbps * 1e6 }));
  return new TestPath({ rates, delayUs: DELAY_US, queueBytes: 250_000, ...more }, seed);
}

/** Seconds from `from` until the target reaches 90 % of what the link carries. */
function found(flow: TestFlow, mbps: number, from: number): number {
  const { atUs, targetBps } = flow.trace;
  const wanted = 0.9 * PAYLOAD_SHARE * mbps * 1e6;
  const at = atUs.findIndex((us, index) => us >= from * 1e6 && targetBps[index]! >= wanted);
  return at < 0 ? Infinity : atUs[at]! / 1e6 - from;
}

function queueP95Ms(flow: TestFlow, from: number, to: number): number {
  const span = { fromUs: from * 1e6, toUs: to * 1e6, share: 0.95 };
  return queuePercentile(flow.trace, span) / 1000;
}

t.test("TrendController finds a path's rate and keeps its queue short", (t) => {
  for (const seed of SEEDS) {
    const path = pathOf([[0, 20]], seed);
    const flow = path.add({ controller: "trend" });
    path.run(40);
    t.ok(found(flow, 20, 0) < 10, `found after ${found(flow, 20, 0)} s`);
    t.ok(queueP95Ms(flow, 2, 40) < 50, `queue p95 ${queueP95Ms(flow, 2, 40)} ms`);
    const average = averageTarget(flow.trace, 10e6, 40e6);
    t.ok(average > 15e6 && average < 20e6, `average ${average}`);
    t.ok(flow.controller.cuts > 0);
  }
  t.end();
});

t.test("TrendController survives steps of 20/4/20 and 20/50/12/20 Mbit/s", (t) => {
  for (const seed of SEEDS) {
    const narrow = pathOf([[0, 20], [20, 4], [40, 20]], seed);
    const flow = narrow.add({ controller: "trend" });
    narrow.run(60);
    t.ok(queueP95Ms(flow, 22, 40) < 50, `4: queue p95 ${queueP95Ms(flow, 22, 40)} ms`);
    t.ok(queueP95Ms(flow, 42, 60) < 50, `20: queue p95 ${queueP95Ms(flow, 42, 60)} ms`);
    t.ok(found(flow, 20, 40) < 10, `found after ${found(flow, 20, 40)} s`);
    const low = averageTarget(flow.trace, 25e6, 40e6);
    t.ok(low > 2.8e6 && low < 4e6, `average ${low}`);

    const wide = pathOf([[0, 20], [15, 50], [30, 12], [45, 20]], seed);
    const other = wide.add({ controller: "trend", maxBps: 60e6 });
    wide.run(60);
    t.ok(found(other, 50, 15) < 10, `50 found after ${found(other, 50, 15)} s`);
    t.ok(queueP95Ms(other, 32, 45) < 50, `12: queue p95 ${queueP95Ms(other, 32, 45)} ms`);
    t.ok(found(other, 20, 45) < 10, `20 found after ${found(other, 20, 45)} s`);
  }
  t.end();
});

t.test("TrendController is not cut by chance losses and jitter", (t) => {
  const channels = {
    "2 %": { losses: [{ kind: "independent", rate: 0.02 }] },
    "5 %": { losses: [{ kind: "independent", rate: 0.05 }] },
    "bursts": { losses: [{ kind: "bursts", rate: 0.02, meanBurst: 3 }] },
    "outages": { losses: [{ kind: "outages", everyUs: 1e6, lengthUs: 10_000 }] },
    "jitter": { jitterUs: 3_000 },
  };
  for (const [name, channel] of Object.entries(channels)) {
    const path = pathOf([[0, 20]], 1, channel);
    const flow = path.add({ controller: "trend" });
    path.run(40);
    t.ok(found(flow, 20, 0) < 10, `${name}: found after ${found(flow, 20, 0)} s`);
    const average = averageTarget(flow.trace, 10e6, 40e6);
    t.ok(average > 15e6, `${name}: average ${average}`);
  }
  t.end();
});

t.test("TrendController sees a path without room for a queue by its losses", (t) => {
  for (const seed of SEEDS) {
    const path = pathOf([[0, 20]], seed, { queueBytes: 50_000 });
    const flow = path.add({ controller: "trend" });
    path.run(40);
    const average = averageTarget(flow.trace, 10e6, 40e6);
    t.ok(average > 13e6 && average < 20e6, `average ${average}`);
    const loss = flow.sent.stats.lost / flow.sent.stats.packets;
    t.ok(loss < 0.04, `loss ${loss}`);
  }
  t.end();
});

t.test("TrendController shares a path with its like", (t) => {
  for (const seed of SEEDS) {
    const path = pathOf([[0, 20]], seed);
    const first = path.add({ controller: "trend" });
    path.run(15);
    const second = path.add({ controller: "trend", phaseUs: 5_000 });
    path.run(45);
    const [a, b] = [first, second].map(({ trace }) => averageTarget(trace, 40e6, 60e6)) as [
      number,
      number,
    ];
    const jain = (a + b) ** 2 / (2 * (a * a + b * b));
    t.ok(jain > 0.9, `${a} and ${b}: ${jain}`);
  }
  t.end();
});

t.test("TrendController takes a queue of the first moments for the transport's own", (t) => {
  for (const seed of SEEDS) {
    const path = pathOf([[0, 20], [0.4, 0.5], [0.7, 20]], seed);
    const flow = path.add({ controller: "trend" });
    path.run(5);
    const { atUs, targetBps } = flow.trace;
    const startBps = targetBps[0]!;
    const fallsAt = targetBps.findIndex((bps) => bps < 0.5 * startBps);
    t.ok(fallsAt > 0, "it is cut");
    const back = atUs.findIndex((us, at) => us > atUs[fallsAt]! && targetBps[at]! >= startBps);
    t.ok(back > 0 && atUs[back]! < 3e6, `back after ${atUs[back]} us`);

    const narrow = pathOf([[0, 2]], seed, { queueBytes: 60_000 });
    const other = narrow.add({ controller: "trend" });
    narrow.run(20);
    t.ok(queueP95Ms(other, 5, 20) < 60, `narrow: queue p95 ${queueP95Ms(other, 5, 20)} ms`);
  }
  t.end();
});

t.test("TrendController comes back quickly from a silence that halved its target", (t) => {
  const path = pathOf([[0, 20]], 1);
  const flow = path.add({ controller: "trend" });
  path.run(20);
  const before = averageTarget(flow.trace, 10e6, 20e6);
  flow.controller.onSilence(path.clock.nowUs());
  path.run(5);
  const after = averageTarget(flow.trace, 24e6, 25e6);
  t.ok(after > 0.8 * before, `${after} of ${before}`);
  t.end();
});

t.test("TrendController finds the rate with probes while the source has little to send", (t) => {
  const path = pathOf([[0, 20]], 1);
  const flow = path.add({ controller: "trend", sourceBps: () => 1e6 });
  path.run(20);
  t.ok(found(flow, 20, 0) < 10, `found after ${found(flow, 20, 0)} s`);
  t.equal(flow.controller.cuts, 0, "a probe that fails cuts nothing");
  const before = flow.trace.sentBytes;
  path.run(20);
  const bps = (flow.trace.sentBytes - before) * 8 / 20;
  t.ok(bps < 2e6, `${bps}: probes become rare`);
  t.end();
});

t.test("TrendController holds the target when nobody makes its probes", (t) => {
  const controller = new TrendController({ startBps: 4e6, minBps: 3e5, maxBps: 50e6 });
  let probes = 0;
  for (let nowUs = 0; nowUs < 30e6; nowUs += 16_667) {
    controller.observe(reportOf({ nowUs, ackedBps: 1e6, isApplicationLimited: true }));
    if (controller.wantedProbeBps !== undefined) probes++;
  }
  t.ok(probes > 5);
  t.equal(controller.targetBps, 4e6);
  t.end();
});

t.test("TrendController believes a path that became longer, without losing its rate", (t) => {
  const controller = new TrendController({ startBps: 10e6, minBps: 3e5, maxBps: 20e6 });
  for (let frame = 0; frame < 1200; frame++) {
    const nowUs = frame * 16_667;
    const delayUs = frame < 600 ? 20_000 : 80_000;
    controller.observe(reportOf({ nowUs, delayUs, ackedBps: controller.targetBps * 0.95 }));
  }
  t.ok(controller.targetBps > 6e6, `${controller.targetBps}`);
  t.ok(controller.cuts > 0 && controller.cuts < 12, `${controller.cuts} cuts`);
  t.notOk(controller.isCongested);
  t.end();
});

t.test("controllers halve their target when the path falls silent", (t) => {
  for (const name of ["trend", "delta"] as const) {
    const controller = createController(name, { startBps: 8e6, minBps: 3e6, maxBps: 50e6 });
    t.equal(controller.name, name);
    controller.onSilence(1e6);
    t.same([controller.targetBps, controller.cuts], [4e6, 1]);
    controller.onSilence(2e6);
    t.equal(controller.targetBps, 3e6, "not below the least");
  }
  t.end();
});

t.test("controllers stay within their limits for any reports", (t) => {
  const number = fc.oneof(
    fc.integer({ min: 0, max: 100_000 }),
    fc.constantFrom(0, 1e12, -1e12, NaN, Infinity, -Infinity),
    fc.double(),
  );
  const report = fc.record({
    nowUs: fc.integer({ min: 0, max: 200_000 }),
    rttUs: number,
    rttUsSmoothed: number,
    rttUsMin: number,
    arrivals: fc.array(fc.record({ sentUs: number, arrivalUs: number }), {
      maxLength: 16,
    }),
    packets: fc.integer({ min: 0, max: 1000 }),
    lost: fc.integer({ min: 0, max: 1000 }),
    bursts: fc.integer({ min: 0, max: 1000 }),
    ackedBytes: number,
    ackedBps: number,
    bytesInFlight: number,
    isApplicationLimited: fc.boolean(),
  });
  for (const name of ["trend", "delta"] as const) {
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.array(report, { maxLength: 60 }), (reports) => {
          const controller = createController(name, { startBps: 4e6, minBps: 3e5, maxBps: 50e6 });
          let nowUs = 0;
          for (const one of reports) {
            nowUs += one.nowUs;
            controller.observe({ ...one, nowUs });
            const { targetBps, frameRateShare } = controller;
            if (!(targetBps >= 3e5 && targetBps <= 50e6)) return false;
            if (!(frameRateShare > 0 && frameRateShare <= 1)) return false;
          }
          return true;
        }),
        { seed: 1, numRuns: 300 },
      )
    );
  }
  t.end();
});

/** A report of a calm path, but for what is given. */
function reportOf(given: Partial<PathReport> & { nowUs: number; delayUs?: number }): PathReport {
  const { nowUs, delayUs = 20_000, ackedBps = 1e6 } = given;
  const sentUs = nowUs - 20_000 - delayUs;
  return {
    rttUs: 20_000 + delayUs,
    rttUsSmoothed: 20_000 + delayUs,
    rttUsMin: 40_000,
    arrivals: [{ sentUs, arrivalUs: sentUs + delayUs }],
    packets: 10,
    lost: 0,
    bursts: 0,
    ackedBytes: ackedBps * 16_667 / 8e6,
    ackedBps,
    bytesInFlight: 0,
    isApplicationLimited: false,
    ...given,
  };
}
