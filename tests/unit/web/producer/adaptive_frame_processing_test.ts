/** Tests of web/producer/adaptive_frame_processing.ts, under a simulated clock. */

import t from "tap";
import {
  AdaptiveFrameProcessing,
  QUALITY_STEPS,
  SKIPS_PER_STEP,
} from "../../../../web/producer/adaptive_frame_processing.ts";

const POLICY = { targetFps: 30, budgetShare: 0.9, qualityMax: 1 };

/** A source of `fps` and an encoder that is busy for `costUs` times the pixels that are left. */
class Rig {
  readonly processing = new AdaptiveFrameProcessing(POLICY);
  nowUs = 0;
  #freeUs = 0;
  #done: { atUs: number; busyUs: number }[] = [];

  run(seconds: number, fps: number, costUs: (quality: number) => number): void {
    const endUs = this.nowUs + seconds * 1e6;
    for (; this.nowUs < endUs; this.nowUs += 1e6 / fps) {
      this.#settle();
      if (this.processing.admit(this.nowUs, this.#done.length) !== "encode") continue;
      const busyUs = costUs(this.processing.quality);
      this.#freeUs = Math.max(this.#freeUs, this.nowUs) + busyUs;
      this.#done.push({ atUs: this.#freeUs, busyUs });
    }
  }

  #settle(): void {
    for (const { busyUs } of this.#done.filter(({ atUs }) => atUs <= this.nowUs)) {
      this.processing.processed(busyUs);
    }
    this.#done = this.#done.filter(({ atUs }) => atUs > this.nowUs);
  }
}

t.test("AdaptiveFrameProcessing holds the target rate of a faster source, evenly", (t) => {
  const rig = new Rig();
  rig.run(2, 60, () => 5000);
  const { encoded, surplus, skipped } = rig.processing.stats;
  t.ok(Math.abs(encoded - 60) <= 1, `${encoded} of 120 frames are encoded`);
  t.equal(encoded + surplus, 120);
  t.equal(skipped, 0, "a frame above the target is no drop");
  t.equal(rig.processing.quality, 1);
  t.end();
});

t.test("AdaptiveFrameProcessing takes every frame of a slower or uneven source", (t) => {
  const processing = new AdaptiveFrameProcessing(POLICY);
  const verdicts = new Set<string>();
  for (let index = 0; index < 60; index++) {
    verdicts.add(processing.admit(index * 33_333 + (index % 3 - 1) * 6000, 0));
    processing.processed(4000);
  }
  t.same([...verdicts], ["encode"]);
  t.end();
});

t.test("AdaptiveFrameProcessing skips over budget and steps the quality down until it fits", (t) => {
  const rig = new Rig();
  // The time follows the pixels: quality scales both sides.
  rig.run(20, 30, (quality) => 60_000 * quality * quality);
  const { processing } = rig;
  t.equal(processing.quality, 0.6, "0.36 of 60 ms fit into 30 ms");
  const before = processing.stats.skipped;
  rig.run(3, 30, (quality) => 60_000 * quality * quality);
  t.equal(processing.stats.skipped, before, "then nothing is skipped any more");
  t.ok(processing.averageUs < processing.budgetUs);
  t.end();
});

t.test("AdaptiveFrameProcessing steps down only after 5 skips, and not below 0.3", (t) => {
  const rig = new Rig();
  const { processing } = rig;
  while (processing.stats.stepsDown === 0 && rig.nowUs < 10e6) rig.run(1 / 30, 30, () => 80_000);
  t.ok(processing.stats.skipped >= SKIPS_PER_STEP, `${processing.stats.skipped} skips before it`);
  t.equal(processing.quality, QUALITY_STEPS[1]);
  const before = processing.stats.skipped;
  while (processing.stats.stepsDown === 1 && rig.nowUs < 20e6) rig.run(1 / 30, 30, () => 80_000);
  t.ok(processing.stats.skipped - before >= SKIPS_PER_STEP);
  rig.run(60, 30, () => 80_000);
  t.equal(processing.quality, 0.3);
  t.equal(processing.stats.stepsDown, QUALITY_STEPS.length - 1);
  t.end();
});

t.test("AdaptiveFrameProcessing comes back up step by step, and not at the edge", (t) => {
  const rig = new Rig();
  rig.run(20, 30, (quality) => 60_000 * quality * quality);
  rig.run(4, 30, () => 4000);
  t.equal(rig.processing.quality, 0.6, "calm has to last");
  rig.run(40, 30, () => 4000);
  t.equal(rig.processing.quality, 1);
  const edge = new Rig();
  // 0.6 takes 21.6 ms of 30: it fits, and leaves no room for more.
  edge.run(120, 30, (quality) => 60_000 * quality * quality);
  t.equal(edge.processing.stats.stepsUp, 0, "no step up where there is no room");
  t.end();
});

t.test("AdaptiveFrameProcessing tries less often what failed before", (t) => {
  const rig = new Rig();
  // Any quality above 0.5 is too slow, any below looks easy: every step up fails.
  const cost = (quality: number) => quality > 0.55 ? 60_000 : 5000;
  rig.run(60, 30, cost);
  const early = rig.processing.stats.stepsUp;
  rig.run(60, 30, cost);
  const late = rig.processing.stats.stepsUp - early;
  t.ok(late < early && late <= 2, `${early} tries in the first minute, ${late} in the second`);
  t.end();
});

t.test("AdaptiveFrameProcessing bounds what the encoder holds", (t) => {
  const processing = new AdaptiveFrameProcessing(POLICY);
  const verdicts = [0, 1, 2, 3].map((inFlight) => processing.admit(inFlight * 40_000, inFlight));
  t.same(verdicts, ["encode", "encode", "skip", "skip"], "one that answers nothing gets two");
  processing.encoderReplaced();
  t.equal(processing.admit(200_000, 0), "encode");
  t.end();
});

t.test("AdaptiveFrameProcessing judges no encoder by its first frames", (t) => {
  const processing = new AdaptiveFrameProcessing(POLICY);
  for (let index = 0; index < 3; index++) {
    processing.admit(index * 33_333, 0);
    for (let skip = 0; skip < 4; skip++) processing.admit(index * 33_333, 2);
    processing.processed(200_000);
  }
  t.equal(processing.averageUs, 0);
  t.equal(processing.adaptations, 0);
  processing.admit(200_000, 0);
  processing.processed(5000);
  t.equal(processing.averageUs, 5000);
  t.end();
});

t.test("AdaptiveFrameProcessing answers a wish for a keyframe once", (t) => {
  const processing = new AdaptiveFrameProcessing(POLICY);
  t.equal(processing.takeKeyframe(), true, "the first frame is one");
  t.equal(processing.takeKeyframe(), false);
  processing.requestKeyframe();
  processing.requestKeyframe();
  t.same([processing.takeKeyframe(), processing.takeKeyframe()], [true, false]);
  processing.encoderReplaced();
  t.equal(processing.takeKeyframe(), true);
  t.end();
});

t.test("AdaptiveFrameProcessing follows another policy at once", (t) => {
  const rig = new Rig();
  rig.run(1, 30, () => 5000);
  rig.processing.setPolicy({ targetFps: 15, budgetShare: 0.5, qualityMax: 0.6 });
  t.equal(rig.processing.quality, 0.6);
  const before = rig.processing.stats.encoded;
  rig.run(2, 30, () => 5000);
  const encoded = rig.processing.stats.encoded - before;
  t.ok(Math.abs(encoded - 30) <= 1, `${encoded} frames in 2 s at 15 a second`);
  t.end();
});
