/**
 * Encoder pool conformance, by decoding: whatever sequence of sizes, layers, quantisers, rates, losses
 * and new streams kept encoders go through, a decoder that saw all of it from the start shows the right
 * picture for every frame, and a viewer that lost frames gets the same bits after each repair.
 */

// timeout: 150 s
import t, { type Test } from "tap";
import { buildNative } from "../../ffi/build.ts";
import {
  type EncoderName,
  nativeCandidates,
  NativeEncoderPool,
  nativeMemoryStats,
} from "../../ffi/mod.ts";
import { readMarker } from "../../web/viewer/decode/marker_reader.ts";
import { decodeSizes, decodeVideo, lumaPsnr } from "../native/decode_video.ts";
import {
  differences,
  type EncoderRig,
  isKeyframe,
  nalTypes,
  openEncoderRig,
  payloads,
  RIG_SIZE,
} from "../native/encoder_rig.ts";
import type { MediaRecord } from "../native/record_reader.ts";
import { type SeededRandom, seededRandom } from "../seeded.ts";

const STREAMS = 14;
const CHANGES = 5;
const MARKER_BYTES = 48 * RIG_SIZE.width;
const LUMA_BYTES = RIG_SIZE.width * RIG_SIZE.height;
/**
 * Luma against what was drawn: 45 dB at full size and 33 at others, measured; the picture before or
 * after the right one has 28 at most.
 */
const LIKENESS_DB_MIN = { full: 38, scaled: 31 } as const;

/** A frame, and whether the viewer whose path loses frames can decode it. */
interface SeenFrame extends MediaRecord {
  readonly isSeen: boolean;
}

/** Reads frames as a viewer does that loses some and tells the host. */
class LossyViewer {
  readonly frames: SeenFrame[] = [];
  readonly #known = new Set<number>();
  readonly #rig: EncoderRig;

  constructor(rig: EncoderRig) {
    this.#rig = rig;
  }

  async read(count: number): Promise<void> {
    for (const frame of await this.#rig.reader.frames(count)) {
      const { frameId, referenceDistance } = frame;
      if (referenceDistance === 0) this.#known.clear();
      const isSeen = referenceDistance === 0 || this.#known.has(frameId - referenceDistance);
      if (isSeen) this.#known.add(frameId);
      this.frames.push({ ...frame, isSeen });
    }
  }

  /** Loses the next `count` frames and says so. */
  async lose(count: number): Promise<void> {
    const lost = await this.#rig.reader.frames(count);
    this.frames.push(...lost.map((frame) => ({ ...frame, isSeen: false })));
    this.#rig.stream.invalidate(lost[0]?.frameId ?? 0);
  }
}

/** One change of a stream that runs. */
async function change(rig: EncoderRig, viewer: LossyViewer, random: SeededRandom): Promise<void> {
  const { stream } = rig;
  const changes = [
    () => stream.setShape(2 + random.int(3), 1 + random.int(2)),
    () => stream.setShape(4, 1),
    () => stream.setQp(18 + random.int(14)),
    () => stream.setFps(random.pick([60, 90, 120])),
    () => stream.requestKeyframe(),
    () => viewer.lose(1 + random.int(3)),
    () => viewer.lose(1 + random.int(6)),
    () => stream.setLimits({ keyframeQp: 26, frameBytesMax: 3000, keyframeBytesMax: 20_000 }),
  ];
  await random.pick(changes)();
  await viewer.read(1 + random.int(6));
}

/** Streams one after the other, all with encoders of one pool. */
async function watch(
  encoder: EncoderName,
  encoders: NativeEncoderPool,
  random: SeededRandom,
): Promise<SeenFrame[][]> {
  const streams: SeenFrame[][] = [];
  for (let at = 0; at < STREAMS; at++) {
    using rig = await openEncoderRig(encoder, { encoders });
    const viewer = new LossyViewer(rig);
    // What is said before the first frame must not reach into the use before.
    if (at % 3 === 1) rig.stream.invalidate(1 + random.int(20));
    if (at % 3 === 2) rig.stream.setShape(2 + random.int(3), 1);
    rig.stream.start();
    await viewer.read(1 + random.int(8));
    for (let step = 0; step < CHANGES; step++) await change(rig, viewer, random);
    await rig.stream.stop();
    streams.push(viewer.frames);
  }
  return streams;
}

