import t from "tap";
import { MAX_READERS, READER_BYTES_MAX } from "../../../../src/server/dashboard/dashboard_feed.ts";
import { historyBytes } from "../../../../src/server/dashboard/dashboard_history.ts";
import { DASHBOARD_COLUMNS } from "../../../../src/server/dashboard/dashboard_sampler.ts";
import {
  dashboardHelloSchema,
  dashboardHistorySchema,
  dashboardSampleSchema,
  HISTORY_SAMPLES,
} from "../../../../src/wire/dashboard.ts";
import type { DashboardHistory, DashboardSample } from "../../../../src/wire/dashboard.ts";
import { hostFrame } from "../../session/test_host.ts";
import { DashboardBench, EventReader, STARTED_MS } from "../dashboard_bench.ts";

const ALWAYS = { lastEventId: undefined, isAllowed: () => true };

/** A page that has read its greeting. */
async function open(bench: DashboardBench, options: { lastEventId?: string } = {}) {
  const stream = bench.feed.subscribe({ ...ALWAYS, ...options });
  if (stream === undefined) throw new Error("There is no room");
  const reader = new EventReader(stream);
  const hello = (await reader.next())!.data;
  const history = (await reader.next())!.data as DashboardHistory;
  const newest = bench.samples === 0 ? undefined : await reader.next();
  return { reader, hello, history, newest };
}

t.test("a fresh page has the past at once, and then a sample a second", async (t) => {
  const bench = new DashboardBench();
  for (let second = 0; second < 3; second++) bench.tick();
  const { reader, hello, history, newest } = await open(bench);
  t.match(newest, { name: "sample", id: `${STARTED_MS}.2`, data: { sequence: 2 } });
  t.match(dashboardHelloSchema(hello, "hello"), { machineName: "desk", startedMs: STARTED_MS });
  t.same(dashboardHelloSchema(hello, "hello").columns, DASHBOARD_COLUMNS);
  t.ok(dashboardHistorySchema(history, "history").isWhole);
  const times = [1, 2, 3].map((second) => STARTED_MS + second * 1000);
  t.same(history.values[DASHBOARD_COLUMNS.indexOf("timeMs")], times);
  t.same(history.values[DASHBOARD_COLUMNS.indexOf("pssBytes")], [null, null, null]);
  bench.rssBytes = 300e6;
  bench.tick();
  const event = (await reader.next())!;
  t.equal(event.name, "sample");
  t.equal(event.id, `${STARTED_MS}.3`);
  const sample = dashboardSampleSchema(event.data, "sample");
  t.match(sample, { sequence: 3, level: "normal", turnedAway: 2, sessions: [] });
  t.equal(sample.memory.rssBytes, 300e6);
  t.match(sample.media, { state: "running", restarts: 1 });
  t.equal(sample.row[DASHBOARD_COLUMNS.indexOf("rssBytes")], 300e6, "also a row of the history");
  const own = historyBytes(DASHBOARD_COLUMNS.length, HISTORY_SAMPLES);
  t.equal(sample.memory.owners.find(({ owner }) => owner === "dashboard")?.currentBytes, own);
  await reader.cancel();
});

t.test("a page that comes back gets what it missed, or all after a restart", async (t) => {
  const bench = new DashboardBench();
  for (let second = 0; second < 5; second++) bench.tick();
  const rows = async (lastEventId: string) => {
    const { reader, history } = await open(bench, { lastEventId });
    await reader.cancel();
    return [history.isWhole, history.values[0]!.length];
  };
  t.same(await rows(`${STARTED_MS}.2`), [false, 2]);
  t.same(await rows(`${STARTED_MS}.4`), [false, 0]);
  t.same(await rows(`${STARTED_MS - 1}.2`), [true, 5], "of another run");
  for (const odd of ["", "x", `${STARTED_MS}`, `${STARTED_MS}.9`, `${STARTED_MS}.-1`, ".1"]) {
    t.same(await rows(odd), [true, 5], odd);
  }
  for (let second = 0; second < HISTORY_SAMPLES; second++) bench.tick();
  t.same(await rows(`${STARTED_MS}.2`), [true, HISTORY_SAMPLES], "too long ago");
  t.same(await rows(`${STARTED_MS}.4`), [false, HISTORY_SAMPLES], "just not too long ago");
});

