/**
 * Conformance of captured screens that change: another size in the middle of a stream, and monitors
 * that move, go and come. A real Xvfb is changed through RandR; an independent decoder judges.
 */

import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import {
  FramePool,
  MediaOutput,
  MediaStream,
  NativeEncoderPool,
  nativeMemoryStats,
  stagingFrameBytes,
  type StreamSource,
} from "../../ffi/mod.ts";
import { readMarker } from "../../web/viewer/decode/marker_reader.ts";
import { decodeSizes, decodeVideo } from "../native/decode_video.ts";
import { isKeyframe, payloads } from "../native/encoder_rig.ts";
import { KIND, type MediaRecord, RecordReader } from "../native/record_reader.ts";
import { addMonitor, moveMonitor, removeMonitor, ScreenControl } from "../native/screen_control.ts";
import { Xvfb } from "../native/xvfb.ts";

const MAX = { width: 1024, height: 640 } as const;
const STATUS_CHANGED = 2;
const STATUS_MOVED = 3;
const STATUS_UNAVAILABLE = -4;
const RESIZES = 50;
const SCENE = new URL("../../build/native/wavry_scene", import.meta.url).pathname;

await buildNative();

interface Rig extends AsyncDisposable {
  readonly server: Xvfb;
  readonly control: ScreenControl;
  readonly pool: FramePool;
  readonly output: MediaOutput;
  readonly reader: RecordReader;
  open(source?: Partial<StreamSource>): Promise<MediaStream>;
}

