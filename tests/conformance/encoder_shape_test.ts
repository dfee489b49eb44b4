/**
 * Conformance of what changes while an encoder runs: temporal layers, of which the lower one alone
 * must decode to the same bits, and the size of the picture. An independent decoder judges both.
 */

import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import { type EncoderName, nativeCandidates } from "../../ffi/mod.ts";
import { REFERENCE_FRAMES_KEPT } from "../../src/wire/frame.ts";
import { MARKER_HEIGHT, readMarker } from "../../web/viewer/decode/marker_reader.ts";
import { decodeVideo, lumaPsnr } from "../native/decode_video.ts";
import {
  differences,
  isDisposable,
  isKeyframe,
  keepMore,
  openEncoderRig,
  payloads,
  RIG_SIZE,
} from "../native/encoder_rig.ts";
import type { EncoderRig } from "../native/encoder_rig.ts";
import { KIND, type MediaRecord } from "../native/record_reader.ts";

const STATUS_CHANGED = 2;
const PIXELS = RIG_SIZE.width * RIG_SIZE.height;

await buildNative();
const candidates = await nativeCandidates();

/** Frames whose reference is not among those before them. */
function dangling(frames: readonly MediaRecord[]): number[] {
  const known = new Set<number>();
  const wrong: number[] = [];
  for (const { frameId, referenceDistance } of frames) {
    if (referenceDistance > 0 && !known.has(frameId - referenceDistance)) wrong.push(frameId);
    known.add(frameId);
  }
  return wrong;
}

/** The pictures of `frames` that `kept` names, in order. */
function picturesOf(
  frames: readonly MediaRecord[],
  pictures: readonly Uint8Array[],
  kept: (frame: MediaRecord) => boolean,
): Uint8Array[] {
  return pictures.filter((_, at) => {
    const frame = frames[at];
    return frame !== undefined && kept(frame);
  });
}

const isBase = (frame: MediaRecord): boolean => !isDisposable(frame);

