/** Tests of src/staging/frame_buffer_pool.ts on the real native library. */

import t from "tap";
import { STAGING_FRAMES } from "../../../src/memory/media_limits.ts";
import { MediaOutput, MediaStream, nativeMemoryStats } from "../../../ffi/mod.ts";
import {
  FrameBufferPool,
  MAX_FRAMES,
  MAX_POOL_BYTES,
} from "../../../src/staging/frame_buffer_pool.ts";

const SIZE = { width: 640, height: 360 };
/** I420 with rows of a multiple of 64 bytes. */
const FRAME_BYTES = 640 * 360 + 2 * 320 * 180;

t.test("FrameBufferPool allocates its frames at the start and frees them at the end", async (t) => {
  const before = nativeMemoryStats().frame.liveBytes;
  const pool = new FrameBufferPool(SIZE);
  t.match(pool.stats, {
    framesMax: STAGING_FRAMES,
    frameBytes: FRAME_BYTES,
    allocated: STAGING_FRAMES,
    inUse: 0,
    available: STAGING_FRAMES,
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

t.test("FrameBufferPool keeps to a limit in bytes with fewer frames", async (t) => {
  using pool = new FrameBufferPool({ ...SIZE, framesMax: 8, bytesMax: FRAME_BYTES * 2 + 1 });
  t.equal(pool.stats.framesMax, 2);
  t.ok(pool.stats.totalBytes <= FRAME_BYTES * 2 + 1);
  t.throws(() => new FrameBufferPool({ ...SIZE, bytesMax: FRAME_BYTES - 1 }), {
    name: "RangeError",
    message: `Cannot hold a frame of ${FRAME_BYTES} bytes within ${FRAME_BYTES - 1} bytes`,
  });
});

t.test("FrameBufferPool refuses sizes and counts that make no sense", async (t) => {
  for (const framesMax of [0, -1, 1.5, MAX_FRAMES + 1, Number.NaN]) {
    t.throws(() => new FrameBufferPool({ ...SIZE, framesMax }), { name: "RangeError" });
  }
  for (const width of [0, 1, -2, 10.5, Number.NaN, Infinity]) {
    t.throws(() => new FrameBufferPool({ width, height: 2 }), { name: "RangeError" });
  }
  t.throws(() => new FrameBufferPool({ width: 20_000, height: 20_000 }), { name: "RangeError" });
  const largest = Math.floor(MAX_POOL_BYTES / (8192 * 8192 * 1.5));
  t.equal(largest, STAGING_FRAMES, "three of the largest pictures fit");
});

t.test("FrameBufferPool trims and grows again on demand", async (t) => {
  using pool = new FrameBufferPool(SIZE);
  t.equal(pool.trim(), STAGING_FRAMES);
  t.match(pool.stats, { allocated: 0, totalBytes: 0, available: STAGING_FRAMES });
  t.equal(pool.trim(), 0);
  using output = MediaOutput.open({ ringBytes: 2 * 1024 * 1024 });
  using stream = await MediaStream.open(output, pool.native, {
    streamId: 0,
    source: { kind: "pattern" },
    ...SIZE,
    fpsMax: 60,
    qp: 24,
  });
  stream.start();
  const buffer = new Uint8Array(2 * 1024 * 1024);
  for (let record = 0; record < 8; record++) t.ok(await output.next(buffer, 5000), "a record");
  await stream.stop();
  const { leases, reuseRatio, allocated, inUse, exhaustions } = pool.stats;
  t.ok(leases >= 6, `${leases} leases`);
  t.equal(allocated, 1, "one stream needs one frame at a time");
  t.equal(inUse, 0);
  t.equal(exhaustions, 0);
  t.ok(reuseRatio > 0 && reuseRatio < 1, `reuse ${reuseRatio}`);
});

t.test("FrameBufferPool gives memory back once it is idle, and once only", async (t) => {
  using pool = new FrameBufferPool(SIZE);
  const second = 1_000_000;
  t.equal(pool.trimWhenIdle(0), 0);
  t.equal(pool.trimWhenIdle(9 * second), 0, "not yet");
  t.equal(pool.trimWhenIdle(10 * second), STAGING_FRAMES);
  t.equal(pool.trimWhenIdle(30 * second), 0);
  t.equal(pool.stats.totalBytes, 0);
});
