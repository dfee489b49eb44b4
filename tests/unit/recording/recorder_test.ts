import t from "tap";
import { writeLengths, writeStartCodes } from "../../../src/wire/access_unit.ts";
import { sampleBytesMax } from "../../../src/wire/access_unit.ts";
import type { PartSink } from "../../../src/recording/recorder.ts";
import { framePrint, probe, readSamples, samplePrint } from "../../recorded_samples.ts";
import { seededRandom } from "../../seeded.ts";
import {
  DESCRIPTION,
  encodedFrames,
  FRAME_US,
  makeRecorder,
  openFolder,
  record,
  START_US,
} from "./recording_bench.ts";

const frames = await encodedFrames(120);
const prints = await Promise.all(frames.map(({ payload }) => framePrint(payload)));

t.test("Recorder writes every frame as the encoder made it", async (t) => {
  const folder = await openFolder(t);
  const id = await record(folder, frames);
  const entry = folder.find(id)!;
  t.match(entry, { streamId: 3, frames: 120, state: "complete", codec: DESCRIPTION.codec });
  t.equal(entry.startUs, START_US);
  t.equal(entry.endUs, START_US + 120 * FRAME_US);
  t.equal(entry.startedMs, 1_700_000_000_000);
  t.equal(entry.bytes, (await Deno.stat(entry.path)).size);
  const samples = await readSamples(await Deno.readFile(entry.path));
  t.strictSame(samples.map(({ print }) => print), prints);
  t.strictSame(samples.map(({ timeUs }) => timeUs), frames.map((_frame, i) => i * FRAME_US));
  t.strictSame(
    samples.flatMap(({ isKeyframe }, i) => isKeyframe ? [i] : []),
    frames.flatMap(({ referenceDistance }, i) => referenceDistance === 0 ? [i] : []),
  );
  const found = await probe(entry.path);
  t.equal(found.complaints, "");
  t.equal(found.frames, 120);
});

t.test("Recorder splits by duration and by size, at keyframes and without a gap", async (t) => {
  for (
    const limits of [{ splitUs: 1_500_000, splitBytes: 0 }, { splitUs: 0, splitBytes: 30_000 }]
  ) {
    const folder = await openFolder(t);
    await record(folder, frames, { limits: { ...limits, queueBytes: 16e6 } });
    const entries = folder.list().toReversed();
    t.ok(entries.length >= 2, `${entries.length} files`);
    const written: string[] = [];
    for (const [i, entry] of entries.entries()) {
      const samples = await readSamples(await Deno.readFile(entry.path));
      t.ok(samples[0]!.isKeyframe);
      written.push(...samples.map(({ print }) => print));
      if (i > 0) t.equal(entry.startUs, entries[i - 1]!.endUs, "goes on where the last one ends");
    }
    t.strictSame(written, prints);
  }
});

t.test("Recorder begins a new file when the picture changes its form", async (t) => {
  const folder = await openFolder(t);
  const { recorder } = makeRecorder(folder);
  const larger = await encodedFrames(30, "320x192");
  for (const frame of frames.slice(0, 60)) recorder.push(frame, frame.captureTimeUs);
  recorder.describe({ ...DESCRIPTION, codedWidth: 320, codedHeight: 192 });
  for (const frame of larger) {
    recorder.push({ ...frame, captureTimeUs: frame.captureTimeUs + 60 * FRAME_US }, 0);
  }
  await recorder.stop("asked", 0);
  t.strictSame(folder.list().map(({ width, frames }) => [width, frames]), [[320, 30], [160, 60]]);
});

t.test("Recorder drops what a slow disk has no room for, up to a keyframe, and counts it", async (t) => {
  const folder = await openFolder(t);
  let free = () => {};
  const stalled = new Promise<void>((resolve) => free = resolve);
  const open = async (file: Parameters<typeof folder.create>[0]): Promise<PartSink> => {
    const sink = await folder.create(file);
    return { ...sink, append: async (part) => (await stalled, await sink.append(part)) };
  };
  const queueBytes = 300_000;
  const { recorder } = makeRecorder(folder, {
    open,
    limits: { splitUs: 0, splitBytes: 0, queueBytes },
  });
  let most = 0;
  for (const frame of frames) {
    recorder.push(frame, frame.captureTimeUs);
    most = Math.max(most, recorder.heldBytes);
  }
  t.ok(most <= 2 * queueBytes, `held ${most} bytes at most`);
  const { framesDropped } = recorder.stats;
  t.ok(framesDropped > 0, `${framesDropped} dropped`);
  free();
  await recorder.stop("asked", frames.at(-1)!.captureTimeUs);
  t.equal(recorder.stats.frames + framesDropped, frames.length, "every frame is accounted for");
  const samples = await readSamples(await Deno.readFile(folder.list()[0]!.path));
  t.equal(samples.length, recorder.stats.frames);
  const places = samples.map(({ print }) => prints.indexOf(print));
  for (const [i, place] of places.entries()) {
    const isNext = i === 0 ? place === 0 : place === places[i - 1]! + 1;
    t.ok(isNext || samples[i]!.isKeyframe, `frame ${place} can be decoded`);
  }
  t.ok(recorder.heldBytes === 0, "nothing is held in the end");
});