t.test("one sample serves all pages, and nothing but a row is made for nobody", async (t) => {
  const bench = new DashboardBench();
  bench.tick();
  t.equal(bench.samples, 1);
  const pages = await Promise.all([open(bench), open(bench), open(bench)]);
  const next = pages.map(({ reader }) => reader.next());
  bench.tick();
  const [first, ...others] = await Promise.all(next);
  for (const other of others) t.same(other, first);
  t.equal(bench.samples, 2, "the memory was read once");
  for (const { reader } of pages) await reader.cancel();
  t.equal(bench.feed.readers, 0);
});

t.test("what waits for a page is in the ledger, and stays below its bound", async (t) => {
  const bench = new DashboardBench();
  const held = () => {
    const { currentBytes } = bench.ledger.snapshot().find(({ owner }) => owner === "dashboard")!;
    return currentBytes - historyBytes(DASHBOARD_COLUMNS.length, HISTORY_SAMPLES);
  };
  bench.rssBytes = 123_456_789_012_345;
  for (let second = 0; second < HISTORY_SAMPLES; second++) bench.tick();
  t.equal(held(), 0);
  const reader = new EventReader(bench.feed.subscribe(ALWAYS)!);
  const greeting = held();
  t.ok(greeting > 10_000, `${greeting} bytes wait`);
  bench.tick();
  t.ok(held() > greeting, "and a sample");
  t.ok(held() < READER_BYTES_MAX, `${held()} of ${READER_BYTES_MAX}`);
  for (let event = 0; event < 3; event++) await reader.next();
  t.ok(held() < greeting, "the greeting was read");
  await reader.cancel();
  t.equal(held(), 0);
});

t.test("pages are few, and each that goes makes room", async (t) => {
  const bench = new DashboardBench();
  const pages = [];
  for (let page = 0; page < MAX_READERS; page++) pages.push(await open(bench));
  t.equal(bench.feed.subscribe(ALWAYS), undefined);
  t.match(bench.feed.stats, { opened: MAX_READERS, refused: 1 });
  await pages[0]!.reader.cancel();
  t.equal(bench.feed.readers, MAX_READERS - 1);
  await (await open(bench)).reader.cancel();
  for (const { reader } of pages) await reader.cancel();
  t.equal(bench.feed.readers, 0);
});

t.test("a page that may not look any more is told so and ended", async (t) => {
  const bench = new DashboardBench();
  let isAllowed = true;
  const reader = new EventReader(
    bench.feed.subscribe({ ...ALWAYS, isAllowed: () => isAllowed })!,
  );
  await reader.next();
  await reader.next();
  isAllowed = false;
  const last = reader.next();
  bench.tick();
  t.match(await last, { name: "end", data: { reason: "signed_out" } });
  t.equal(await reader.next(), undefined);
  t.equal(bench.feed.readers, 0);
});

t.test("the end of the host ends every page, and gives the history back", async (t) => {
  const bench = new DashboardBench();
  bench.tick();
  const { reader } = await open(bench);
  bench.feed.close();
  bench.feed.close();
  t.match(await reader.next(), { name: "end", data: { reason: "shutdown" } });
  t.equal(await reader.next(), undefined);
  t.equal(bench.ledger.snapshot().find(({ owner }) => owner === "dashboard")!.currentBytes, 0);
  bench.tick();
  t.equal(bench.feed.subscribe(ALWAYS), undefined, "nothing begins after it");
});

