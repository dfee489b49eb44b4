/** Tests of src/staging/frame_buffer_pool.ts on the real native library. */

import t from "tap";
import { STAGING_FRAMES } from "../../../src/memory/media_limits.ts";
import {
  type FrameLease,
  MediaOutput,
  MediaStream,
  monotonicUs,
  nativeMemoryStats,
  stagingFrameBytes,
} from "../../../ffi/mod.ts";
import {
  FrameBufferPool,
  MAX_FRAMES,
  MAX_POOL_BYTES,
  POOL_BYTES,
  poolBytesMax,
} from "../../../src/staging/frame_buffer_pool.ts";
import { KIND, RecordReader } from "../../native/record_reader.ts";

const SIZE = { width: 640, height: 360 };
/** I420 with rows of a multiple of 64 bytes. */
const FRAME_BYTES = 640 * 360 + 2 * 320 * 180;

t.test("FrameBufferPool allocates its first frames at once and frees all at the end", async (t) => {
  const before = nativeMemoryStats().frame.liveBytes;
  const pool = new FrameBufferPool(SIZE);
  t.match(pool.stats, {
    framesMax: MAX_FRAMES,
    frameBytes: FRAME_BYTES,
    allocated: STAGING_FRAMES,
    inUse: 0,
    workingSet: 0,
    available: MAX_FRAMES,
    totalBytes: STAGING_FRAMES * FRAME_BYTES,
    leases: 0,
    reuseRatio: 1,
    exhaustions: 0,
  });
  t.equal(nativeMemoryStats().frame.liveBytes - before, STAGING_FRAMES * FRAME_BYTES);
  pool[Symbol.dispose]();
  pool[Symbol.dispose]();
  t.equal(nativeMemoryStats().frame.liveBytes, before);
  t.throws(() => pool.stats, { name: "NativeError", reason: "invalid" });
});

t.test("FrameBufferPool hands frames out as leases, up to its limit and no further", async (t) => {
  using pool = new FrameBufferPool(SIZE);
  const leases: FrameLease[] = [];
  for (let frame = 0; frame < MAX_FRAMES; frame++) leases.push(pool.acquire()!);
  t.equal(pool.acquire(), undefined, "none is left, and nobody waits");
  t.match(pool.stats, { inUse: MAX_FRAMES, available: 0, leases: MAX_FRAMES, exhaustions: 1 });
  t.equal(pool.stats.totalBytes, MAX_FRAMES * FRAME_BYTES, "as many bytes as frames");
  t.equal(pool.stats.reuseRatio, STAGING_FRAMES / MAX_FRAMES, "the first ones were there");
  t.throws(() => pool[Symbol.dispose](), { name: "NativeError", message: /pool in use/ });
  const [first] = leases;
  t.equal(first?.byteLength, FRAME_BYTES);
  first?.fill(7);
  for (const lease of leases) lease[Symbol.dispose]();
  first?.[Symbol.dispose]();
  t.match(pool.stats, { inUse: 0, available: MAX_FRAMES }, "back, and once only");
  t.throws(() => first?.fill(1), { name: "NativeError", reason: "invalid" });
  for (let frame = 0; frame < 10_000; frame++) {
    using lease = pool.acquire();
    lease?.fill(frame);
  }
  t.ok(pool.stats.reuseRatio >= 0.999, `${pool.stats.reuseRatio} of the leases`);
});

t.test("FrameBufferPool keeps to a limit in bytes with fewer frames", async (t) => {
  using pool = new FrameBufferPool({ ...SIZE, framesMax: 8, bytesMax: FRAME_BYTES * 2 + 1 });
  t.equal(pool.stats.framesMax, 2);
  t.ok(pool.stats.totalBytes <= FRAME_BYTES * 2 + 1);
  t.throws(() => new FrameBufferPool({ ...SIZE, bytesMax: FRAME_BYTES - 1 }), {
    name: "RangeError",
    message: `Cannot hold a frame of ${FRAME_BYTES} bytes within ${FRAME_BYTES - 1} bytes`,
  });
});

t.test("poolBytesMax holds 8 frames of 2160p, and three of what is larger", async (t) => {
  t.equal(poolBytesMax(1920, 1080), POOL_BYTES);
  t.ok(8 * stagingFrameBytes(3840, 2160) <= poolBytesMax(3840, 2160));
  t.equal(poolBytesMax(7680, 4320), STAGING_FRAMES * stagingFrameBytes(7680, 4320));
  t.equal(poolBytesMax(8192, 8192), STAGING_FRAMES * stagingFrameBytes(8192, 8192));
  t.equal(poolBytesMax(16_384, 16_384), MAX_POOL_BYTES, "and not without end");
});

