/**
 * Leak gate for sessions and connections: for each way in which one ends at once, a real host is
 * brought there `TIMES` times over, and must then hold exactly what it held before. Ends that take
 * their time are in timeouts_test.ts.
 */

// timeout: 120 s
import t from "tap";
import { ClipboardViewer } from "../clipboard/clipboard_viewer.ts";
import type { PlainViewer } from "../end_to_end/host_process.ts";
import { type Ending, repeat, testEndings } from "./endings.ts";
import { WatchedHost } from "./watched_host.ts";

t.setTimeout(110_000);

const MAX_VIEWERS = 20;
/** The stream is the viewers' and outlives them: its pool holds as many frames as it needs. */
const STREAM_LIVES_ON = /^(?:native frame|ledger staging) /;
const INPUT_RECORD = new Uint8Array(20);

const watched = await WatchedHost.start([
  ...["--source", "pattern", "--size", "320x240", "--fps", "10", "--keep-warm", "3600"],
  ...["--max-viewers", String(MAX_VIEWERS), "--clipboard", "both"],
], STREAM_LIVES_ON);
t.teardown(() => watched[Symbol.asyncDispose]());
const { host } = watched;

/** A viewer that watches until `end` ends it. */
function watching(end: (viewer: PlainViewer) => void | Promise<void>): () => Promise<void> {
  return async () => {
    const viewer = await watched.watch();
    await end(viewer);
    await viewer.client.closed;
  };
}

const admitted: readonly Ending[] = [
  ["the viewer quits", watching((viewer) => viewer.send({ type: "quit" }))],
  ["the viewer closes its session", watching((viewer) => viewer.client.close(0, ""))],
  ["the viewer drops the connection", watching((viewer) => drop(viewer))],
  ["the viewer breaks the protocol", watching(breakProtocol)],
  ["the viewer holds a key down and goes", watching(holdKey)],
  ["the viewer offers its clipboard, asks for the host's and goes", watching(useClipboard)],
  ["the viewer comes back before it has left", watching(reload)],
];

const refused: readonly Ending[] = [
  ["the ticket is unknown", async () => {
    const viewer = await host.view("x".repeat(43));
    await viewer.heard("ended");
    await viewer.client.closed;
  }],
  ["the origin is another", async () => {
    await host.connect({ origin: "https://elsewhere.example" }).catch(() => {});
  }],
  ["the path is another", async () => {
    await host.connect({ path: "/elsewhere" }).catch(() => {});
  }],
];

const ofTheApi: readonly Ending[] = [
  ["access is withdrawn", withdrawn],
  ["the dashboard ends the session", kicked],
  ["a dashboard is closed", closeDashboard],
  ["a page goes away in the middle of its request", () => cutOff("POST / HTTP/1.1\r\nhost:")],
  ["a page goes away before its answer", () => cutOff(`GET /api/health HTTP/1.1\r\n\r\n`)],
];

function drop(viewer: PlainViewer): void {
  viewer.client.conn.close({ closeCode: 0x100, reason: "" });
}

async function openInput(viewer: PlainViewer): Promise<WritableStreamDefaultWriter<Uint8Array>> {
  const writer = (await viewer.client.openUnidirectional()).getWriter();
  writer.closed.catch(() => {});
  return writer;
}

/** A player has one input stream. */
async function breakProtocol(viewer: PlainViewer): Promise<void> {
  for (let streams = 0; streams < 2; streams++) await (await openInput(viewer)).write(INPUT_RECORD);
}

async function holdKey(viewer: PlainViewer): Promise<void> {
  const record = INPUT_RECORD.slice();
  record.set([1, 1, 30]);
  await (await openInput(viewer)).write(record);
  drop(viewer);
}

/** Goes with one stream whose request is not whole, and one that is answered. */
async function useClipboard(viewer: PlainViewer): Promise<void> {
  const clipboard = new ClipboardViewer(viewer);
  await clipboard.offer(new Map([["text", new Uint8Array(9)]]));
  await clipboard.fetch(1, "text");
  const { writable } = await viewer.client.openBidirectional();
  const writer = writable.getWriter();
  writer.closed.catch(() => {});
  await writer.write(Uint8Array.of(0x63, 1));
  drop(viewer);
}

async function reload(viewer: PlainViewer): Promise<void> {
  const next = await watched.watch();
  drop(viewer);
  await next.send({ type: "quit" });
  await next.client.closed;
}

/** A viewer of a link of its own, with the cookie of its browser. */
async function guest(): Promise<{ viewer: PlainViewer; cookie: string; sessionId: string }> {
  const body = { role: "viewer" };
  const link = await host.call("POST", "/api/links", { cookie: watched.cookie, body });
  const secret = (await link.json()).path.slice("/#s=".length);
  const joined = await host.call("POST", "/api/session", { body: { secret } });
  const cookie = joined.headers.get("set-cookie")!.split(";")[0]!;
  const viewer = await host.view((await joined.json()).ticket);
  const { sessionId } = await viewer.heard("welcome");
  await viewer.send({ type: "play", streamId: 0 });
  return { viewer, cookie, sessionId };
}

async function withdrawn(): Promise<void> {
  const { viewer, cookie } = await guest();
  await (await host.call("DELETE", "/api/session", { cookie })).body?.cancel();
  await viewer.heard("ended");
  await viewer.client.closed;
}

async function kicked(): Promise<void> {
  const { viewer, sessionId } = await guest();
  const path = `/api/sessions/${sessionId}/kick`;
  const { status } = await host.call("POST", path, { cookie: adminCookie });
  if (status !== 204) throw new Error(`Cannot end a session: ${status}`);
  await viewer.heard("ended");
  await viewer.client.closed;
}

/** One of those that are open at once, or one too many. */
async function closeDashboard(): Promise<void> {
  const { body } = await host.call("GET", "/api/dashboard/events", { cookie: adminCookie });
  const reader = body!.getReader();
  await reader.read();
  await reader.cancel();
}

async function cutOff(text: string): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: host.port });
  await connection.write(new TextEncoder().encode(text));
}

/** More viewers than there are places: those beyond are turned away, then all leave. */
async function crowd(): Promise<void> {
  const inside: PlainViewer[] = [];
  await repeat(async () => void inside.push(await watched.watch()), MAX_VIEWERS);
  await repeat(async () => {
    const viewer = await host.view(await watched.ticket());
    await viewer.heard("ended");
    await viewer.client.closed;
  });
  for (const viewer of inside) await viewer.send({ type: "quit" });
  await Promise.all(inside.map(({ client }) => client.closed));
}

const secret = (await Deno.readTextFile(`${host.stateDir}/admin-token`)).trim();
const signedIn = await host.call("POST", "/api/admin/session", { body: { secret } });
const adminCookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;
const all = [...admitted, ...refused, ...ofTheApi];
for (const [, end] of all) await repeat(end, 4);
await crowd();
const baseline = await watched.settled();

t.test("who was let in", (t) => testEndings(t, { watched, baseline, endings: admitted }));
t.test("who is turned away", (t) => testEndings(t, { watched, baseline, endings: refused }));
t.test("who uses the API", (t) => testEndings(t, { watched, baseline, endings: ofTheApi }));
t.test("a crowd before a full host", async (t) => {
  await crowd();
  t.strictSame(await watched.leaks(baseline, MAX_VIEWERS), []);
});
