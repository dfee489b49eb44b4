/** Tests of src/congestion/loss_watch.ts. */

import t from "tap";
import { type LossVerdict, LossWatch } from "../../../src/congestion/loss_watch.ts";
import { seededRandom } from "../../seeded.ts";

const REPORT_US = 16_667;
const PACKET_BITS = 1200 * 8;

/** Reports at a rate for some seconds; how often each verdict came. */
class Reporter {
  readonly watch = new LossWatch();
  readonly #random = seededRandom("loss watch");
  #nowUs = 0;

  run(sentBps: number, loss: number, seconds: number): Record<LossVerdict, number> {
    const verdicts: Record<LossVerdict, number> = { fine: 0, hold: 0, caused: 0 };
    const packets = Math.round(sentBps * REPORT_US / 1e6 / PACKET_BITS);
    for (let report = 0; report < seconds * 60; report++) {
      this.#nowUs += REPORT_US;
      let lost = 0;
      for (let packet = 0; packet < packets; packet++) if (this.#random.next() < loss) lost++;
      const ackedBps = sentBps * (1 - loss);
      verdicts[this.watch.push({ nowUs: this.#nowUs, packets, lost, ackedBps })]++;
    }
    return verdicts;
  }
}

t.test("LossWatch does not blame the rate for chance losses, at any rate", (t) => {
  const reporter = new Reporter();
  for (const bps of [4e6, 5e6, 6e6, 8e6, 10e6, 14e6, 18e6, 14e6, 8e6, 18e6]) {
    const { fine, hold, caused } = reporter.run(bps, 0.02, 3);
    t.equal(caused, 0, `${bps / 1e6} Mbit/s`);
    t.ok(hold < fine / 4, `${hold} of ${fine + hold}`);
  }
  t.ok(Math.abs(reporter.watch.recent - 0.02) < 0.02);
  t.end();
});

t.test("LossWatch blames the rate when lower ones lose nothing", (t) => {
  const reporter = new Reporter();
  reporter.run(10e6, 0, 5);
  const { caused } = reporter.run(14e6, 0.08, 2);
  t.ok(caused > 20, `${caused}`);
  t.equal(reporter.run(10e6, 0, 2).caused < 30, true, "it is over soon after");
  t.end();
});

t.test("LossWatch blames a first rate that loses a tenth, but not again when lower ones do", (t) => {
  const reporter = new Reporter();
  t.ok(reporter.run(10e6, 0.15, 2).caused > 0);
  reporter.run(7e6, 0.15, 2);
  t.equal(reporter.run(7e6, 0.15, 10).caused, 0, "a lower rate did not help");
  t.end();
});

t.test("LossWatch waits out an outage of some frames", (t) => {
  const reporter = new Reporter();
  reporter.run(6e6, 0, 3);
  reporter.run(8e6, 0, 3);
  let caused = 0;
  for (let second = 0; second < 5; second++) {
    caused += reporter.run(8e6, 1, 1 / 60).caused + reporter.run(8e6, 0, 59 / 60).caused;
  }
  t.equal(caused, 0);
  t.end();
});

t.test("LossWatch bears values that are no rates", (t) => {
  const watch = new LossWatch();
  for (const ackedBps of [0, NaN, Infinity, -1, 1e15]) {
    t.equal(watch.push({ nowUs: 1000, packets: 10, lost: 0, ackedBps }), "fine");
  }
  t.end();
});