t.test("a sample tells how a session and its stream do", async (t) => {
  const bench = new DashboardBench();
  const viewer = await bench.join();
  const { reader } = await open(bench);
  const take = async () => {
    const next = reader.next();
    bench.tick();
    return dashboardSampleSchema((await next)!.data, "sample") as DashboardSample;
  };
  const joining = (await take()).sessions[0]!;
  t.match(joining, { id: "v0", role: "player", state: "joining", sentBps: 0, rung: "none" });
  t.match(joining, { name: "Guest v0", controls: [0] }, "a person, not only a role");
  t.equal(joining.addressPrefix, "unknown", "a loopback has no network");
  t.equal(joining.reorderPackets, undefined, "the viewer has not told");
  await viewer.send({ type: "play", streamId: 0 });
  const report = {
    ...{ streamId: 0, framesReceived: 1, framesDecoded: 1, framesRendered: 1 },
    ...{ framesDroppedNetwork: 0, framesDroppedLate: 0, decodeQueue: 0 },
    ...{ reorderPackets: 12, reorderPacketsMax: 1024 },
  };
  await viewer.send({ type: "viewer_report", ...report });
  while (bench.host.viewers === 0 || bench.sessions[0]!.stats.reorderPackets === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await take();
  for (let frameId = 1; frameId <= 30; frameId++) bench.frame(frameId);
  const playing = await take();
  t.match(playing.streams[0], {
    ...{ id: 0, name: "Desktop", framesPerSecond: 30, encodedBps: 30 * 2500 * 8 },
    ...{ fecWindowPacketsMax: 512 },
  });
  const session = playing.sessions[0]!;
  t.match(session, { state: "playing", streamId: 0, reorderPackets: 12, reorderPacketsMax: 1024 });
  t.ok(session.sentBps > 0, `${session.sentBps} bit/s`);
  t.ok(session.inFlightBytes > 0);
  t.equal(session.connectedSeconds, 3);
  const { row } = playing;
  t.equal(row[DASHBOARD_COLUMNS.indexOf("viewers")], 1);
  t.equal(row[DASHBOARD_COLUMNS.indexOf("sentBps")], session.sentBps);
  t.equal((await take()).sessions[0]!.state, "playing", "one silent second is none");
  await take();
  t.equal((await take()).sessions[0]!.state, "silent", "it never reported");
  t.equal((await take()).streams[0]!.framesPerSecond, 0);
  await viewer.send({ type: "pause", streamId: 0 });
  while (bench.host.viewers > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  t.equal((await take()).sessions[0]!.state, "paused");
  await reader.cancel();
  bench.sessions[0]!.end("quit", "", false);
});

t.test("stages are taken while somebody looks, and forgotten after", async (t) => {
  const bench = new DashboardBench();
  const frame = (frameId: number) => {
    const media = { width: 1, height: 1, isUnchanged: false, droppedFrames: 0 };
    const times = { grabUs: 100 * frameId, convertUs: 200, encodeUs: 3000 };
    const receivedUs = bench.clock.nowUs();
    const captureTimeUs = receivedUs + 1_000_000 - 100 * frameId - 3200 - 50;
    bench.feed.onFrame({ ...hostFrame(frameId, 1), ...media, ...times, captureTimeUs }, receivedUs);
  };
  frame(1);
  const { reader } = await open(bench);
  const stages = async () => {
    const next = reader.next();
    bench.tick();
    return ((await next)!.data as DashboardSample).streams[0]!.stages;
  };
  t.same(await stages(), [], "the frame came before the page");
  for (let frameId = 1; frameId <= 100; frameId++) frame(frameId);
  t.same(await stages(), [
    { stage: "capture", p50Us: 5100, p99Us: 10_000 },
    { stage: "convert", p50Us: 200, p99Us: 200 },
    { stage: "encode", p50Us: 3000, p99Us: 3000 },
    { stage: "ipc", p50Us: 50, p99Us: 50 },
    { stage: "send", p50Us: 0, p99Us: 0 },
  ]);
  await reader.cancel();
  const again = await open(bench);
  const next = again.reader.next();
  bench.tick();
  t.same(((await next)!.data as DashboardSample).streams[0]!.stages, []);
  await again.reader.cancel();
});
