/**
 * Leak gate for what ends because time passes: viewers that are killed or fall silent without a word,
 * connections that never ask or never say hello; and for media processes and screens that are
 * killed under a session that lives on.
 */

// timeout: 120 s
import t from "tap";
import { type PlainViewer, until } from "../end_to_end/host_process.ts";
import { connectRaw } from "../quic_client.ts";
import { repeat } from "./endings.ts";
import { WatchedHost } from "./watched_host.ts";

t.setTimeout(110_000);

/** Of each kind; connections without authentication may be 16 from one address, two kinds of them. */
const TIMES = 8;
const RESTARTS = 3;
/** The stream is the viewers' and outlives them: its pool holds as many frames as it needs. */
const STREAM_LIVES_ON = /^(?:native frame|ledger staging) /;

/** Viewers in a process of their own, which can be killed or stopped. */
const VIEWERS = `
  import { QuicClient } from "${new URL("../quic_client.ts", import.meta.url)}";
  import { MediaReader } from "${new URL("../media_reader.ts", import.meta.url)}";
  import { encodeClientMessage } from "${new URL("../../src/wire/control.ts", import.meta.url)}";
  const { port, certChainPem, origin, tickets } = JSON.parse(Deno.args[0]);
  await Promise.all(tickets.map(async (ticket) => {
    const client = await QuicClient.connect({ port, certChainPem, origin, path: "/session" });
    const writer = (await client.openBidirectional()).writable.getWriter();
    await writer.write(encodeClientMessage({ type: "hello", version: 1, ticket }));
    await writer.write(encodeClientMessage({ type: "play", streamId: 0 }));
    const { promise, resolve } = Promise.withResolvers();
    new MediaReader(client, { media: resolve });
    await promise;
  }));
  console.log("playing");
  await new Promise(() => setInterval(() => {}, 1e6));
`;

const watched = await WatchedHost.start([
  ...["--source", "pattern", "--size", "320x240", "--fps", "10", "--keep-warm", "3600"],
  ...["--max-viewers", "32"],
], STREAM_LIVES_ON);
t.teardown(() => watched[Symbol.asyncDispose]());
const { host } = watched;

/** Starts that many viewers elsewhere and waits until all of them see video. */
async function startViewers(count: number): Promise<Deno.ChildProcess> {
  const tickets: string[] = [];
  await repeat(async () => void tickets.push(await watched.ticket()), count);
  const { port, origin } = host;
  const options = { port, origin, tickets, certChainPem: await host.certificate() };
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--unstable-net", VIEWERS, JSON.stringify(options)],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  return child;
}

async function neverSaysHello(): Promise<void> {
  await (await host.connect()).closed;
}

async function neverAsks(): Promise<void> {
  const conn = await connectRaw({ port: host.port, certChainPem: await host.certificate() });
  await conn.closed.catch(() => {});
}

async function quitAll(viewers: readonly PlainViewer[]): Promise<void> {
  for (const viewer of viewers) await viewer.send({ type: "quit" });
  await Promise.all(viewers.map(({ client }) => client.closed));
}

async function isStopped(pid: number): Promise<boolean> {
  return /\) T /.test(await Deno.readTextFile(`/proc/${pid}/stat`));
}

/** Kills the media process and waits for the next one's video. */
async function restartMedia(): Promise<void> {
  const { pid } = (await watched.stats()).media;
  if (pid === undefined) throw new Error("Cannot kill a media process: there is none");
  Deno.kill(pid, "SIGKILL");
  const isBack = async () => {
    const { media } = await watched.stats();
    return media.pid !== pid && (media.process?.streams.length ?? 0) > 0;
  };
  await until(isBack, "another media process", 15_000);
}

await repeat(async () => quitAll([await watched.watch()]), 4 * TIMES);
await Promise.all([repeat(neverSaysHello, 2), repeat(neverAsks, 2)]);
await restartMedia();
const baseline = await watched.settled();

t.test("viewers that are killed or fall silent, and peers that never ask", async (t) => {
  const [killed, silent] = [await startViewers(TIMES), await startViewers(TIMES)];
  t.equal((await watched.stats()).viewers.length, 2 * TIMES);
  killed.kill("SIGKILL");
  silent.kill("SIGSTOP");
  await until(() => isStopped(silent.pid), "silence");
  await Promise.all([repeat(neverSaysHello, TIMES), repeat(neverAsks, TIMES)]);
  t.equal((await watched.stats()).viewers.length, 2 * TIMES, "their time is not over yet");
  t.strictSame(await watched.leaks(baseline, TIMES), [], "nothing of them is left");
  silent.kill("SIGKILL");
  await Promise.all([killed.status, silent.status]);
});

t.test("media processes that are killed while somebody watches", async (t) => {
  const viewers = [await watched.watch(), await watched.watch()];
  for (let restart = 0; restart < RESTARTS; restart++) await restartMedia();
  t.equal((await watched.stats()).viewers.length, 2, "sessions outlive them");
  await quitAll(viewers);
  t.strictSame(await watched.leaks(baseline, TIMES), [], "nothing of them is left");
});
