import t from "tap";
import { Catalog } from "../../../src/recording/catalog.ts";
import { PartReader } from "../../../src/recording/part_reader.ts";
import { RecordedFrames } from "../../../src/recording/recorded_frames.ts";
import { inspectRecording, PositionedFile } from "../../../src/recording/recording_repair.ts";
import { framePrint, probe, readSamples, samplePrint } from "../../recorded_samples.ts";
import { seededRandom } from "../../seeded.ts";
import {
  encodedFrames,
  FRAME_US,
  makeRecorder,
  openFolder,
  record,
  START_US,
} from "./recording_bench.ts";

const frames = await encodedFrames(90);

/** The bytes of a recording that nobody ended, and where its parts begin and end. */
async function unended(): Promise<{ bytes: Uint8Array; ends: number[]; counts: number[] }> {
  const path = await Deno.makeTempDir({ prefix: "wavry-recordings-" });
  const folder = await openFolder(t, { path });
  // Two frames of them are the last part, which is small.
  const entry = folder.find(await record(folder, frames.slice(0, 77)))!;
  using file = await Deno.open(entry.path);
  const reader = new PartReader(new PositionedFile(file, entry.bytes));
  await reader.open();
  const ends = [reader.headerBytes];
  const counts = [0];
  for (let part = await reader.next(); part !== undefined; part = await reader.next()) {
    ends.push(part.end);
    counts.push(counts.at(-1)! + part.frames.length);
  }
  return { bytes: (await Deno.readFile(entry.path)).subarray(0, ends.at(-1)), ends, counts };
}

const whole = await unended();

t.test("A file that ends at any byte of its last part is cut behind the part before", async (t) => {
  const { bytes, ends, counts } = whole;
  const path = `${await t.testdir({})}/20261121T000000-3-abcdefgh.mp4`;
  const lastStart = ends.at(-2)!;
  await Deno.writeFile(path, bytes);
  let wrong = 0;
  for (let size = bytes.byteLength - 1; size >= lastStart; size--) {
    await Deno.truncate(path, size);
    const found = await inspectRecording(path, "20261121T000000-3-abcdefgh");
    const isRight = found.kind === "recording" && found.row.frames === counts.at(-2) &&
      found.bytesCut === size - lastStart && (await Deno.stat(path)).size === lastStart &&
      found.row.state === "repaired" && found.row.streamId === 3;
    if (!isRight) wrong++;
    // The next size needs the bytes that were cut.
    using file = await Deno.open(path, { write: true });
    await file.seek(lastStart, Deno.SeekMode.Start);
    await file.write(bytes.subarray(lastStart, size));
  }
  t.equal(wrong, 0, `${bytes.byteLength - lastStart} sizes`);
});

t.test("A file that is cut at random plays before and after it is mended", async (t) => {
  const { bytes, ends, counts } = whole;
  const random = seededRandom("torn files");
  const id = "20261121T000000-3-abcdefgh";
  const path = `${await t.testdir({})}/${id}.mp4`;
  for (let i = 0; i < 12; i++) {
    const size = ends[1]! + random.int(bytes.byteLength - ends[1]!);
    await Deno.writeFile(path, bytes.subarray(0, size));
    const parts = ends.findLastIndex((end) => end <= size);
    t.ok((await probe(path)).frames >= counts[parts]!, "as it was left");
    await inspectRecording(path, id);
    const { frames, complaints } = await probe(path);
    t.equal(frames, counts[parts]);
    t.equal(complaints, "");
  }
});

t.test("A file without a whole part is no recording, whatever is in it", async (t) => {
  const random = seededRandom("no recording");
  const id = "20261121T000000-3-abcdefgh";
  const path = `${await t.testdir({})}/${id}.mp4`;
  for (let i = 0; i < 60; i++) {
    const size = random.int(whole.ends[1]!);
    const bytes = whole.bytes.slice(0, size);
    // Noise, or the front of a recording.
    if (i % 2 === 0) { for (let at = 0; at < size; at++) bytes[at] = random.int(256); }
    await Deno.writeFile(path, bytes);
    const { kind } = await inspectRecording(path, id);
    // Some bytes of noise could be the front of anything.
    t.ok(kind === (i % 2 === 0 && size >= 8 ? "damaged" : "empty"), `${kind}: ${size} bytes`);
    t.equal((await Deno.stat(path)).size, size);
  }
});

