/** MediaStream: configuration, life, a slow reader, an exhausted pool and a display that goes away. */

import t from "tap";
import {
  FramePool,
  MediaOutput,
  MediaStream,
  type MediaStreamOptions,
  nativeMemoryStats,
  stagingFrameBytes,
  STATUS,
} from "../../../ffi/mod.ts";
import { buildNative } from "../../../ffi/build.ts";
import { readMarker } from "../../../web/viewer/decode/marker_reader.ts";
import { decodeVideo } from "../../native/decode_video.ts";
import { FLAG, KIND, RecordReader } from "../../native/record_reader.ts";
import { Xvfb } from "../../native/xvfb.ts";

const PATTERN: MediaStreamOptions = {
  streamId: 1,
  source: { kind: "pattern" },
  width: 320,
  height: 240,
  fpsMax: 60,
  qp: 26,
};

await buildNative();

interface Rig extends Disposable {
  readonly output: MediaOutput;
  readonly pool: FramePool;
  readonly reader: RecordReader;
}

function rig(width = 640, height = 480, count = 2): Rig {
  const output = MediaOutput.open({ ringBytes: 4 << 20 });
  const frameBytes = stagingFrameBytes(width, height);
  const pool = FramePool.open({ count, frameBytes, bytesMax: count * frameBytes });
  return {
    output,
    pool,
    reader: new RecordReader(output),
    [Symbol.dispose]() {
      pool[Symbol.dispose]();
      output[Symbol.dispose]();
    },
  };
}

t.test("MediaStream.open refuses what it cannot do, and says what", async (t) => {
  using parts = rig();
  const open = (change: Partial<MediaStreamOptions>) =>
    MediaStream.open(parts.output, parts.pool, { ...PATTERN, ...change });
  const cases: [Partial<MediaStreamOptions>, string][] = [
    [{ streamId: 16 }, "Cannot stream the pattern: the stream number is out of range"],
    [{ fpsMax: 0 }, "Cannot stream the pattern: the frame rate is out of range"],
    [{ qp: 52 }, "Cannot stream the pattern: the quantiser is out of range"],
    [{ threads: 17 }, "Cannot stream the pattern: the number of threads is out of range"],
    [{ settleUs: 20_001 }, "Cannot stream the pattern: the settle time is out of range"],
    [
      { width: 1920, height: 1080 },
      "Cannot stream the pattern: a frame of 1920x1080 needs 3110400 bytes, the pool has 460800",
    ],
    [
      { source: { kind: "x11", display: ":59999" } },
      'Cannot stream display ":59999": display ":59999" does not answer',
    ],
  ];
  for (const [change, message] of cases) {
    await t.rejects(open(change), { name: "NativeError", message });
  }
  await t.rejects(open({ source: { kind: "x11", display: "x".repeat(64) } }), RangeError);
  await using server = await Xvfb.start({ width: 640, height: 480 });
  const { display } = server;
  await t.rejects(open({ source: { kind: "x11", display, framebufferShmId: 123456789 } }), {
    name: "NativeError",
    message: `Cannot stream display "${display}": there is no shared segment 123456789`,
  });
  await t.rejects(open({ source: { kind: "x11", display, x: 600 } }), {
    name: "NativeError",
    message: /region 320x240\+600\+0 is not on the screen 640x480/,
  });
  for (const [type, stats] of Object.entries(nativeMemoryStats())) {
    if (type !== "output" && type !== "pool" && type !== "frame") t.equal(stats.live, 0, type);
  }
});

t.test("MediaStream stops, starts again with a keyframe and goes on counting", async (t) => {
  {
    using parts = rig();
    using stream = await MediaStream.open(parts.output, parts.pool, PATTERN);
    stream.start();
    t.throws(() => stream.start(), { name: "NativeError", message: "Cannot start a stream" });
    const before = (await parts.reader.frames(5)).at(-1);
    await stream.stop();
    await stream.stop();
    const rest = (await parts.reader.drain(50)).at(-1) ?? before;
    t.same(await parts.reader.drain(100), [], "nothing after stop");
    stream.start();
    const again = await parts.reader.frames(2);
    t.equal(again[0]?.flags, FLAG.keyframe, "begins with a keyframe");
    t.equal(again[0]?.frameId, (rest?.frameId ?? 0) + 1, "the count goes on");
    t.equal(again[1]?.referenceDistance, 1);
    const { stats } = stream;
    t.ok(stats.framesEncoded >= 7 && stats.keyframes === 2, "counted");
    t.ok(stats.encodeUsTotal > 0 && stats.threadCpuUs > 0 && stats.bytesOut > 0, "measured");
    t.equal(parts.pool.stats.inUseMax, 1, "one frame of the pool at a time");
    stream[Symbol.dispose]();
    stream[Symbol.dispose]();
    t.throws(() => stream.setQp(20), { name: "NativeError", message: /disposed/ });
  }
  for (const [type, stats] of Object.entries(nativeMemoryStats())) {
    t.equal(stats.live, 0, `no ${type} is left`);
  }
});

