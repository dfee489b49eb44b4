/**
 * Recordings of a real host: what is in the file is bit by bit what the encoder gave, whoever asks for
 * it; clips have the same samples; start and stop are heard of; nothing is left behind.
 */

import t from "tap";
import { FrameStreamReader } from "../../src/wire/frame_stream.ts";
import type { FrameStreamRecord } from "../../src/wire/frame_stream.ts";
import { framePrint, probe, readSamples } from "../recorded_samples.ts";
import { HostProcess, until } from "./host_process.ts";

const host = await HostProcess.start([
  ...["--source", "pattern", "--size", "512x128", "--fps", "60", "--keep-warm", "0"],
]);
const { cookie, info } = await host.join("player");
const viewer = await host.view(info.ticket);
t.teardown(() => host.stop());

type Frame = Extract<FrameStreamRecord, { kind: "frame" }>;

const get = (path: string) => host.call("GET", path, { cookie });
const post = (path: string, body: unknown = {}) => host.call("POST", path, { cookie, body });

async function frames(path: string): Promise<Frame[]> {
  const response = await get(path);
  if (response.status !== 200) throw new Error(await response.text());
  const reader = new FrameStreamReader();
  const records: Frame[] = [];
  for await (const piece of response.body!) {
    for (const record of reader.push(piece)) if (record.kind === "frame") records.push(record);
  }
  return records;
}

async function newest() {
  return (await (await get("/api/recordings")).json()).recordings[0];
}

const body = async (path: string) => new Uint8Array(await (await get(path)).arrayBuffer());

/** What the encoder gave, as the replay holds it, by frame id. */
const given = new Map<number, { captureTimeUs: number; print: string }>();

t.test("A recording without a viewer holds bit by bit what the encoder gave", async (t) => {
  const started = await post("/api/recordings/start", { stream: 0 });
  t.equal(started.status, 201);
  t.match(await started.json(), { streams: [{ streamId: 0, isRecording: true }] });
  const heard = await viewer.heard("recording_state", ({ recordingId }) => {
    return recordingId !== undefined;
  });
  t.ok(heard.isRecording && heard.startedMs !== undefined, "viewers hear of it");
  t.equal((await post("/api/recordings/start", { stream: 0 })).status, 200, "once is enough");
  await until(async () => (await newest())?.endUs - (await newest())?.startUs > 4e6, "4 s", 20_000);
  const { startUs } = await newest();
  for (
    const { frame, payload } of await frames(`/api/replay/frames?atUs=${startUs}&toUs=${1e15}`)
  ) {
    const print = await framePrint(payload);
    given.set(frame.frameId, { captureTimeUs: frame.captureTimeUs, print });
  }
  const stopped = await post("/api/recordings/stop", { stream: 0 });
  t.match(await stopped.json(), { streams: [{ streamId: 0, isRecording: false }] });
  await viewer.heard("recording_state", ({ isRecording }) => !isRecording);
  const row = await newest();
  t.match(row, { id: heard.recordingId, state: "complete", codec: /^avc1\./, width: 512 });
  const recorded = await frames(
    `/api/recordings/${row.id}/frames?atUs=${row.startUs}&toUs=${1e15}`,
  );
  t.equal(recorded.length, row.frames, "every frame that the catalogue counts");
  let same = 0;
  for (const { frame, payload } of recorded) {
    const original = given.get(frame.frameId);
    if (original === undefined) continue;
    if (original.print !== await framePrint(payload)) t.fail(`frame ${frame.frameId} differs`);
    if (original.captureTimeUs !== frame.captureTimeUs) t.fail(`time of ${frame.frameId} differs`);
    same++;
  }
  t.ok(same >= 200, `${same} frames compared`);
  t.equal(same, given.size, "none that the encoder gave is missing");
  const ids = recorded.map(({ frame }) => frame.frameId);
  t.ok(ids.every((id, i) => i === 0 || id === ids[i - 1]! + 1), "no frame is left out");
});

t.test("The file plays, and its samples are those frames", async (t) => {
  const row = await newest();
  const path = `${host.stateDir}/recordings/${row.id}.mp4`;
  const found = await probe(path);
  t.equal(found.complaints, "");
  t.equal(found.frames, row.frames);
  t.ok(Math.abs(found.seconds - row.durationMs / 1000) < 0.05, `${found.seconds} s`);
  const info = await Deno.stat(path);
  t.equal(info.mode! & 0o777, 0o600, "for this user alone");
  t.equal((await Deno.stat(`${host.stateDir}/recordings`)).mode! & 0o777, 0o700);
  const samples = await readSamples(await body(row.url));
  const prints = new Set([...given.values()].map(({ print }) => print));
  t.equal(samples.length, row.frames);
  t.equal(samples.filter(({ print }) => prints.has(print)).length, given.size);
  const first = given.get(Math.min(...given.keys()))!;
  const at = samples.find(({ print }) => print === first.print)!;
  t.equal(at.timeUs, first.captureTimeUs - row.startUs, "to the microsecond");
});

