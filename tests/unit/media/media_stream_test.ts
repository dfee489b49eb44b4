/** Tests of src/media/media_stream.ts with the real native library and the pattern. */

import t, { type Test } from "tap";
import { MediaOutput, monotonicUs, nativeMemoryStats } from "../../../ffi/mod.ts";
import { EncoderPool } from "../../../src/encode/encoder_pool.ts";
import type { MediaStreamConfig } from "../../../src/ipc/media_command.ts";
import { type MediaRecordHeader, parseRecordHeader } from "../../../src/ipc/media_record.ts";
import { MediaStream } from "../../../src/media/media_stream.ts";

const BUFFER_BYTES = 2 * 1024 * 1024;
const CONFIG: MediaStreamConfig = {
  streamId: 1,
  source: "pattern",
  display: "",
  width: 320,
  height: 240,
  fps: 60,
  encoder: "auto",
  bitrateBps: 10_000_000,
  framebufferShmId: -1,
};

const IGNORED = { post: () => {}, unavailable: () => {} };

/** A stream with its output; frames are read by `next`, which also feeds them back. */
async function open(t: Test, config = CONFIG) {
  const output = MediaOutput.open({ ringBytes: 4 * 1024 * 1024 });
  const encoders = new EncoderPool();
  const stream = await MediaStream.open(config, {
    output,
    encoders,
    nowUs: monotonicUs,
    input: { post: () => {}, unavailable: (why) => t.fail(why) },
  });
  const buffer = new Uint8Array(BUFFER_BYTES);
  const next = async (): Promise<MediaRecordHeader> => {
    while (true) {
      if (!await output.next(buffer, 5000)) throw new Error("Cannot see a record");
      const header = parseRecordHeader(buffer);
      if (header.kind !== "video") continue;
      stream.onFrame(header);
      return header;
    }
  };
  const close = async (): Promise<void> => {
    await stream.close();
    encoders[Symbol.dispose]();
    output[Symbol.dispose]();
  };
  return { stream, next, close };
}

t.test("MediaStream starts with a keyframe and counts", async (t) => {
  const { stream, next, close } = await open(t);
  const first = await next();
  t.match(first, { streamId: 1, frameId: 1, isKeyframe: true, width: 320, height: 240 });
  for (let frame = 0; frame < 20; frame++) t.equal((await next()).referenceDistance, 1);
  const counters = stream.counters();
  t.ok(counters.framesEncoded >= 20, "the newest frame may not be counted yet");
  t.match(counters, { streamId: 1, keyframes: 1, inputEvents: 0, pool: { exhaustions: 0 } });
  t.equal(stream.status, 0);
  await close();
  await stream.close();
  const live = Object.entries(nativeMemoryStats()).filter(([, stats]) => stats.live > 0);
  t.strictSame(live, [], "nothing is left");
});

t.test("MediaStream joins keyframe requests and serves them when they are due", async (t) => {
  const { stream, next, close } = await open(t);
  for (let frame = 0; frame < 12; frame++) await next();
  stream.requestKeyframe("damage");
  stream.requestKeyframe("damage");
  t.ok(stream.deadline !== undefined, "something to do");
  stream.tick(monotonicUs());
  let keyframes = 0;
  for (let frame = 0; frame < 8; frame++) keyframes += (await next()).isKeyframe ? 1 : 0;
  t.equal(keyframes, 1);
  t.equal(stream.counters().keyframeRequestsJoined, 1);
  await close();
});

t.test("MediaStream repairs a loss from an older frame", async (t) => {
  const { stream, next, close } = await open(t);
  let newest = await next();
  for (let frame = 0; frame < 8; frame++) newest = await next();
  const lostId = newest.frameId - 1;
  stream.invalidate(lostId);
  let repair: MediaRecordHeader | undefined;
  for (let frame = 0; frame < 8 && repair === undefined; frame++) {
    const header = await next();
    if (header.referenceDistance !== 1) repair = header;
  }
  t.notOk(repair?.isKeyframe, "no keyframe");
  t.ok((repair?.frameId ?? 0) - (repair?.referenceDistance ?? 0) < lostId, "refers to before it");
  await close();
});

t.test("MediaStream lowers quality for a lower target", async (t) => {
  const { stream, next, close } = await open(t);
  for (let frame = 0; frame < 30; frame++) await next();
  const before = stream.counters().qp;
  stream.setRate({ bitrateBps: 40_000, fps: 30, scaleQuarters: 4, temporalLayers: 1 });
  for (let frame = 0; frame < 20; frame++) await next();
  t.ok(stream.counters().qp > before, `${before} -> ${stream.counters().qp}`);
  t.equal((await next()).qp, stream.counters().qp);
  await close();
});