t.test("MediaStream keeps to the frame rate, also when it changes", async (t) => {
  using parts = rig();
  using stream = await MediaStream.open(parts.output, parts.pool, { ...PATTERN, fpsMax: 100 });
  stream.start();
  await parts.reader.frames(10);
  stream.setFps(20);
  await parts.reader.frames(5);
  const slow = (await parts.reader.frames(11)).map(({ captureTimeUs }) => captureTimeUs);
  const intervals = slow.slice(1).map((atUs, index) => atUs - slow[index]!).sort((a, b) => a - b);
  // A busy machine stretches some intervals, not most of them.
  const middleUs = intervals[5]!;
  t.ok(middleUs > 45_000 && middleUs < 60_000, `20 a second: ${intervals.join(", ")} us`);
});

t.test("MediaStream does not grab while nobody reads, and counts it", async (t) => {
  using parts = rig();
  using stream = await MediaStream.open(parts.output, parts.pool, PATTERN);
  stream.start();
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.equal(stream.stats.framesEncoded, 3, "three frames wait, no more are made");
  t.ok(stream.stats.skippedOutputFull >= 20, `${stream.stats.skippedOutputFull} were skipped`);
  const frames = await parts.reader.frames(5);
  t.same(frames.map((frame) => frame.frameId), [1, 2, 3, 4, 5], "the chain is whole");
  t.ok((frames[3]?.droppedFrames ?? 0) >= 20, "the next frame tells how many");
  const gapUs = (frames[3]?.captureTimeUs ?? 0) - (frames[2]?.captureTimeUs ?? 0);
  t.ok(gapUs > 400_000, "and shows the newest picture, not an old one");
});

t.test("MediaStream goes on when the pool was exhausted", async (t) => {
  using parts = rig(320, 240, 1);
  using one = await MediaStream.open(parts.output, parts.pool, PATTERN);
  using two = await MediaStream.open(parts.output, parts.pool, { ...PATTERN, streamId: 2 });
  one.start();
  two.start();
  const frames = await parts.reader.frames(60);
  t.ok(frames.some((frame) => frame.streamId === 1), "stream 1 delivers");
  t.ok(frames.some((frame) => frame.streamId === 2), "stream 2 delivers");
  await one.stop();
  await two.stop();
  const exhausted = one.stats.poolExhausted + two.stats.poolExhausted;
  t.equal(parts.pool.stats.exhaustions, exhausted, `${exhausted} exhaustions are counted`);
});

t.test("MediaStream reports a lost display and the process lives on", async (t) => {
  for (const shmem of [false, true]) {
    using parts = rig();
    const server = await Xvfb.start({ width: 640, height: 480, shmem });
    using stream = await MediaStream.open(parts.output, parts.pool, {
      ...PATTERN,
      source: { kind: "x11", display: server.display },
      width: 0,
      height: 0,
    });
    stream.start();
    await parts.reader.frames(1);
    await server.kill();
    let status = await parts.reader.nextOf(KIND.status);
    while (status.serial === 1) status = await parts.reader.nextOf(KIND.status);
    t.equal(status.serial, STATUS.displayLost, "the record says so");
    t.equal(new TextDecoder().decode(status.payload), "the display went away");
    t.equal(stream.stats.status, STATUS.displayLost, "and the counters");
    await stream.stop();
    t.throws(() => stream.start(), { name: "NativeError", message: /status -5/ });
  }
});

t.test("MediaStream stops in time though the X server hangs", async (t) => {
  using parts = rig();
  await using server = await Xvfb.start({ width: 640, height: 480 });
  using stream = await MediaStream.open(parts.output, parts.pool, {
    ...PATTERN,
    source: { kind: "x11", display: server.display },
    width: 0,
    height: 0,
  });
  stream.start();
  await parts.reader.frames(1);
  server.signal("SIGSTOP");
  stream.requestRefresh();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = performance.now();
  await stream.stop();
  const tookMs = performance.now() - before;
  server.signal("SIGCONT");
  t.ok(tookMs < 10_000, `stopped after ${tookMs.toFixed(0)} ms`);
});

t.test("MediaStream sends the pointer image apart from the picture", async (t) => {
  using parts = rig();
  await using server = await Xvfb.start({ width: 640, height: 480 });
  using stream = await MediaStream.open(parts.output, parts.pool, {
    ...PATTERN,
    source: { kind: "x11", display: server.display },
    width: 0,
    height: 0,
  });
  stream.start();
  const cursor = await parts.reader.nextOf(KIND.cursor);
  t.ok(cursor.width > 0 && cursor.height > 0 && cursor.serial !== 0, "with size and serial");
  t.equal(cursor.payload.length, cursor.width * cursor.height * 4, "RGBA");
});

t.test("MediaStream takes 3840x2160, with fewer frames kept than its level allows", async (t) => {
  using parts = rig(3840, 2160, 1);
  using stream = await MediaStream.open(parts.output, parts.pool, {
    ...PATTERN,
    width: 3840,
    height: 2160,
    qp: 30,
  });
  stream.start();
  const status = await parts.reader.nextOf(KIND.status);
  t.match(new TextDecoder().decode(status.payload), /"codec":"avc1.42c034"/, "level 5.2");
  const frames = await parts.reader.frames(4);
  await stream.stop();
  const size = { width: 3840, height: 2160 };
  const decoded = await decodeVideo(frames.map((frame) => frame.payload), size);
  t.same(
    decoded.pictures.map((picture) => readMarker(picture, 3840) !== undefined),
    [true, true, true, true],
    "every marker is read",
  );
});
