/**
 * Leak gate for whole servers: started, used, and closed in this process, so that everything that a
 * server has of the runtime, timers and sockets included, can be counted after it; and what a host
 * leaves on the machine when it ends or is killed: processes, folders, shared memory.
 */

// timeout: 120 s
import t from "tap";
import { buildNative } from "../../ffi/build.ts";
import { silentLogger } from "../../src/core/log.ts";
import { defaultConfig, type ServerConfig } from "../../src/server/config/config.ts";
import { Server } from "../../src/server/server.ts";
import { encodeClientMessage, WIRE_VERSION } from "../../src/wire/control.ts";
import { HostProcess, isAlive, until } from "../end_to_end/host_process.ts";
import { ROOT } from "../end_to_end/supervised_media.ts";
import { QuicClient } from "../quic_client.ts";
import { ProcessWatch } from "./process_watch.ts";

t.setTimeout(110_000);

const TIMES = 3;
const VIEWERS = 3;

await buildNative();

const folder = await Deno.makeTempDir({ prefix: "wavry-test-" });
t.teardown(() => Deno.remove(folder, { recursive: true }));
// What a server puts into the folder for temporary files is counted there.
const temporary = `${folder}/tmp`;
await Deno.mkdir(temporary);
Deno.env.set("TMPDIR", temporary);

async function start(changes: Partial<ServerConfig> = {}): Promise<Server> {
  return await Server.start({
    config: defaultConfig({
      ...{ source: "pattern", size: { width: 320, height: 240 }, port: 0 },
      ...{ stateDir: `${folder}/state`, ...changes },
    }),
    log: silentLogger,
    root: ROOT,
  });
}

/** A page that redeems a link, and the viewers that it opens. */
async function view(server: Server, client: Deno.HttpClient): Promise<QuicClient[]> {
  const { origin, port } = server;
  const headers: Record<string, string> = { origin, "content-type": "application/json" };
  const ask = async (path: string, body: unknown): Promise<Response> => {
    const options = { method: "POST", headers, body: JSON.stringify(body), client };
    return await fetch(`${origin}${path}`, options);
  };
  const secret = server.openLink("player").split("#s=")[1];
  const joined = await ask("/api/session", { secret });
  headers["cookie"] = joined.headers.get("set-cookie")!.split(";")[0]!;
  await joined.body?.cancel();
  const text = await Deno.readTextFile(`${folder}/state/quic-certificates.json`);
  const certChainPem = JSON.parse(text)[0].certChainPem as string;
  const clients: QuicClient[] = [];
  for (let count = 0; count < VIEWERS; count++) {
    const { ticket } = await (await ask("/api/ticket", {})).json();
    const viewer = await QuicClient.connect({ port, certChainPem, origin, path: "/session" });
    const writer = (await viewer.openBidirectional()).writable.getWriter();
    writer.closed.catch(() => {});
    await writer.write(encodeClientMessage({ type: "hello", version: WIRE_VERSION, ticket }));
    await writer.write(encodeClientMessage({ type: "play", streamId: 0 }));
    clients.push(viewer);
  }
  await Promise.all(clients.map((viewer) => viewer.readDatagram()));
  return clients;
}

async function live(): Promise<void> {
  const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const server = await start();
  const viewers = await view(server, client);
  await server.close();
  await Promise.all(viewers.map(({ closed }) => closed));
  client.close();
}

async function cannotStart(): Promise<void> {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await start({ port: taken.addr.port }).then(
    () => t.fail("a port that is taken is refused"),
    () => {},
  );
}

t.test("servers that end, with viewers or before they have begun", async (t) => {
  using watch = await ProcessWatch.ofThisProcess();
  for (let warmUp = 0; warmUp < 2; warmUp++) {
    await live();
    await cannotStart();
  }
  const before = await until(
    async () => {
      const held = await watch.held();
      return !held.has("object Server") && !held.has("object QuicConn") && held;
    },
    "the end of all servers",
    10_000,
  );
  for (let times = 0; times < TIMES; times++) await live();
  const ofLives = await watch.leaks(before, TIMES);
  for (let times = 0; times < TIMES; times++) await cannotStart();
  const ofStarts = await watch.leaks(before, TIMES);
  t.strictSame(ofLives, [], `${TIMES} servers with ${VIEWERS} viewers each leave nothing behind`);
  t.strictSame(ofStarts, [], `nor do ${TIMES} that cannot start`);
  t.strictSame(await Array.fromAsync(Deno.readDir(temporary)), [], "nor any folder");
});

/** Segments of shared memory that this machine has, by id. */
async function segments(): Promise<Map<number, Record<string, number>>> {
  const [header = "", ...lines] = (await Deno.readTextFile("/proc/sysvipc/shm")).trim().split("\n");
  const names = header.trim().split(/\s+/);
  return new Map(lines.map((line) => {
    const fields = line.trim().split(/\s+/).map(Number);
    const segment = Object.fromEntries(names.map((name, at) => [name, fields[at] ?? -1]));
    return [segment["shmid"]!, segment];
  }));
}

/** New ones that a process of `pids` made or used last: old ones may have had the same numbers. */
async function segmentsOf(pids: readonly number[], old: ReadonlySet<number>): Promise<number[]> {
  return [...await segments()].flatMap(([id, { cpid = -1, lpid = -1 }]) => {
    return !old.has(id) && (pids.includes(cpid) || pids.includes(lpid)) ? [id] : [];
  });
}

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  t.test(`a host with a screen of its own that ends by ${signal}`, async (t) => {
    const old = new Set((await segments()).keys());
    const host = await HostProcess.start(["--size", "320x240", "--fps", "10"], {
      env: { TMPDIR: temporary },
    });
    const { info } = await host.join("player");
    const viewer = await host.view(info.ticket);
    await viewer.send({ type: "play", streamId: 0 });
    await viewer.client.readDatagram();
    const pids = await host.tree();
    t.ok(pids.length >= 4, `${pids.length} processes`);
    t.ok((await segmentsOf(pids, old)).length > 0, "and shared memory");
    await host.stop(signal);
    const areGone = async () => !(await Promise.all(pids.map(isAlive))).includes(true);
    await until(areGone, "the end of all processes", 10_000);
    t.pass("no process is left");
    t.strictSame(await segmentsOf(pids, old), [], "no shared memory");
    await until(async () => {
      return (await Array.fromAsync(Deno.readDir(temporary))).length === 0;
    }, "empty folders").catch(() => {});
    t.strictSame(await Array.fromAsync(Deno.readDir(temporary)), [], "and no folder");
    viewer.client.close(0, "");
  });
}