for (const encoder of ["x264", "openh264"] as const satisfies readonly EncoderName[]) {
  const found = candidates.find((one) => one.kind === "encode" && one.name === encoder);
  const skip = found?.usable === true ? false : found?.detail ?? "not in the list";

  t.test(`${encoder} in two layers: both, and the base alone, decode`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.setShape(4, 2);
    rig.stream.start();
    const frames = await rig.reader.frames(64);
    await rig.stream.stop();
    t.equal(frames.filter(isKeyframe).length, 1, "one keyframe, the first");
    t.same(frames.map(isDisposable), frames.map((_, at) => at % 2 === 1), "every other frame");
    t.same(
      frames.map((frame) => frame.referenceDistance),
      frames.map((_, at) => at === 0 ? 0 : at % 2 === 1 ? 1 : 2),
      "all refer to a frame of the base",
    );
    const whole = await decodeVideo(payloads(frames), RIG_SIZE);
    t.equal(whole.complaints, "", "the decoder does not complain");
    const numbers = whole.pictures.map((picture) => readMarker(picture, RIG_SIZE.width)?.frame);
    t.same(numbers, frames.map((_, at) => (numbers[0] ?? 0) + at), "each picture in its place");
    const base = await decodeVideo(payloads(frames.filter(isBase)), RIG_SIZE);
    t.equal(base.complaints, "", "nor about the base alone");
    t.same(
      differences(base.pictures, picturesOf(frames, whole.pictures, isBase)),
      [],
      "which decodes to the same bits",
    );
  });

  t.test(`${encoder} takes layers up and gives them up while it runs`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const frames = await rig.reader.frames(10);
    for (const layers of [2, 1, 2, 2, 1]) {
      rig.stream.setShape(4, layers);
      frames.push(...await rig.reader.frames(21));
    }
    await rig.stream.stop();
    t.same(dangling(frames.filter(isBase)), [], "the base refers to itself alone");
    t.ok(frames.filter(isDisposable).length > 20, "with layers");
    t.notOk(frames.slice(-10).some(isDisposable), "and without in the end");
    if (encoder === "x264") t.equal(frames.filter(isKeyframe).length, 1, "without a keyframe");
    const whole = await decodeVideo(payloads(frames), RIG_SIZE);
    const base = await decodeVideo(payloads(frames.filter(isBase)), RIG_SIZE);
    t.equal(whole.complaints + base.complaints, "", "the decoder does not complain");
    t.equal(whole.pictures.length, frames.length, "nothing is held back");
    t.same(differences(base.pictures, picturesOf(frames, whole.pictures, isBase)), []);
  });

  t.test(`${encoder} repairs with two layers for viewers of either`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.setShape(4, 2);
    rig.stream.start();
    const arrived = [await keepMore(rig), ...await rig.reader.frames(30)];
    const lost = await rig.reader.frames(3);
    rig.stream.invalidate(lost[0]?.frameId ?? 0);
    const later = await rig.reader.frames(40);
    await rig.stream.stop();
    const newest = arrived.at(-1)?.frameId ?? 0;
    const repair = later.findIndex(({ frameId, referenceDistance }) =>
      referenceDistance === 0 || frameId - referenceDistance <= newest
    );
    const first = later[repair];
    t.ok(first !== undefined && isBase(first), "the repair is for the base, too");
    if (encoder === "x264") t.notOk(first !== undefined && isKeyframe(first), "no keyframe");
    const good = later.slice(repair);
    const whole = await decodeVideo(payloads([...arrived, ...lost, ...later]), RIG_SIZE);
    const expected = whole.pictures.slice(-good.length);
    const damaged = await decodeVideo(payloads([...arrived, ...good]), RIG_SIZE);
    t.same(
      differences(damaged.pictures.slice(-good.length), expected),
      [],
      "both layers decode to the same bits",
    );
    const baseGood = good.filter(isBase);
    const base = await decodeVideo(payloads([...arrived.filter(isBase), ...baseGood]), RIG_SIZE);
    t.same(
      differences(
        base.pictures.slice(-baseGood.length),
        picturesOf(good, expected, isBase),
      ),
      [],
      "the base alone does, too",
    );
  });

  t.test(`${encoder} changes the size of its picture and back`, { skip }, async (t) => {
    // The pattern is the same in every run, so a picture of another stream tells what must be seen.
    using original = await openEncoderRig(encoder, { qp: 12 });
    original.stream.start();
    const expected = await decodeVideo(payloads(await original.reader.frames(90)), RIG_SIZE);
    await original.stream.stop();
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const started = await rig.reader.nextOf(KIND.status);
    await rig.reader.frames(6);
    for (const quarters of [3, 2, 3, 4, 2, 4]) {
      rig.stream.setShape(quarters, 1);
      const status = await rig.reader.nextOf(KIND.status);
      const frames = await rig.reader.frames(12);
      const size = { width: RIG_SIZE.width * quarters / 4, height: RIG_SIZE.height * quarters / 4 };
      t.equal(status.serial, STATUS_CHANGED, "the facts come before the frames");
      const facts = JSON.parse(new TextDecoder().decode(status.payload));
      t.match(facts, { ...size, screenWidth: RIG_SIZE.width, screenHeight: RIG_SIZE.height });
      t.equal(
        facts.codec,
        JSON.parse(new TextDecoder().decode(started.payload)).codec,
        "a decoder that plays the first size plays this one",
      );
      t.same(frames.map(isKeyframe), frames.map((_, at) => at === 0), "one keyframe, the first");
      t.ok(frames.every(({ width, height }) => width === size.width && height === size.height));
      const decoded = await decodeVideo(payloads(frames), size);
      t.equal(decoded.complaints, "", `${size.width}x${size.height} decodes`);
      t.equal(decoded.pictures.length, frames.length);
      const likeness = frames.map(({ frameId }, at) => {
        const small = decoded.pictures[at] ?? new Uint8Array();
        return lumaPsnr(
          enlarge(small, size.width),
          belowMarker(expected.pictures[frameId - 1] ?? small),
          PIXELS - MARKER_HEIGHT * RIG_SIZE.width,
        );
      });
      t.ok(Math.min(...likeness) > 20, `the same picture: ${Math.min(...likeness).toFixed(1)} dB`);
    }
    await rig.stream.stop();
    const ids = rig.stream.stats.lastFrameId;
    t.equal(rig.stream.stats.shapeChanges, 6);
    t.equal(rig.stream.stats.framesEncoded, ids, "numbers go on");
  });

  t.test(`${encoder} survives any sequence of shapes`, { skip }, async (t) => {
    using rig = await openEncoderRig(encoder);
    rig.stream.start();
    const frames: MediaRecord[] = [];
    for (let step = 0; step < 40; step++) {
      rig.stream.setShape(2 + step * 7 % 3, 1 + step % 2);
      if (step % 3 === 0) rig.stream.requestKeyframe();
      const last = frames.at(-1);
      if (step % 5 === 0 && last !== undefined) rig.stream.invalidate(last.frameId);
      if (step % 4 !== 1) frames.push(...await rig.reader.frames(1 + step % 4));
    }
    frames.push(...await rig.reader.frames(4));
    await rig.stream.stop();
    t.equal(rig.stream.stats.status, 0, "it still runs");
    t.same(dangling(frames), [], "every frame refers to one that was sent");
    const sizes = new Set(frames.map(({ width, height }) => `${width}x${height}`));
    t.same([...sizes].toSorted(), ["320x180", "480x270", "640x360"], "all sizes were seen");
  });
}