async function openRig(shmem: boolean): Promise<Rig> {
  const server = await Xvfb.start({ ...MAX, shmem });
  const scene = new Deno.Command(SCENE, {
    args: ["scroll", "--display", server.display, "--fps", "60"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const control = new ScreenControl(server.display);
  const output = MediaOutput.open({ ringBytes: 8 << 20 });
  const frameBytes = stagingFrameBytes(MAX.width, MAX.height);
  const pool = FramePool.open({ count: 2, frameBytes, bytesMax: 2 * frameBytes });
  const encoders = NativeEncoderPool.open({ encodersMax: 1, idleMax: 1 });
  const streams: MediaStream[] = [];
  const screen = {
    kind: "x11" as const,
    display: server.display,
    ...(shmem ? { framebufferShmId: server.shmId } : {}),
  };
  return {
    ...{ server, control, pool, output },
    reader: new RecordReader(output),
    async open(source = {}) {
      const options = { streamId: 0, fpsMax: 60, qp: 28, encoders, cursor: false };
      const stream = await MediaStream.open(output, pool, {
        ...options,
        source: { ...screen, ...source } as StreamSource,
      });
      streams.push(stream);
      stream.start();
      return stream;
    },
    async [Symbol.asyncDispose]() {
      for (const stream of streams) stream[Symbol.dispose]();
      encoders[Symbol.dispose]();
      pool[Symbol.dispose]();
      output[Symbol.dispose]();
      scene.kill("SIGTERM");
      await scene.status;
      await control[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Records up to the one that tells of a change, and `count` frames behind it. */
async function across(reader: RecordReader, count: number) {
  const before: MediaRecord[] = [];
  let record = await reader.next(5000);
  while (record !== undefined && !(record.kind === KIND.status)) {
    if (record.kind === KIND.video) before.push(record);
    record = await reader.next(5000);
  }
  return { before, status: record, after: await reader.frames(count) };
}

function factsOf(status: MediaRecord | undefined): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(status?.payload));
}

for (const shmem of [true, false]) {
  const name = shmem ? "xvfb-framebuffer" : "x11-shm";
  t.test(`${name} follows the size of its screen within one stream`, async (t) => {
    await using rig = await openRig(shmem);
    const { reader, control, pool } = rig;
    const stream = await rig.open();
    await reader.nextOf(KIND.status);
    await reader.frames(3);
    for (const [width, height] of [[800, 500], [641, 361], [1024, 640]] as const) {
      const even = { width: width & ~1, height: height & ~1 };
      t.match(await control.size(width, height), { isDone: true }, `to ${width}x${height}`);
      const { before, status, after } = await across(reader, 8);
      t.equal(status?.serial, STATUS_CHANGED, "says that it changed");
      t.match(factsOf(status), { source: name, ...even, screenWidth: even.width });
      t.same(after.map(isKeyframe), after.map((_, at) => at === 0), "with one keyframe");
      t.ok(after.every((frame) => frame.width === even.width && frame.height === even.height));
      const numbers = [...before, ...after].map(({ frameId }) => frameId);
      t.same(numbers, numbers.map((_, at) => numbers[0]! + at), "no number is left out");
      const { pictures, complaints } = await decodeSizes(after);
      t.equal(complaints, "", "and decodes");
      t.ok(pictures.every((picture) => readMarker(picture, even.width) !== undefined));
      const { x, y, screenChanges: _, ...place } = stream.stats;
      t.match({ x, y, ...place }, { x: 0, y: 0, ...even, status: 0 });
      t.equal(pool.stats.frameBytes, stagingFrameBytes(even.width, even.height), "frames fit");
    }
    t.match(await control.size(MAX.width + 2, 500), { isDone: false, why: /does not go to/ });
    t.equal(stream.stats.screenChanges, 3);
    await stream.stop();
  });
}

t.test(`memory is the same after ${RESIZES} changes of size`, async (t) => {
  for (const shmem of [true, false]) {
    {
      await using rig = await openRig(shmem);
      const stream = await rig.open();
      await rig.reader.nextOf(KIND.status);
      await rig.reader.frames(2);
      const before = nativeMemoryStats();
      for (let at = 1; at <= RESIZES; at++) {
        const last = at === RESIZES;
        const width = last ? MAX.width : 400 + (at * 74) % 600;
        t.match(await rig.control.size(width, last ? MAX.height : 300 + at * 4), { isDone: true });
        // A size that is overtaken by the next is not waited for: windows are dragged.
        if (at % 5 === 0) await rig.reader.frames(1);
        else await rig.reader.drain(0);
      }
      let frame = (await rig.reader.frames(1))[0];
      while (frame?.width !== MAX.width) frame = (await rig.reader.frames(1))[0];
      await rig.reader.frames(2);
      t.equal(stream.stats.status, 0, "still runs");
      await stream.stop();
      const after = nativeMemoryStats();
      const types = ["capture", "segment", "convert", "encoder", "stream"] as const;
      for (const type of types) {
        t.equal(after[type].live, before[type].live, `${type}: as many`);
        t.equal(after[type].liveBytes, before[type].liveBytes, `${type}: as many bytes`);
      }
      t.equal(rig.pool.stats.inUse, 0, "no frame is leased");
    }
    for (const [type, { live }] of Object.entries(nativeMemoryStats())) {
      t.equal(live, 0, `no ${type} is left`);
    }
  }
});

t.test("a monitor is captured wherever it is, and ends when it is unplugged", async (t) => {
  await using rig = await openRig(true);
  const { server: { display }, reader } = rig;
  await addMonitor(display, "Left", [600, 640, 0, 0]);
  await addMonitor(display, "Right", [424, 640, 600, 0]);
  await t.rejects(
    rig.open({ monitor: "Middle" } as Partial<StreamSource>),
    /monitor "Middle" is not plugged in/,
    "one that is not there",
  );
  const stream = await rig.open({ monitor: "Left" } as Partial<StreamSource>);
  t.match(factsOf(await reader.nextOf(KIND.status)), { width: 600, height: 640 });
  const frames = await reader.frames(10);
  const seen = await decodeVideo(payloads(frames), { width: 600, height: 640 });
  t.ok(readMarker(seen.pictures.at(-1)!, 600) !== undefined, "it shows its part of the screen");

  await moveMonitor(display, "Right", [400, 640, 624, 0]);
  await reader.frames(3);
  t.equal(stream.stats.screenChanges, 0, "another monitor is none of its business");

  await moveMonitor(display, "Left", [600, 640, 100, 0]);
  const moved = await across(reader, 2);
  t.equal(moved.status?.serial, STATUS_MOVED, "a move is told");
  t.match(stream.stats, { x: 100, y: 0, width: 600, height: 640 });
  t.same(moved.after.filter(isKeyframe), [], "which needs no keyframe");

  await moveMonitor(display, "Left", [300, 400, 0, 0]);
  const smaller = await across(reader, 2);
  t.match(factsOf(smaller.status), { width: 300, height: 400 }, "and of another size");
  t.same(smaller.after.map(isKeyframe), [true, false]);

  await removeMonitor(display, "Left");
  const { status } = await across(reader, 0);
  t.equal(status?.serial, STATUS_UNAVAILABLE);
  t.equal(new TextDecoder().decode(status?.payload), 'monitor "Left" is not plugged in');
  await stream.stop();
});

t.test("the program tells monitors once, and takes nothing but sizes", async (t) => {
  await using server = await Xvfb.start(MAX);
  const control = new ScreenControl(server.display);
  const whole = { name: "screen", x: 0, y: 0, ...MAX, primary: false };
  t.match(await control.next("monitors"), { ...MAX, monitors: [whole] });
  for (const line of ["size 15 400 96", "size 400 400", "size 1 2 3 4", "hello", "x".repeat(500)]) {
    await control.say(line);
    t.match(await control.next("resized"), { isDone: false, why: "the line is no size" }, line);
  }
  await addMonitor(server.display, 'a"b\\c\n', [300, 640, 0, 0]);
  const { monitors = [] } = await control.next("monitors");
  t.ok(monitors.some(({ name }) => name === "a?b?c?"), "a name that JSON would escape");
  t.match(await control.size(640, 400), { isDone: true });
  t.match(await control.size(640, 400), { isDone: true }, "the same size again");
  t.match(await control.next("monitors"), { width: 640, height: 400 });
  t.equal(await control.end(), 0, "it ends with its input");
});
