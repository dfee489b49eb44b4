/**
 * Tests of the viewer's sound as a whole (frame_window, play_control, sound_feeder, ring_player), in
 * simulation: minutes of loss, jitter, drift and outages in a moment, always the same.
 */

import t from "tap";
import { simulateSound } from "./simulated_sound.ts";
import type { Heard, SimulatedRun } from "./simulated_sound.ts";

const RATE = 48_000;
/** What a frame takes at least beyond its duration, as simulated. */
const PATH_US = 3_000;

function run(options: Partial<SimulatedRun>): Heard {
  return simulateSound({ seconds: 30, frameUs: 5_000, redundancy: 0, seed: 1, ...options });
}

/** The middle of the delays from `fromSeconds` on. */
function usual(values: readonly number[], fromSeconds: number): number {
  const later = values.slice(fromSeconds * RATE / 512).sort((a, b) => a - b);
  return later[later.length >> 1]!;
}

/** Places with a larger step than the tone of 440 Hz has. */
function clicks(samples: Float32Array): number {
  const usualStep = 0.5 * 2 * Math.PI * 440 / RATE;
  let count = 0;
  for (let at = 1; at < samples.length; at++) {
    if (Math.abs(samples[at]! - samples[at - 1]!) > usualStep * 3) count++;
  }
  return count;
}

t.test("a clean path is played without a hole and soon", (t) => {
  const { feeder, delaysUs, samples, window } = run({});
  t.equal(feeder.ring.underruns, 0);
  t.match(window.stats, { missing: 0, late: 0, restarts: 0 });
  const delayUs = usual(delaysUs, 20);
  t.ok(delayUs < 20_000, `${delayUs} us from capture to the device`);
  t.equal(clicks(samples), 0);
  t.end();
});

t.test("a device that takes 10 ms at once is given that much more, and no more", (t) => {
  const { feeder, delaysUs } = run({ burst: 4 });
  t.equal(feeder.ring.underruns, 0);
  const delayUs = usual(delaysUs, 20);
  t.ok(delayUs > 20_000 && delayUs < 30_000, `${delayUs} us`);
  t.end();
});

t.test("2 % loss and 20 ms of jitter: nearly no underruns in five minutes", (t) => {
  const { feeder, window, delaysUs, samples } = run({
    ...{ seconds: 300, frameUs: 10_000, redundancy: 2, loss: 0.02, jitterUs: 20_000, seed: 7 },
  });
  t.ok(feeder.ring.underruns <= 1, `${feeder.ring.underruns} underruns`);
  t.ok(window.stats.recovered > 500, "losses were mended by later datagrams");
  t.ok(window.stats.missing < 10, `${window.stats.missing} were not`);
  const delayUs = usual(delaysUs, 60);
  t.ok(delayUs < 150_000, `${delayUs} us`);
  t.ok(clicks(samples) <= feeder.ring.underruns + 10, `${clicks(samples)} clicks`);
  t.end();
});

t.test("clocks that differ neither run dry nor pile up", (t) => {
  for (const driftPpm of [-300, 300]) {
    const { feeder, delaysUs, targetsUs } = run({ seconds: 60, driftPpm, jitterUs: 1_000 });
    t.equal(feeder.ring.underruns, 0, `${driftPpm} ppm`);
    t.ok(Math.abs(feeder.control.driftPpm - driftPpm) < 100, `${feeder.control.driftPpm} ppm`);
    const errorUs = delaysUs.at(-1)! - targetsUs.at(-1)!;
    t.ok(Math.abs(errorUs) < 5_000, `${errorUs} us beside the target`);
  }
  t.end();
});

t.test("a path that was gone costs what was lost, and no delay afterwards", (t) => {
  const { feeder, underruns, delaysUs, window } = run({ seconds: 40, outage: [10, 10.5] });
  t.equal(underruns.length, 1);
  t.ok(underruns[0]! > 10 && underruns[0]! < 10.2);
  t.ok(window.stats.missing >= 95);
  t.ok(feeder.stats.concealedUs < 100_000, "silence that passed is not heard once more");
  t.ok(usual(delaysUs, 35) < 45_000, `${usual(delaysUs, 35)} us`);
  t.end();
});

t.test("sound waits for a picture that is later, within bounds", (t) => {
  const late = run({ pictureUs: 120_000 });
  t.ok(Math.abs(usual(late.delaysUs, 20) - 120_000) < 2_000, `${usual(late.delaysUs, 20)} us`);
  t.equal(late.feeder.ring.underruns, 0);
  const early = run({ pictureUs: 1_000 });
  t.ok(usual(early.delaysUs, 20) > PATH_US + 5_000, "it cannot be earlier than it arrives");
  const never = run({ pictureUs: 5_000_000 });
  t.ok(usual(never.delaysUs, 20) < 350_000, "and does not wait for ever");
  t.end();
});

t.test("steering keeps to its span and mostly far from it", (t) => {
  const { ratios } = run({ seconds: 60, jitterUs: 5_000 });
  t.ok(ratios.every((ratio) => Math.abs(ratio - 1) <= 0.005 + 1e-9));
  const calm = ratios.slice(ratios.length / 2);
  // 1.7 cents at 0.1 %.
  t.ok(calm.filter((ratio) => Math.abs(ratio - 1) < 0.001).length > calm.length * 0.9);
  t.end();
});