t.test("Recorder stops by itself for a reason, and what is written plays", async (t) => {
  const full = Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
  for (const reason of ["disk_full", "write_failed"] as const) {
    const folder = await openFolder(t);
    let parts = 0;
    const { recorder, stopped } = makeRecorder(folder, {
      open: async (file) => {
        const sink = await folder.create(file);
        const fail = () => Promise.reject(reason === "disk_full" ? full : new Error("I/O error"));
        return { ...sink, append: (part) => ++parts > 3 ? fail() : sink.append(part) };
      },
    });
    for (const frame of frames) recorder.push(frame, frame.captureTimeUs);
    await recorder.stop("asked", frames.at(-1)!.captureTimeUs);
    t.strictSame(stopped, [], "it had been stopped before the disk said so");
    t.equal(recorder.stopped, "asked");
    const entry = folder.list()[0]!;
    t.equal(entry.state, "complete");
    t.equal((await probe(entry.path)).frames, entry.frames);
    const again = makeRecorder(folder, { open: () => Promise.reject(full) });
    again.recorder.push(frames[0]!, 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    t.strictSame(again.stopped, ["disk_full"]);
    t.equal(again.recorder.heldBytes, 0);
  }
});

t.test("Recorder asks for keyframes when they are due", async (t) => {
  const folder = await openFolder(t);
  const { recorder, asked } = makeRecorder(folder);
  recorder.push(frames[1]!, 0);
  t.strictSame(asked, [true], "at once while nothing can be written");
  for (const [i, frame] of frames.slice(0, 50).entries()) {
    const referenceDistance = i === 0 ? 0 : 1;
    recorder.push({ ...frame, referenceDistance }, frame.captureTimeUs);
  }
  t.ok(asked.length > 1 && !asked.slice(1).includes(true), "with the next change after a second");
  await recorder.stop("asked", 0);
  t.equal(folder.list()[0]!.frames, 50);
});

t.test("Recorder writes a still screen without waiting for another frame", async (t) => {
  const folder = await openFolder(t);
  const { recorder } = makeRecorder(folder);
  for (const frame of frames.slice(0, 3)) recorder.push(frame, frame.captureTimeUs);
  await new Promise((resolve) => setTimeout(resolve, 900));
  t.equal(folder.list()[0]?.frames, 3, "they are in the file");
  await recorder.stop("asked", frames[2]!.captureTimeUs + 4_000_000);
  const entry = folder.list()[0]!;
  t.equal(entry.endUs, frames[2]!.captureTimeUs + 4_000_000, "the screen stood until then");
});

t.test("Recorder puts sound beside the picture", async (t) => {
  const folder = await openFolder(t);
  const { recorder } = makeRecorder(folder);
  recorder.describeAudio({ channels: 2 });
  // Opus: one frame of 20 ms of silence, as RFC 6716 has it.
  const packet = Uint8Array.of(0xfc, 0xff, 0xfe);
  for (const frame of frames.slice(0, 60)) {
    recorder.push(frame, frame.captureTimeUs);
    for (const offsetUs of [0, 20_000]) {
      const captureTimeUs = frame.captureTimeUs + offsetUs;
      if (offsetUs === 0 || frame.frameId % 3 === 0) {
        recorder.pushAudio({ captureTimeUs, durationUs: 20_000, payload: packet });
      }
    }
  }
  await recorder.stop("asked", frames[59]!.captureTimeUs + FRAME_US);
  const { path } = folder.list()[0]!;
  const { stdout, stderr } = await new Deno.Command("ffprobe", {
    args: [
      ...["-v", "error", "-count_packets", "-of", "json", "-show_entries"],
      ...["stream=codec_name,channels,sample_rate,nb_read_packets", path],
    ],
  }).output();
  t.equal(new TextDecoder().decode(stderr), "");
  t.match(JSON.parse(new TextDecoder().decode(stdout)).streams, [
    { codec_name: "h264", nb_read_packets: "60" },
    { codec_name: "opus", channels: 2, sample_rate: "48000", nb_read_packets: "80" },
  ]);
});

t.test("A frame keeps its units through lengths and back", async (t) => {
  const random = seededRandom("units");
  for (let i = 0; i < 300; i++) {
    const parts: number[] = [];
    for (let unit = 0; unit <= random.int(5); unit++) {
      parts.push(...random.int(2) === 0 ? [0, 0, 1] : [0, 0, 0, 1]);
      // A unit ends with something and has no start code in it.
      const size = 1 + random.int(40);
      for (let byte = 0; byte < size; byte++) {
        parts.push(byte % 2 ? random.int(3) : 2 + random.int(254));
      }
      parts.push(0x80);
    }
    const frame = Uint8Array.from(parts);
    const room = new Uint8Array(sampleBytesMax(frame.byteLength));
    const sample = room.subarray(0, writeLengths(frame, room, 0));
    const before = await framePrint(frame);
    if (before !== await samplePrint(sample)) t.fail(`units of ${parts}`);
    t.ok(writeStartCodes(sample));
    if (before !== await framePrint(sample)) t.fail(`units of ${parts} again`);
  }
  t.notOk(writeStartCodes(Uint8Array.of(0, 0, 0, 9, 1)), "a length that lies");
});