t.test("MediaStream follows size and layers, keyframes bounded by the path", async (t) => {
  const { stream, next, close } = await open(t);
  for (let frame = 0; frame < 20; frame++) await next();
  stream.setRate({ bitrateBps: 1_000_000, fps: 60, scaleQuarters: 2, temporalLayers: 2 });
  let first = await next();
  for (let frame = 0; frame < 8 && first.width === 320; frame++) first = await next();
  t.match(first, { isKeyframe: true, width: 160, height: 120, layer: 0 });
  t.ok(first.payloadBytes <= 1e6 / 8 * 0.16, `${first.payloadBytes} bytes`);
  const layers: number[] = [];
  for (let frame = 0; frame < 20; frame++) layers.push((await next()).layer);
  t.strictSame(layers, layers.map((_, at) => at % 2 === 0 ? 1 : 0), "every other frame");
  stream.setRate({ bitrateBps: 10_000_000, fps: 60, scaleQuarters: 4, temporalLayers: 1 });
  let full = await next();
  for (let frame = 0; frame < 8 && full.width === 160; frame++) full = await next();
  t.match(full, { isKeyframe: true, width: 320, height: 240 });
  t.equal((await next()).layer, 0);
  t.match(stream.counters(), { shapeChanges: 2, shapeRefusals: 0 });
  t.ok(stream.counters().disposableFrames >= 10);
  await close();
});

t.test("MediaStream's frames follow a step of the path within 300 ms", async (t) => {
  const { stream, next, close } = await open(t, { ...CONFIG, width: 640, height: 360 });
  for (let frame = 0; frame < 30; frame++) await next();
  const bitrateBps = 300_000;
  stream.setRate({ bitrateBps, fps: 60, scaleQuarters: 4, temporalLayers: 1 });
  const frames: MediaRecordHeader[] = [];
  while (frames.length < 78) frames.push(await next());
  const shareOf = (from: number, to: number): number => {
    const part = frames.slice(from, to);
    const bytes = part.reduce((sum, { payloadBytes }) => sum + payloadBytes, 0);
    const spanUs = (frames[to]?.captureTimeUs ?? 0) - (frames[from]?.captureTimeUs ?? 0);
    return bytes * 8e6 / spanUs / bitrateBps;
  };
  const [early, later] = [shareOf(18, 30), shareOf(30, 77)];
  t.ok(early <= 1.3, `after 18 frames ${early.toFixed(2)} of the target`);
  t.ok(later <= 1.1, `later ${later.toFixed(2)}`);
  await close();
});

t.test("MediaStream bounds what a keyframe takes of a narrow path", async (t) => {
  const { stream, next, close } = await open(t);
  const first = await next();
  for (let frame = 0; frame < 10; frame++) await next();
  const bitrateBps = 200_000;
  stream.setRate({ bitrateBps, fps: 60, scaleQuarters: 4, temporalLayers: 1 });
  for (let frame = 0; frame < 30; frame++) await next();
  stream.requestKeyframe("join");
  stream.tick(monotonicUs());
  let keyframe = await next();
  for (let frame = 0; frame < 8 && !keyframe.isKeyframe; frame++) keyframe = await next();
  t.ok(keyframe.isKeyframe && keyframe.qp > first.qp, `a keyframe at ${keyframe.qp}`);
  const share = keyframe.payloadBytes / (bitrateBps / 8);
  t.ok(share < 0.2, `${share} s of the path, the first one took ${first.payloadBytes} bytes`);
  await close();
});

t.test("MediaStream gives everything back when it cannot open", async (t) => {
  const output = MediaOutput.open({ ringBytes: 2 * 1024 * 1024 });
  const encoders = new EncoderPool();
  const context = { output, encoders, nowUs: monotonicUs, input: IGNORED };
  const x11 = { ...CONFIG, source: "x11" as const, display: ":9876" };
  await t.rejects(MediaStream.open(x11, context), { name: "NativeError" });
  const tooWide = { ...CONFIG, width: 8193 };
  await t.rejects(MediaStream.open(tooWide, context), { name: "RangeError" });
  encoders[Symbol.dispose]();
  output[Symbol.dispose]();
  const live = Object.entries(nativeMemoryStats()).filter(([, stats]) => stats.live > 0);
  t.strictSame(live, []);
});