t.test("x264 encodes frames that are too large once more, without a trace", async (t) => {
  for (const layers of [1, 2]) {
    using rig = await openEncoderRig("x264");
    rig.stream.setShape(4, layers);
    rig.stream.start();
    const start = await keepMore(rig);
    const frames = [start, ...await rig.reader.frames(11)];
    const mean = frames.slice(2).reduce((sum, { payload }) => sum + payload.length, 0) / 10;
    // Most frames are too large now; some are still after the second try, which is the last.
    const frameBytesMax = Math.round(mean * 0.7);
    rig.stream.setLimits({ keyframeQp: 24, frameBytesMax, keyframeBytesMax: 3000 });
    frames.push(...await rig.reader.frames(40));
    const lost = frames.at(-3)?.frameId ?? 0;
    rig.stream.invalidate(lost);
    frames.push(...await rig.reader.frames(12));
    rig.stream.requestKeyframe();
    frames.push(...await rig.reader.frames(12));
    await rig.stream.stop();
    const { stats } = rig.stream;
    t.ok(stats.repeatedFrames > 5, `${stats.repeatedFrames} were encoded twice`);
    t.same(frames.map((frame) => frame.frameId), frames.map((_, at) => start.frameId + at));
    t.same(dangling(frames), [], "none refers to one that was not sent");
    t.ok(frames.slice(14, 40).some(({ qp }) => qp > 24), "coarser");
    t.equal(stats.repairs, 1, "repairs go on");
    const second = frames.filter(isKeyframe)[1];
    t.ok((second?.qp ?? 0) > 24, `a keyframe of ${second?.payload.length} bytes at ${second?.qp}`);
    const whole = await decodeVideo(payloads(frames), RIG_SIZE);
    t.equal(whole.complaints, "", "the decoder does not complain");
    const numbers = whole.pictures.map((picture) => readMarker(picture, RIG_SIZE.width)?.frame);
    t.same(numbers, frames.map((_, at) => (numbers[0] ?? 0) + at), "each picture in its place");
    const base = await decodeVideo(payloads(frames.filter(isBase)), RIG_SIZE);
    t.equal(base.complaints, "", "nor about the base alone");
    t.same(differences(base.pictures, picturesOf(frames, whole.pictures, isBase)), []);
  }
});

t.test("Frames behind a coarse one become finer step by step", async (t) => {
  for (const encoder of ["x264", "openh264"] as const) {
    using rig = await openEncoderRig(encoder);
    rig.stream.setLimits({ keyframeQp: 36, frameBytesMax: 0, keyframeBytesMax: 0 });
    rig.stream.start();
    const qps = (await rig.reader.frames(40)).map(({ qp }) => qp);
    await rig.stream.stop();
    t.equal(qps[0], 36, "the keyframe");
    const steps = qps.slice(1).map((qp, at) => (qps[at] ?? 0) - qp);
    t.ok(steps.every((step) => step === 0 || step === 1), `one at a time: ${qps.slice(0, 30)}`);
    t.equal(qps.indexOf(24), 24, "two frames for each");
    t.equal(qps.at(-1), 24);
  }
});

t.test("Frames that no other refers to are a little coarser, and only they", async (t) => {
  for (const encoder of ["x264", "openh264"] as const) {
    using rig = await openEncoderRig(encoder);
    rig.stream.setLimits({ keyframeQp: 24, frameBytesMax: 0, keyframeBytesMax: 0 });
    rig.stream.setShape(4, 2);
    rig.stream.start();
    const frames = await rig.reader.frames(40);
    await rig.stream.stop();
    t.same(frames.map(({ qp }) => qp), frames.map((frame) => isBase(frame) ? 24 : 26), encoder);
  }
});

t.test("x264 repairs what lies within the frames that it keeps", async (t) => {
  for (const layers of [1, 2]) {
    using rig = await openEncoderRig("x264", { fpsMax: 30 });
    rig.stream.setShape(4, layers);
    rig.stream.start();
    await keepMore(rig);
    const frames = await rig.reader.frames(30);
    const newest = frames.at(-1)?.frameId ?? 0;
    rig.stream.invalidate(newest - REFERENCE_FRAMES_KEPT + 3);
    const repair = await answerOf(rig);
    t.ok(repair !== undefined && !isKeyframe(repair), `${layers} layers: repaired`);
    const later = await rig.reader.frames(20);
    const now = later.at(-1)?.frameId ?? 0;
    rig.stream.invalidate(now - 2 * REFERENCE_FRAMES_KEPT);
    const answer = await answerOf(rig);
    t.ok(answer !== undefined && isKeyframe(answer), `${layers} layers: older needs a keyframe`);
    await rig.stream.stop();
  }
});

/** The first frame that refers to none before it, or to none of the newest: some are made already. */
async function answerOf({ reader }: EncoderRig): Promise<MediaRecord | undefined> {
  const isAnswer = ({ referenceDistance }: MediaRecord) =>
    referenceDistance === 0 || referenceDistance > 2;
  for (let batch = 0; batch < 10; batch++) {
    const answer = (await reader.frames(4)).find(isAnswer);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/** Luma below the marker, which shows the time. */
function belowMarker(picture: Uint8Array): Uint8Array {
  return picture.subarray(MARKER_HEIGHT * RIG_SIZE.width, PIXELS);
}

/** Luma of a small picture at full size, each pixel repeated, below the marker. */
function enlarge(picture: Uint8Array, width: number): Uint8Array {
  const large = new Uint8Array(PIXELS);
  const scale = width / RIG_SIZE.width;
  for (let y = 0; y < RIG_SIZE.height; y++) {
    const row = Math.floor(y * scale) * width;
    for (let x = 0; x < RIG_SIZE.width; x++) {
      large[y * RIG_SIZE.width + x] = picture[row + Math.floor(x * scale)] ?? 0;
    }
  }
  return belowMarker(large);
}