t.test("Damage in the middle costs nothing that is behind it", async (t) => {
  const { bytes, ends, counts } = whole;
  const id = "20261121T000000-3-abcdefgh";
  const path = `${await t.testdir({})}/${id}.mp4`;
  const damaged = bytes.slice();
  damaged[ends[2]! + 5]! ^= 0xff;
  await Deno.writeFile(path, damaged);
  t.match(await inspectRecording(path, id), { bytesCut: 0, row: { frames: counts[2] } });
  t.equal((await Deno.stat(path)).size, bytes.byteLength);
  const zeros = new Uint8Array(bytes.byteLength);
  zeros.set(bytes.subarray(0, ends[2]));
  await Deno.writeFile(path, zeros);
  t.match(await inspectRecording(path, id), { row: { frames: counts[2] } });
  t.equal((await Deno.stat(path)).size, ends[2], "zeros are what a power cut leaves");
});

t.test("The catalogue is made anew when it is lost, damaged or of another time", async (t) => {
  const path = await Deno.makeTempDir({ prefix: "wavry-recordings-" });
  const first = await openFolder(t, { path });
  const ids = [await record(first, frames), await record(first, frames.slice(0, 40))];
  const before = first.list();
  first.close();
  const catalog = `${path}/recordings.sqlite`;
  const spoilers: [string, () => Promise<void> | void][] = [
    ["lost", () => Deno.remove(catalog)],
    ["noise", () => Deno.writeTextFile(catalog, "not a database".repeat(500))],
    ["cut", () => Deno.truncate(catalog, 5000)],
    ["overwritten", () => {
      using file = Deno.openSync(catalog, { write: true });
      file.seekSync(4096, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(4096).fill(0xaa));
    }],
    ["empty", () => Deno.truncate(catalog, 0)],
  ];
  for (const [name, spoil] of spoilers) {
    await spoil();
    const folder = await openFolder(t, { path });
    t.equal(folder.stats.rebuilt, 1, name);
    await folder.reconcile();
    t.strictSame(folder.list(), before, `${name}: the same as before`);
    t.equal(folder.totals.bytes, before.reduce((sum, { bytes }) => sum + bytes, 0));
    folder.close();
  }
  const kept = await openFolder(t, { path });
  t.equal(kept.stats.rebuilt, 0, "a good one stays");
  await Deno.remove(before[0]!.path);
  await kept.reconcile();
  t.equal(kept.list().length, 1, "what has no file is forgotten");
  t.ok(ids.includes(kept.list()[0]!.id));
});

t.test("Catalog gives what overlaps a time, newest first, and forgets", async (t) => {
  const catalog = Catalog.open(`${await t.testdir({})}/c.sqlite`);
  const row = { name: "a", codec: "avc1", width: 2, height: 2, bytes: 1, frames: 1 };
  for (let i = 0; i < 1200; i++) {
    const streamId = i % 2;
    const times = { startedMs: i * 1000, startUs: 0, endUs: 1_500_000 };
    catalog.put({ id: `r${i}`, ...row, ...times, streamId, state: "complete" });
  }
  const ids = (filter: Parameters<Catalog["list"]>[0]) => catalog.list(filter).map(({ id }) => id);
  t.strictSame(ids({ fromMs: 5000, toMs: 6000 }), ["r6", "r5", "r4"]);
  t.strictSame(ids({ fromMs: 5000, toMs: 6000, streamId: 1 }), ["r5"]);
  t.equal(catalog.list().length, 1000, "bounded");
  t.strictSame(catalog.totals, { recordings: 1200, bytes: 1200 });
  t.equal(catalog.oldest()?.id, "r0");
  t.ok(catalog.remove("r0"));
  t.notOk(catalog.remove("r0"));
  t.notOk(catalog.remove("'; DROP TABLE recordings; --"));
  t.equal(catalog.oldest()?.id, "r1");
  catalog.close();
});

t.test("A quota stops a recording, or deletes the oldest where that is asked for", async (t) => {
  const bytes = 60_000;
  const stops = await openFolder(t, { quotaBytes: bytes });
  const { recorder, stopped } = makeRecorder(stops);
  for (const frame of frames) recorder.push(frame, frame.captureTimeUs);
  await new Promise((resolve) => setTimeout(resolve, 500));
  t.strictSame(stopped, ["quota"]);
  t.ok(stops.totals.bytes <= bytes + 1000, `${stops.totals.bytes} bytes`);
  const entry = stops.list()[0]!;
  t.equal((await probe(entry.path)).frames, entry.frames, "what is there plays");
  t.equal(await stops.refusal(bytes), "quota");

  const deletes = await openFolder(t, { quotaBytes: 400_000, deletesOldest: true });
  const ids: string[] = [];
  for (let i = 0; i < 8; i++) ids.push(await record(deletes, frames));
  const left = deletes.list().map(({ id }) => id);
  t.ok(left.length > 1 && left.length < 8, `${left.length} are left`);
  t.ok(deletes.totals.bytes <= 400_000);
  t.equal(deletes.stats.deletedForQuota, 8 - left.length);
  const files = [...Deno.readDirSync(deletes.folder)].filter(({ name }) => name.endsWith(".mp4"));
  t.equal(files.length, left.length, "their files are gone");
});

