/** Tests of src/congestion/capacity_prober.ts and src/congestion/delivery_rate.ts. */

import t from "tap";
import { CapacityProber } from "../../../src/congestion/capacity_prober.ts";
import type { PathReport } from "../../../src/congestion/congestion_controller.ts";
import { DeliveryRate } from "../../../src/congestion/delivery_rate.ts";

const REPORT_US = 10_000;
const RTT_US = 40_000;

function reportOf(nowUs: number, ackedBps: number, isApplicationLimited = true): PathReport {
  return {
    nowUs,
    rttUs: RTT_US,
    rttUsSmoothed: RTT_US,
    rttUsMin: RTT_US,
    arrivals: [{ sentUs: nowUs - RTT_US, arrivalUs: nowUs }],
    packets: 1,
    lost: 0,
    bursts: 0,
    ackedBytes: ackedBps * REPORT_US / 8e6,
    ackedBps,
    bytesInFlight: 0,
    isApplicationLimited,
  };
}

/** A prober whose probes are made, a round trip later, on a path of `pathBps`. */
class Probing {
  readonly prober = new CapacityProber();
  readonly #tried: number[] = [];
  readonly #wanted: (number | undefined)[] = [];
  targetBps = 4e6;
  probes = 0;
  nowUs = 0;

  constructor(readonly pathBps: number, readonly sourceBps: number) {}

  run(seconds: number): void {
    for (const endUs = this.nowUs + seconds * 1e6; this.nowUs < endUs; this.nowUs += REPORT_US) {
      const wanted = this.#wanted[this.#wanted.length - RTT_US / REPORT_US];
      const sentBps = Math.max(this.sourceBps, wanted ?? 0);
      const report = reportOf(this.nowUs, Math.min(this.pathBps, sentBps));
      const isCalm = sentBps <= this.pathBps;
      const state = { targetBps: this.targetBps, maxBps: 60e6, isCalm };
      const wasProbing = this.prober.wantedBps !== undefined;
      const shownBps = this.prober.push(report, state);
      if (!wasProbing && this.prober.wantedBps !== undefined) {
        this.probes++;
        this.#tried.push(this.prober.wantedBps);
      }
      this.#wanted.push(this.prober.wantedBps);
      if (shownBps !== undefined) this.targetBps = shownBps;
    }
  }
}

t.test("CapacityProber finds 20 Mbit/s from 4 within 10 s", (t) => {
  const probing = new Probing(20e6, 1e6);
  probing.run(10);
  t.ok(probing.targetBps >= 0.8 * 20e6 && probing.targetBps <= 20e6, `${probing.targetBps}`);
  t.end();
});

t.test("CapacityProber becomes rare where nothing is to be found, more so for an idle source", (t) => {
  const probing = new Probing(4e6, 3.9e6);
  probing.run(10);
  probing.probes = 0;
  probing.run(60);
  t.ok(probing.probes >= 8 && probing.probes <= 13, `${probing.probes} probes a minute`);
  const idle = new Probing(4e6, 1e4);
  idle.run(60);
  idle.probes = 0;
  idle.run(120);
  t.ok(idle.probes >= 1 && idle.probes <= 3, `${idle.probes} probes in two minutes`);
  t.equal(idle.targetBps, 4e6);
  t.end();
});

t.test("CapacityProber leaves a source alone that uses its target", (t) => {
  const prober = new CapacityProber();
  for (let nowUs = 0; nowUs < 20e6; nowUs += REPORT_US) {
    prober.push(reportOf(nowUs, 4e6, false), { targetBps: 4e6, maxBps: 60e6, isCalm: true });
    if (prober.wantedBps !== undefined) t.fail(`a probe at ${nowUs}`);
  }
  t.equal(prober.fail(reportOf(20e6, 4e6)), false);
  t.end();
});

t.test("CapacityProber blames itself for a while after a probe that failed", (t) => {
  const prober = new CapacityProber();
  const state = { targetBps: 4e6, maxBps: 60e6, isCalm: true };
  let nowUs = 0;
  for (; prober.wantedBps === undefined; nowUs += REPORT_US) {
    prober.push(reportOf(nowUs, 1e6), state);
  }
  t.ok(prober.wantedBps > 4e6);
  t.ok(prober.fail(reportOf(nowUs, 1e6)));
  t.equal(prober.wantedBps, undefined);
  t.ok(prober.blamedUntilUs > nowUs + RTT_US && prober.blamedUntilUs < nowUs + 1e6);
  t.end();
});

t.test("DeliveryRate is that of a busy path, not that of the time before", (t) => {
  const rate = new DeliveryRate();
  let nowUs = 0;
  for (; nowUs < 1e6; nowUs += REPORT_US) rate.push(reportOf(nowUs, 20e6), 0);
  t.equal(rate.bps(reportOf(nowUs, 20e6, false)), 20e6, "an idle path: what arrived of late");
  for (const endUs = nowUs + 100_000; nowUs < endUs; nowUs += REPORT_US) {
    rate.push(reportOf(nowUs, 4e6), 30_000);
  }
  const busy = rate.bps(reportOf(nowUs, 12e6, false))!;
  t.ok(Math.abs(busy - 4e6) < 1e3, `${busy}`);
  t.end();
});

t.test("DeliveryRate says nothing of a source with little to send, or of silence", (t) => {
  const rate = new DeliveryRate();
  t.equal(rate.bps(reportOf(0, 1e6)), undefined);
  let nowUs = 0;
  for (; nowUs < 200_000; nowUs += REPORT_US) rate.push(reportOf(nowUs, 4e6), 30_000);
  const before = rate.bps(reportOf(nowUs, 4e6));
  for (; nowUs < 600_000; nowUs += REPORT_US) {
    rate.push({ ...reportOf(nowUs, 0), arrivals: [] }, 30_000);
  }
  t.equal(rate.bps(reportOf(nowUs, 0)), before, "no arrival is no slow path");
  rate.push(reportOf(nowUs, 4e6), 30_000);
  t.equal(rate.bps(reportOf(nowUs, 4e6)), undefined, "after a gap it begins anew");
  t.end();
});