t.test("A clip has the same samples, from the keyframe before", async (t) => {
  const row = await newest();
  const byTime = [...given.values()].toSorted((a, b) => a.captureTimeUs - b.captureTimeUs);
  const [from, to] = [byTime[70]!, byTime[190]!];
  for (const source of ["stream=0", `recording=${row.id}`]) {
    const query = `from=${from.captureTimeUs}&to=${to.captureTimeUs}&${source}`;
    const startedMs = performance.now();
    const file = await body(`/api/clips?${query}`);
    t.comment(`${source}: ${file.byteLength} bytes, ${performance.now() - startedMs} ms`);
    const samples = await readSamples(file);
    t.ok(samples[0]!.isKeyframe, "begins at a keyframe");
    const shown = samples.filter(({ timeUs }) => timeUs >= 0);
    t.equal(shown.length, 121, "exactly the frames of that time are shown");
    t.strictSame(shown.map(({ print }) => print), byTime.slice(70, 191).map(({ print }) => print));
    t.strictSame(
      shown.map(({ timeUs }) => timeUs),
      byTime.slice(70, 191).map(({ captureTimeUs }) => captureTimeUs - from.captureTimeUs),
    );
    const path = `${host.stateDir}/clip.mp4`;
    await Deno.writeFile(path, file);
    const found = await probe(path);
    t.equal(found.complaints, "");
    t.ok(found.frames >= 121, `ffprobe counts ${found.frames}`);
  }
});

t.test("Clips are refused that cannot be", async (t) => {
  const { startUs } = await newest();
  const cases: [string, number][] = [
    ["", 400],
    [`from=${startUs}&to=${startUs - 1}`, 400],
    [`from=${startUs}&to=${startUs + 601e6}`, 400],
    ["from=1&to=2", 404],
    [`from=${startUs}&to=${startUs}&stream=9`, 404],
    [`from=${startUs}&to=${startUs}&recording=../../etc/passwd`, 404],
  ];
  for (const [query, status] of cases) {
    const response = await get(`/api/clips?${query}`);
    t.equal(response.status, status, query);
    await response.body?.cancel();
  }
  t.equal((await fetch(`${host.origin}/api/clips?from=1&to=2`)).status, 401, "strangers");
});

/** How often the host has the file of a recording open. */
function openTimes(id: string): number {
  return [...Deno.readDirSync(`/proc/${host.process.pid}/fd`)].filter(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${host.process.pid}/fd/${name}`).endsWith(`${id}.mp4`);
    } catch {
      return false;
    }
  }).length;
}

t.test("A clip whose reader goes leaves nothing", async (t) => {
  const { startUs, id } = await newest();
  // Delivery keeps some for its next reader.
  const before = openTimes(id);
  for (let i = 0; i < 6; i++) {
    const abort = new AbortController();
    const query = `from=${startUs}&to=${startUs + 4e6}&${i % 2 ? `recording=${id}` : "stream=0"}`;
    const response = await fetch(`${host.origin}/api/clips?${query}`, {
      headers: { cookie },
      signal: abort.signal,
    });
    t.equal(response.status, 200, `clip ${i} finds a free place`);
    await response.body!.getReader().read();
    abort.abort();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  await until(() => openTimes(id) <= before, "the files to be closed");
  t.ok(openTimes(id) <= before, "no file stays open");
});

t.test("Capture ends with the recording", async (t) => {
  const isCapturing = async () => (await (await get("/api/stats")).json()).stream.isCapturing;
  await until(async () => !(await isCapturing()), "capture to end");
  await post("/api/recordings/start");
  await until(isCapturing, "capture for a recording");
  await post("/api/recordings/stop");
  await until(async () => !(await isCapturing()), "capture to end");
  t.pass();
});

t.test("A viewer may not record", async (t) => {
  const other = await host.join("viewer");
  for (const path of ["start", "stop"]) {
    const response = await host.call("POST", `/api/recordings/${path}`, { cookie: other.cookie });
    t.equal(response.status, 403);
    await response.body?.cancel();
  }
});
