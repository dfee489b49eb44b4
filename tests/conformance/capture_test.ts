/**
 * Capture conformance: every source (pattern, X11 by shared images, X11 by Xvfb's framebuffer) gives
 * the picture that was drawn, keeps the rate, and stops without a trace.
 */

import t from "tap";
import {
  FramePool,
  MediaOutput,
  MediaStream,
  nativeMemoryStats,
  stagingFrameBytes,
  type StreamSource,
} from "../../ffi/mod.ts";
import { buildNative } from "../../ffi/build.ts";
import { readMarker } from "../../web/viewer/decode/marker_reader.ts";
import { decodeVideo } from "../native/decode_video.ts";
import { KIND, RecordReader } from "../native/record_reader.ts";
import { Xvfb } from "../native/xvfb.ts";

const WIDTH = 1024;
const HEIGHT = 576;
const SCENE = new URL("../../build/native/wavry_scene", import.meta.url).pathname;

await buildNative();

interface Source extends AsyncDisposable {
  readonly source: StreamSource;
}

async function scene(shmem: boolean): Promise<Source> {
  const server = await Xvfb.start({ width: WIDTH, height: HEIGHT, shmem });
  const child = new Deno.Command(SCENE, {
    args: ["scroll", "--display", server.display, "--fps", "60"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  return {
    source: {
      kind: "x11",
      display: server.display,
      ...(shmem ? { framebufferShmId: server.shmId } : {}),
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await server[Symbol.asyncDispose]();
    },
  };
}

const sources: Record<string, () => Promise<Source>> = {
  "pattern": async () => ({ source: { kind: "pattern" }, async [Symbol.asyncDispose]() {} }),
  "x11-shm": () => scene(false),
  "xvfb-framebuffer": () => scene(true),
};

for (const [name, open] of Object.entries(sources)) {
  t.test(`${name} delivers what was drawn, in order and at its rate`, async (t) => {
    await using opened = await open();
    {
      using output = MediaOutput.open({ ringBytes: 8 << 20 });
      const frameBytes = stagingFrameBytes(WIDTH, HEIGHT);
      using pool = FramePool.open({ count: 2, frameBytes, bytesMax: 2 * frameBytes });
      using stream = await MediaStream.open(output, pool, {
        streamId: 0,
        source: opened.source,
        width: WIDTH,
        height: HEIGHT,
        fpsMax: 60,
        qp: 20,
      });
      const reader = new RecordReader(output);
      stream.start();
      const status = await reader.nextOf(KIND.status);
      t.equal(status.serial, 1, "says that it started");
      const started = JSON.parse(new TextDecoder().decode(status.payload));
      t.match(started, { source: name, width: WIDTH, height: HEIGHT, codec: /^avc1\.42/ });
      await reader.frames(5);
      const frames = await reader.frames(60);
      const first = frames[0]?.captureTimeUs ?? 0;
      const spanUs = (frames.at(-1)?.captureTimeUs ?? 0) - first;
      const rate = 59e6 / spanUs;
      t.ok(rate > 30 && rate < 64, `${rate.toFixed(1)} frames a second of at most 60`);
      stream.requestKeyframe();
      let keyframe = (await reader.frames(1))[0];
      while (keyframe?.referenceDistance !== 0) keyframe = (await reader.frames(1))[0];
      const last = [keyframe, ...await reader.frames(20)];
      await stream.stop();
      const decoded = await decodeVideo(last.map((f) => f.payload), {
        width: WIDTH,
        height: HEIGHT,
      });
      const markers = decoded.pictures.map((picture) => readMarker(picture, WIDTH));
      t.equal(markers.length, last.length, "one picture for each record");
      t.equal(markers.indexOf(undefined), -1, "no marker is torn or misread");
      const numbers = markers.map((marker) => marker?.frame ?? 0);
      // Who draws may be held up in the middle of a picture; then its first part is a frame as well.
      t.ok(new Set(numbers).size > numbers.length / 2, `of ${numbers.length}: ${numbers}`);
      t.ok(
        numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0)),
        "none older than the one before",
      );
      // A grab's time is its beginning, so what is drawn during it is younger than its time.
      const agesUs = markers
        .map((marker, at) => ((last[at]?.captureTimeUs ?? 0) - (marker?.drawTimeUs ?? 0)) | 0)
        .sort((one, other) => one - other);
      if (name !== "pattern") {
        t.ok(Math.abs(agesUs[agesUs.length >> 1]!) < 100_000, `${agesUs.join(", ")} us old`);
        t.ok(agesUs.every((ageUs) => Math.abs(ageUs) < 2e6), "and none of another run");
      }
      t.equal(stream.stats.status, 0, "without an error");
    }
    for (const [type, stats] of Object.entries(nativeMemoryStats())) {
      t.equal(stats.live, 0, `no ${type} is left`);
    }
  });
}

/** Kind of the records that tell where the pointer is; see src/ipc/media_record.ts. */
const POINTER_RECORD = 7;

t.test("an X11 source of a screen that stays still makes no frames", async (t) => {
  for (const shmem of [false, true]) {
    await using server = await Xvfb.start({ width: 640, height: 480, shmem });
    using output = MediaOutput.open({ ringBytes: 8 << 20 });
    const frameBytes = stagingFrameBytes(640, 480);
    using pool = FramePool.open({ count: 2, frameBytes, bytesMax: 2 * frameBytes });
    using stream = await MediaStream.open(output, pool, {
      streamId: 0,
      source: { kind: "x11", display: server.display },
      fpsMax: 60,
      qp: 24,
    });
    const reader = new RecordReader(output);
    stream.start();
    await reader.drain(500);
    const before = stream.stats;
    const kinds = (await reader.drain(1000)).map((record) => record.kind);
    // Where the pointer is comes once a second, for who came late.
    t.same(kinds.filter((kind) => kind !== POINTER_RECORD), [], "nothing in a second");
    t.ok(kinds.length <= 2, `${kinds.length} words of the pointer`);
    t.equal(stream.stats.framesEncoded, before.framesEncoded, "nothing encoded");
    stream.setQp(12);
    stream.requestRefresh();
    const refreshed = await reader.frames(1);
    t.equal(refreshed[0]?.qp, 12, "a refresh comes on request, with the new quantiser");
    t.equal(refreshed[0]?.flags, 4, "marked as unchanged");
  }
});

t.test("an X11 source with a floor refreshes a still screen at that rate", async (t) => {
  await using server = await Xvfb.start({ width: 640, height: 480 });
  using output = MediaOutput.open({ ringBytes: 8 << 20 });
  const frameBytes = stagingFrameBytes(640, 480);
  using pool = FramePool.open({ count: 2, frameBytes, bytesMax: 2 * frameBytes });
  using stream = await MediaStream.open(output, pool, {
    streamId: 0,
    source: { kind: "x11", display: server.display },
    fpsMax: 60,
    fpsFloorMilliHz: 10_000,
    qp: 24,
  });
  const reader = new RecordReader(output);
  stream.start();
  const times = (await reader.frames(8)).slice(2).map(({ captureTimeUs }) => captureTimeUs);
  const intervals = times.slice(1).map((atUs, index) => atUs - times[index]!).sort((a, b) => a - b);
  // A busy machine stretches some intervals, not most of them.
  const middleUs = intervals[2]!;
  t.ok(middleUs > 85_000 && middleUs < 140_000, `10 a second: ${intervals.join(", ")} us`);
});
