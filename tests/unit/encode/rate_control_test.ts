/** Tests of src/encode/rate_control.ts against simulated encoders. */

import fc from "fast-check";
import t from "tap";
import {
  DEFAULT_RATE_LIMITS,
  RateControl,
  type RateSample,
} from "../../../src/encode/rate_control.ts";
import { REFRESHES_MAX } from "../../../src/encode/still_sharpener.ts";
import { seededRandom } from "../../seeded.ts";

const FRAME_US = 16_667;
const SECOND_US = 1_000_000;
const PIXELS = 1920 * 1080;

/** An encoder whose frames take `bytesAt24` at quantiser 24 and halve every `octave` steps. */
interface SimulatedEncoder {
  readonly bytesAt24: (frame: number) => number;
  readonly octave?: number;
  readonly noise?: () => number;
  /** Frames between two looks of the control at what was encoded; default 1. */
  readonly batch?: number;
}

interface Run {
  readonly qps: number[];
  readonly bytes: number[];
  endUs: number;
}

function simulate(control: RateControl, encoder: SimulatedEncoder, frames: number, fromUs: number) {
  const run: Run = { qps: [], bytes: [], endUs: fromUs };
  const waiting: RateSample[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const { qp } = control;
    const exponent = (24 - qp) / (encoder.octave ?? 6);
    const bytes = Math.round(encoder.bytesAt24(frame) * 2 ** exponent * (encoder.noise?.() ?? 1));
    const captureTimeUs = fromUs + frame * FRAME_US;
    waiting.push({ bytes, qp, isKeyframe: false, isUnchanged: false, captureTimeUs });
    if (waiting.length >= (encoder.batch ?? 1)) {
      for (const sample of waiting.splice(0)) control.push(sample);
    }
    run.qps.push(qp);
    run.bytes.push(bytes);
    run.endUs = captureTimeUs + FRAME_US;
  }
  return run;
}