/** Luma at full size, each pixel of a smaller picture repeated. */
function enlarge(picture: Uint8Array, width: number): Uint8Array {
  if (width === RIG_SIZE.width) return picture.subarray(0, LUMA_BYTES);
  const large = new Uint8Array(LUMA_BYTES);
  const scale = width / RIG_SIZE.width;
  for (let y = 0; y < RIG_SIZE.height; y++) {
    const row = Math.floor(y * scale) * width;
    for (let x = 0; x < RIG_SIZE.width; x++) {
      large[y * RIG_SIZE.width + x] = picture[row + Math.floor(x * scale)] ?? 0;
    }
  }
  return large;
}

/** Holds what a decoder made of the frames of one stream against what was drawn. */
function checkPictures(
  t: Test,
  frames: readonly MediaRecord[],
  pictures: readonly Uint8Array[],
  drawn: readonly Uint8Array[],
): void {
  let last = 0;
  const wrong: string[] = [];
  frames.forEach(({ frameId, width }, at) => {
    const luma = enlarge(pictures[at] ?? new Uint8Array(), width);
    const number = readMarker(luma, RIG_SIZE.width)?.frame;
    const expected = drawn[(number ?? 0) - 1];
    if (number === undefined || expected === undefined || number < last || number > last + 1) {
      wrong.push(`frame ${frameId} shows ${number} after ${last}`);
      return;
    }
    last = number;
    const db = lumaPsnr(
      luma.subarray(MARKER_BYTES),
      expected.subarray(MARKER_BYTES),
      LUMA_BYTES - MARKER_BYTES,
    );
    const least = LIKENESS_DB_MIN[width === RIG_SIZE.width ? "full" : "scaled"];
    if (db < least) wrong.push(`frame ${frameId} of width ${width} is ${db.toFixed(1)} dB`);
  });
  t.same(wrong, [], "each picture is the one that was drawn");
}

await buildNative();
const usable = (await nativeCandidates()).filter((one) => one.kind === "encode" && one.usable);

for (const encoder of ["x264", "openh264"] as const) {
  const skip = usable.some((one) => one.name === encoder) ? false : `${encoder} is not usable here`;
  t.test(`${encoder} kept and used again never spoils a frame`, { skip }, async (t) => {
    // The pattern is the same in every run, so a fine picture of another stream tells what was drawn.
    using original = await openEncoderRig(encoder, { qp: 8 });
    original.stream.start();
    const drawn = await decodeVideo(payloads(await original.reader.frames(150)), RIG_SIZE);
    original[Symbol.dispose]();

    const random = seededRandom(`encoder pool ${encoder}`);
    // Two encoders have to serve every shape where they can; x264 needs one for each.
    const encodersMax = encoder === "x264" ? 3 : 2;
    const encoders = NativeEncoderPool.open({ encodersMax, idleMax: encodersMax - 1 });
    const streams = await watch(encoder, encoders, random);
    const { stats } = encoders;
    t.match(stats, { active: 0, activeMax: 2, refused: 0 });
    t.ok(stats.reused > STREAMS / 4, `${stats.reused} were used again of ${stats.created} made`);
    t.ok(encoder === "x264" || stats.reconfigured > 0, `${stats.reconfigured} were changed`);
    const all = streams.flat();

    for (const [first] of streams) {
      const types = nalTypes(first?.payload ?? new Uint8Array());
      t.ok([7, 8, 5].every((type) => types.includes(type)), `a stream begins with units ${types}`);
    }
    // One decoder for everything, as a viewer has that stays while streams end and begin.
    const whole = await decodeSizes(all);
    t.equal(whole.complaints, "", "the decoder does not complain");
    let from = 0;
    for (const frames of streams) {
      checkPictures(t, frames, whole.pictures.slice(from, from + frames.length), drawn.pictures);
      from += frames.length;
    }
    const seen = await decodeSizes(all.filter(({ isSeen }) => isSeen));
    const expected = whole.pictures.filter((_, at) => all[at]?.isSeen);
    t.ok(expected.length < all.length, `${all.length - expected.length} of ${all.length} are lost`);
    t.ok(
      all.some((frame) => frame.isSeen && !isKeyframe(frame) && frame.referenceDistance > 2) ||
        encoder === "openh264",
    );
    t.same(differences(seen.pictures, expected), [], "who lost some sees the same bits");

    encoders[Symbol.dispose]();
    const left = Object.entries(nativeMemoryStats()).filter(([, { live }]) => live > 0);
    t.strictSame(left, [], "nothing is left");
  });
}