t.test("A disk that fills up stops recordings and nothing else", async (t) => {
  let free = 0.2;
  const folder = await openFolder(t, { freeShare: () => Promise.resolve(free) });
  const { recorder, stopped } = makeRecorder(folder);
  for (const frame of frames.slice(0, 40)) recorder.push(frame, frame.captureTimeUs);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  free = 0.04;
  for (const frame of frames.slice(40)) recorder.push(frame, frame.captureTimeUs);
  await new Promise((resolve) => setTimeout(resolve, 600));
  t.strictSame(stopped, ["disk_full"]);
  t.equal(folder.list()[0]!.state, "complete");
  t.equal(await folder.refusal(0), "disk_full");
});

t.test("What is being written is listed, found and not deleted", async (t) => {
  const folder = await openFolder(t);
  const { recorder } = makeRecorder(folder);
  for (const frame of frames) recorder.push(frame, frame.captureTimeUs);
  await new Promise((resolve) => setTimeout(resolve, 700));
  const [entry] = folder.list({ fromMs: 1_700_000_001_000 });
  t.match(entry, { state: "recording", frames: 90 });
  t.equal(await folder.delete(entry!.id), false);
  t.equal((await inspectRecording(entry!.path, entry!.id)).kind, "busy", "not mended by another");
  await recorder.stop("asked", 0);
  t.equal(await folder.delete(entry!.id), true);
  t.equal(await folder.delete(entry!.id), false);
  t.equal(folder.totals.bytes, 0);
});

t.test("RecordedFrames goes to the keyframe before any time", async (t) => {
  const folder = await openFolder(t);
  const entry = folder.find(await record(folder, frames))!;
  const recorded = new RecordedFrames();
  const random = seededRandom("recorded seeks");
  const prints = await Promise.all(frames.map(({ payload }) => framePrint(payload)));
  for (let seek = 0; seek < 100; seek++) {
    const atUs = START_US - FRAME_US + random.int(92 * FRAME_US);
    using reader = (await recorded.open(entry, atUs))!;
    const batch = (await reader.next())!;
    const first = batch.frames[0]!;
    const target = Math.max(0, Math.min(89, Math.floor((atUs - START_US) / FRAME_US)));
    t.equal(first.frame.frameId, target - target % 30 + 1, "the last keyframe before it");
    const place = first.frame.frameId - 1;
    t.equal(await samplePrint(first.sample), prints[place]);
  }
  t.equal(recorded.size, 1);
  const samples = await readSamples(await Deno.readFile(entry.path));
  t.equal(samples.length, 90);
});

t.test("A file with bytes that lie is read as far as it is whole, and never breaks the reader", async (t) => {
  const { bytes, ends, counts } = whole;
  const random = seededRandom("lying files");
  const id = "20261121T000000-3-abcdefgh";
  const path = `${await t.testdir({})}/${id}.mp4`;
  // Where an index and a moof stand: what lies there says where the rest is.
  const heads = ends.slice(0, -1).map((end) => [end, 600]);
  const wrong: string[] = [];
  for (let i = 0; i < 300; i++) {
    const lie = bytes.slice();
    const [start = 0, span = 0] = random.pick([[0, ends[0]!], ...heads]);
    for (let flips = 0; flips <= random.int(3); flips++) {
      lie[start + random.int(span)] = random.pick([0, 1, 0x7f, 0xff, random.int(256)]);
    }
    await Deno.writeFile(path, lie);
    const found = await inspectRecording(path, id);
    if (found.kind !== "recording") continue;
    const { frames, bytes: size } = found.row;
    if (frames > counts.at(-1)! + 256 || size > bytes.byteLength) wrong.push(`${i}: ${frames}`);
    const reader = await new RecordedFrames().open({ id, path }, START_US + random.int(3_000_000));
    for (let batch = await reader?.next(); batch !== undefined;) batch = await reader?.next();
    reader?.[Symbol.dispose]();
  }
  t.strictSame(wrong, []);
});