function controlOf(bitrateBps: number): RateControl {
  return new RateControl({ bitrateBps, fps: 60, pixels: PIXELS });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

t.test("RateControl keeps a comfortable quantiser while the target is far", async (t) => {
  const control = controlOf(20e6);
  const run = simulate(control, { bytesAt24: () => 13_000 }, 120, 0);
  t.ok(run.qps.every((qp) => qp === 24), "24 all the time");
});

t.test("RateControl spends plenty on quality, down to the best quantiser", async (t) => {
  const control = controlOf(200e6);
  const run = simulate(control, { bytesAt24: () => 13_000 }, 120, 0);
  t.equal(run.qps.at(-1), DEFAULT_RATE_LIMITS.qpMin);
});

t.test("RateControl reacts to a jump within a few frames and settles at the target", async (t) => {
  const control = controlOf(10e6);
  const budget = 10e6 / 8 / 60;
  const calm = simulate(control, { bytesAt24: () => 10_000 }, 60, 0);
  const jump = simulate(control, { bytesAt24: () => 100_000, batch: 2 }, 120, calm.endUs);
  const after = jump.bytes.findIndex((bytes) => bytes < budget * 1.25);
  t.ok(after >= 1 && after <= 8, `down to the budget after ${after} frames`);
  const tail = jump.bytes.slice(60);
  const share = sum(tail) / tail.length / budget;
  t.ok(share > 0.6 && share <= 1, `${share} of the budget`);
  const tailQps = new Set(jump.qps.slice(80));
  t.ok(tailQps.size <= 2, `steady at ${[...tailQps]}`);
});

t.test("RateControl does not blur what follows a cut", async (t) => {
  const control = controlOf(5e6);
  const encoder = { bytesAt24: (frame: number) => frame === 60 ? 250_000 : 3000 };
  const run = simulate(control, encoder, 120, 0);
  const after = run.qps.slice(61);
  t.ok(Math.max(...after) <= 30, `at most ${Math.max(...after)} after a frame of 20 budgets`);
  t.ok(after.slice(40).every((qp) => qp <= 25), "and back soon");
});

t.test("RateControl does not oscillate on alternating content", async (t) => {
  for (const ratio of [2, 5, 10, 20]) {
    const control = controlOf(20e6);
    const encoder = { bytesAt24: (frame: number) => frame % 2 === 0 ? 4000 * ratio : 4000 };
    const run = simulate(control, encoder, 300, 0);
    const tail = run.qps.slice(120);
    const changes = tail.filter((qp, index) => index > 0 && qp !== tail[index - 1]).length;
    t.ok(
      Math.max(...tail) - Math.min(...tail) <= 2,
      `ratio ${ratio}: ${new Set(tail).size} values`,
    );
    t.ok(changes <= 12, `ratio ${ratio}: ${changes} changes in 180 frames`);
  }
});

t.test("RateControl ignores gaps without damage", async (t) => {
  const control = controlOf(10e6);
  let atUs = 0;
  for (let burst = 0; burst < 20; burst++) {
    const run = simulate(control, { bytesAt24: () => 40_000 }, 30, atUs);
    atUs = run.endUs + 5_000_000;
  }
  const before = control.qp;
  const run = simulate(control, { bytesAt24: () => 40_000 }, 30, atUs);
  t.ok(Math.abs((run.qps.at(-1) ?? 0) - before) <= 2, `${before} -> ${run.qps.at(-1)}`);
  t.ok(sum(run.bytes) <= 10e6 / 8 * (run.endUs - atUs) / 1e6 * 1.1, "within the target at once");
});

t.test("RateControl takes keyframes apart from ordinary frames", async (t) => {
  const control = controlOf(20e6);
  const run = simulate(control, { bytesAt24: () => 13_000 }, 60, 0);
  const qp = control.keyframeQp;
  control.push({
    bytes: 200_000,
    qp,
    isKeyframe: true,
    isUnchanged: false,
    captureTimeUs: run.endUs,
  });
  t.equal(control.qp, 24, "a keyframe of ordinary size changes nothing");
  const after = simulate(control, { bytesAt24: () => 13_000 }, 30, run.endUs + FRAME_US);
  t.ok(after.qps.every((value) => value === 24));
});

t.test("RateControl makes keyframes fit a slow link", async (t) => {
  const control = controlOf(2e6);
  t.ok(control.keyframeQp > 30, `quantiser ${control.keyframeQp}`);
  t.ok(controlOf(50e6).keyframeQp === 24, "and leaves them alone on a fast one");
});

t.test("RateControl follows a new target at once", async (t) => {
  const control = controlOf(20e6);
  const run = simulate(control, { bytesAt24: () => 30_000 }, 60, 0);
  const before = control.qp;
  control.setRate(5e6, 60);
  t.ok(control.qp >= before + 6, `${before} -> ${control.qp}`);
  const after = simulate(control, { bytesAt24: () => 30_000 }, 120, run.endUs);
  t.ok(sum(after.bytes) <= 5e6 / 8 * 2 * 1.05 + 5e6 / 8 / 4, "and keeps it");
  t.throws(() => control.setRate(0, 60), { name: "RangeError" });
  t.throws(() => control.setRate(1e6, Number.NaN), { name: "RangeError" });
});

/** Longest time that a link of `linkBps` takes to send what `run` gave it, microseconds. */
function queueUs(run: Run, linkBps: number): number {
  let freeUs = 0;
  let longest = 0;
  run.bytes.forEach((bytes, frame) => {
    const atUs = frame * FRAME_US;
    freeUs = Math.max(freeUs, atUs) + bytes * 8e6 / linkBps;
    longest = Math.max(longest, freeUs - atUs);
  });
  return longest;
}

t.test("RateControl keeps the queue of a narrow path short", async (t) => {
  const random = seededRandom("narrow path");
  for (const targetBps of [6e6, 4e6, 2e6]) {
    const control = controlOf(20e6);
    const encoder = { bytesAt24: () => 25_000, noise: () => 0.7 + 0.6 * random.next(), batch: 2 };
    const before = simulate(control, encoder, 120, 0);
    control.setRate(targetBps, 60);
    const after = simulate(control, encoder, 20, before.endUs);
    const mean = sum(after.bytes.slice(12)) / 8;
    const budget = targetBps / 8 / 60;
    t.ok(mean <= budget * 1.2, `${targetBps}: ${Math.round(mean)} of ${budget} after 200 ms`);
    const steady = simulate(control, encoder, 600, after.endUs);
    const queue = queueUs(steady, targetBps / 0.9);
    t.ok(queue <= 60_000, `${targetBps}: at most ${Math.round(queue)} us in the queue`);
    t.ok(sum(steady.bytes) / 600 > 0.65 * budget, "and the path is used");
  }
});

t.test("RateControl limits single frames on a narrow path only", async (t) => {
  const control = controlOf(20e6);
  t.strictSame([control.frameBytesMax, control.keyframeBytesMax], [0, 0]);
  control.setRate(19e6, 60);
  t.equal(control.frameBytesMax, 0, "almost the highest target is no limit");
  control.setRate(4e6, 60);
  t.equal(control.frameBytesMax, 25_000, "50 ms of the target");
  t.equal(control.keyframeBytesMax, 78_000, "156 ms of the target");
  control.setRate(4e6, 15);
  t.equal(control.frameBytesMax, Math.round(4e6 / 8 * 2 / 15), "two frames where they are rare");
  t.equal(controlOf(4e6).frameBytesMax, 0, "a target that was configured is no narrow path");
});

t.test("RateControl learns how coarse keyframes must be", async (t) => {
  const control = controlOf(20e6);
  // Text: bytes halve only every 13 steps.
  const bytesOf = (qp: number) => 190_000 * 2 ** ((24 - qp) / 13);
  const push = (qp: number, captureTimeUs: number) => {
    control.push({ bytes: bytesOf(qp), qp, isKeyframe: true, isUnchanged: false, captureTimeUs });
  };
  push(24, 0);
  control.setRate(4e6, 60);
  const first = control.keyframeQp;
  t.ok(bytesOf(first) > control.keyframeBytesMax, `${first} is not coarse enough, as it happens`);
  push(first, 5 * SECOND_US);
  t.ok(bytesOf(control.keyframeQp) <= control.keyframeBytesMax, `${control.keyframeQp} is`);
  t.ok(bytesOf(control.keyframeQp) > control.keyframeBytesMax / 3, "and not much too coarse");
});

t.test("RateControl scales what it knows with the size of the picture", async (t) => {
  const control = controlOf(20e6);
  const run = simulate(control, { bytesAt24: () => 60_000 }, 120, 0);
  control.setRate(5e6, 60);
  const { qp, keyframeQp } = control;
  control.setPixels(PIXELS / 4);
  t.ok(control.keyframeQp < keyframeQp, `keyframes ${keyframeQp} -> ${control.keyframeQp}`);
  const small = simulate(control, { bytesAt24: () => 15_000 }, 60, run.endUs);
  t.ok((small.qps.at(-1) ?? 0) <= qp - 8, `frames ${qp} -> ${small.qps.at(-1)}`);
  t.ok(Math.min(...small.qps) >= (small.qps.at(-1) ?? 0) - 1, "without a burst in between");
  const known = control.qp;
  control.setPixels(PIXELS / 4 + 500);
  t.equal(control.qp, known, "sides that were cut to even numbers change nothing");
});

t.test("RateControl takes a higher frame rate at its word", async (t) => {
  const control = controlOf(10e6);
  control.setRate(4e6, 30);
  let atUs = 0;
  for (let frame = 0; frame < 90; frame++, atUs += 33_333) {
    const bytes = Math.round(40_000 * 2 ** ((24 - control.qp) / 6));
    const sample = { bytes, qp: control.qp, isKeyframe: false, isUnchanged: false };
    control.push({ ...sample, captureTimeUs: atUs });
  }
  const { qp } = control;
  control.setRate(4e6, 60);
  t.ok(control.qp >= qp + 5, `${qp} -> ${control.qp}: half the bytes for each frame, at once`);
});

t.test("RateControl makes a coarse still picture of a narrow path bearable", async (t) => {
  const control = controlOf(20e6);
  control.setRate(4e6, 60);
  const bytesOf = (qp: number) => Math.round(190_000 * 2 ** ((24 - qp) / 13) / 6);
  control.push({ bytes: 75_000, qp: 42, isKeyframe: true, isUnchanged: false, captureTimeUs: 0 });
  const sent: { qp: number; bytes: number; atUs: number }[] = [];
  for (let nowUs = 0; nowUs < 10 * SECOND_US; nowUs += 5000) {
    const qp = control.pull(nowUs);
    if (qp === undefined) continue;
    sent.push({ qp, bytes: bytesOf(qp), atUs: nowUs });
    const refresh = { bytes: bytesOf(qp), qp, isKeyframe: false, isUnchanged: true };
    control.push({ ...refresh, captureTimeUs: nowUs });
  }
  const qps = sent.map(({ qp }) => qp);
  t.ok((qps.at(-1) ?? 99) <= DEFAULT_RATE_LIMITS.qpComfort, `${qps}`);
  t.strictSame(qps, qps.toSorted((a, b) => b - a), "ever sharper");
  const tooSoon = sent.filter(({ atUs }, at) => {
    const before = sent[at - 1];
    return before !== undefined && atUs < before.atUs + before.bytes * 8e6 / 4e6;
  });
  t.strictSame(tooSoon, [], "each when the one before has left");
});

t.test("RateControl sharpens a still picture with a few frames and then rests", async (t) => {
  const control = controlOf(20e6);
  const run = simulate(control, { bytesAt24: () => 60_000 }, 120, 0);
  const motionQp = control.qp;
  t.ok(motionQp > 24, `coarse while moving: ${motionQp}`);
  t.equal(control.pull(run.endUs), undefined, "not while it moves");
  const refreshes: number[] = [];
  for (let nowUs = run.endUs; nowUs < run.endUs + 10_000_000; nowUs += 10_000) {
    const qp = control.pull(nowUs);
    if (qp === undefined) continue;
    refreshes.push(qp);
    control.push({ bytes: 50_000, qp, isKeyframe: false, isUnchanged: true, captureTimeUs: nowUs });
  }
  t.ok(refreshes.length >= 1 && refreshes.length <= REFRESHES_MAX, `${refreshes}`);
  t.equal(refreshes.at(-1), DEFAULT_RATE_LIMITS.qpMin);
  t.strictSame(refreshes, refreshes.toSorted((a, b) => b - a), "ever sharper");
  t.equal(control.deadline, undefined, "then nothing to wait for");
  t.equal(control.qp, motionQp, "motion goes on as before");
});

t.test("RateControl sharpens a still screen after its first keyframe", async (t) => {
  const control = controlOf(20e6);
  const first = { bytes: 150_000, qp: 24, isKeyframe: true, isUnchanged: true, captureTimeUs: 0 };
  control.push(first);
  t.equal(control.deadline, DEFAULT_RATE_LIMITS.stillUs);
  t.equal(control.pull(DEFAULT_RATE_LIMITS.stillUs), DEFAULT_RATE_LIMITS.qpMin);
});

t.test("RateControl gives a blinking cursor no refreshes of its own", async (t) => {
  const control = controlOf(20e6);
  let refreshes = 0;
  for (let blink = 0; blink < 60; blink++) {
    const atUs = blink * 500_000;
    const { qp } = control;
    control.push({ bytes: 60, qp, isKeyframe: false, isUnchanged: false, captureTimeUs: atUs });
    for (let nowUs = atUs; nowUs < atUs + 500_000; nowUs += 20_000) {
      const refreshQp = control.pull(nowUs);
      if (refreshQp === undefined) continue;
      refreshes++;
      const refresh = { bytes: 900, qp: refreshQp, isKeyframe: false, isUnchanged: true };
      control.push({ ...refresh, captureTimeUs: nowUs });
    }
  }
  t.ok(refreshes <= 8, `${refreshes} refreshes in 30 s`);
});

t.test("RateControl does not send a refresh that the link cannot take", async (t) => {
  const control = controlOf(500e3);
  const run = simulate(control, { bytesAt24: () => 60_000 }, 120, 0);
  let bytes = 0;
  for (let nowUs = run.endUs; nowUs < run.endUs + 5_000_000; nowUs += 10_000) {
    const qp = control.pull(nowUs);
    if (qp === undefined) continue;
    const size = PIXELS * 0.15 * 2 ** ((24 - qp) / 6);
    bytes += size;
    control.push({ bytes: size, qp, isKeyframe: false, isUnchanged: true, captureTimeUs: nowUs });
  }
  t.ok(bytes <= 500e3 / 8, `${bytes} bytes of refreshes in 5 s`);
});

t.test("RateControl stays within target and burst for any encoder", async (t) => {
  const seed = seededRandom("rate control property").seed;
  const content = fc.record({
    bitrateBps: fc.integer({ min: 2_000_000, max: 60_000_000 }),
    octave: fc.double({ min: 4, max: 9, noNaN: true }),
    batch: fc.integer({ min: 1, max: 3 }),
    noise: fc.double({ min: 0, max: 0.4, noNaN: true }),
    levels: fc.array(fc.integer({ min: 500, max: 60_000 }), { minLength: 1, maxLength: 6 }),
  });
  const property = fc.property(content, ({ bitrateBps, octave, batch, noise, levels }) => {
    const control = controlOf(bitrateBps);
    let phase = 0;
    const noisy = () => 1 + noise * Math.sin(phase++ * 12.9898);
    let atUs = 0;
    let total = 0;
    let budget = bitrateBps / 8 * DEFAULT_RATE_LIMITS.allowanceUs / 1e6;
    for (const level of levels) {
      const encoder = { bytesAt24: () => level, octave, noise: noisy, batch };
      const run = simulate(control, encoder, 120, atUs);
      atUs = run.endUs;
      total += sum(run.bytes);
      // And the frames at the best quantiser that were encoded before the control saw the first.
      budget += bitrateBps / 8 * 2 + batch * level * 2 ** (6 / octave);
      if (run.qps.some((qp) => !Number.isInteger(qp) || qp < 18 || qp > 44)) return false;
      // What a quantiser at its ceiling cannot save is not the fault of the control.
      if (run.qps.slice(-60).every((qp) => qp === DEFAULT_RATE_LIMITS.qpMax)) return true;
      if (total > budget * 1.1) return false;
    }
    return true;
  });
  fc.assert(property, { seed, numRuns: 300 });
  t.pass("300 encoders");
});

/** Seconds of motion that takes all of a path, with a segment a second or without. */
function segmented(seconds: number, hasSegments: boolean) {
  const control = controlOf(20e6);
  control.setRate(8e6, 60);
  const qps: number[] = [];
  let fullness = 0;
  let bytes = 0;
  for (let frame = 0; frame < seconds * 60; frame++) {
    const captureTimeUs = frame * FRAME_US;
    const asked = hasSegments && frame > 0 && frame % 60 === 0
      ? control.segmentKeyframe(captureTimeUs)
      : undefined;
    const isKeyframe = frame === 0 || asked !== undefined;
    const qp = asked?.qp ?? (frame === 0 ? control.keyframeQp : control.qp);
    const at24 = isKeyframe ? 60_000 : 20_000;
    const sample = { bytes: Math.round(at24 * 2 ** ((24 - qp) / 6)), qp, isKeyframe };
    control.push({ ...sample, isUnchanged: false, captureTimeUs });
    if (frame >= 120) {
      qps.push(control.qp);
      fullness = Math.max(fullness, control.fullness);
      bytes += sample.bytes;
    }
  }
  return { qps, fullness, bitrateBps: bytes * 8e6 / ((seconds - 2) * 60 * FRAME_US) };
}

t.test("RateControl pays for segments evenly: no frame around a keyframe is coarser", async (t) => {
  const plain = segmented(10, false);
  const withSegments = segmented(10, true);
  const [low, high] = [Math.min(...withSegments.qps), Math.max(...withSegments.qps)];
  t.ok(high - low <= 1, `quantisers ${low} to ${high}`);
  t.ok(high <= Math.max(...plain.qps) + 1, "and hardly coarser than without");
  t.ok(withSegments.fullness < 0.2, `${withSegments.fullness} of the bucket: they were expected`);
  t.ok(withSegments.bitrateBps <= 8e6, `${(withSegments.bitrateBps / 1e6).toFixed(1)} Mbit/s`);
});