t.test("FrameBufferPool refuses sizes and counts that make no sense", async (t) => {
  for (const framesMax of [0, -1, 1.5, MAX_FRAMES + 1, Number.NaN]) {
    t.throws(() => new FrameBufferPool({ ...SIZE, framesMax }), { name: "RangeError" });
  }
  for (const width of [0, 1, -2, 10.5, Number.NaN, Infinity]) {
    t.throws(() => new FrameBufferPool({ width, height: 2 }), { name: "RangeError" });
  }
  t.throws(() => new FrameBufferPool({ width: 20_000, height: 20_000 }), { name: "RangeError" });
});

t.test("FrameBufferPool gives back what is above the working set, after a while", async (t) => {
  using pool = new FrameBufferPool(SIZE);
  const second = 1_000_000;
  const use = (frames: number) => {
    const leases = Array.from({ length: frames }, () => pool.acquire());
    for (const lease of leases) lease?.[Symbol.dispose]();
  };
  use(5);
  t.equal(pool.trimWhenIdle(0), 0);
  for (let at = 1; at < 10; at++) {
    use(1);
    t.equal(pool.trimWhenIdle(at * second), 0, "not yet");
  }
  t.equal(pool.trimWhenIdle(10 * second), 0, "five were needed within ten seconds");
  for (let at = 11; at < 20; at++) {
    use(1);
    t.equal(pool.trimWhenIdle(at * second), 0, `five may be needed again, at ${at} s`);
  }
  t.match(pool.stats, { workingSet: 5, allocated: 5 });
  use(2);
  t.equal(pool.trimWhenIdle(20 * second), 0);
  use(1);
  t.equal(pool.trimWhenIdle(30 * second), 3);
  t.match(pool.stats, { workingSet: 1, allocated: 2, totalBytes: 2 * FRAME_BYTES });
  use(1);
  t.equal(pool.trimWhenIdle(40 * second), 1);
  t.equal(pool.trimWhenIdle(50 * second), 0, "one was in use in the window before");
  t.equal(pool.trimWhenIdle(60 * second), 1, "a still screen needs none");
  t.match(pool.stats, { workingSet: 0, totalBytes: 0 });
  t.equal(pool.trimWhenIdle(90 * second), 0);
});

t.test("FrameBufferPool gives back what is above the working set at once when asked", async (t) => {
  using pool = new FrameBufferPool(SIZE);
  {
    using first = pool.acquire();
    using second = pool.acquire();
    t.ok(first !== undefined && second !== undefined);
  }
  t.equal(pool.trim(), STAGING_FRAMES - 2, "under pressure the stream goes on without allocating");
  t.equal(pool.trim(), 0);
  {
    using again = pool.acquire();
    t.ok(again !== undefined);
  }
  t.equal(pool.stats.reuseRatio, 1);
});

t.test("A stream that finds every frame out waits for nobody and shows the newest", async (t) => {
  using pool = new FrameBufferPool({ ...SIZE, framesMax: STAGING_FRAMES });
  using output = MediaOutput.open({ ringBytes: 2 * 1024 * 1024 });
  using stream = await MediaStream.open(output, pool.native, {
    streamId: 0,
    source: { kind: "pattern" },
    ...SIZE,
    fpsMax: 60,
    qp: 24,
  });
  const leases = Array.from({ length: STAGING_FRAMES }, () => pool.acquire());
  stream.start();
  const reader = new RecordReader(output);
  await reader.nextOf(KIND.status);
  while (stream.stats.poolExhausted < 5) t.equal(await reader.next(20), undefined, "no frame");
  const releasedUs = monotonicUs();
  for (const lease of leases) lease?.[Symbol.dispose]();
  const frame = await reader.nextOf(KIND.video);
  t.ok(frame.captureTimeUs >= releasedUs, "the picture is of now, not one that waited");
  t.ok(frame.droppedFrames >= 5, `${frame.droppedFrames} pictures were counted as dropped`);
  t.ok(pool.stats.exhaustions >= 5, `${pool.stats.exhaustions} refusals`);
  await stream.stop();
  t.match(pool.stats, { inUse: 0, reuseRatio: 1 });
});
