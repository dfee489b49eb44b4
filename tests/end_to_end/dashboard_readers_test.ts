/**
 * Readers of the dashboard's events: they are few, and none is left when its page has gone, whichever
 * way it went.
 */

import t from "tap";
import { HostProcess, until } from "./host_process.ts";

const MAX_READERS = 8;
const host = await HostProcess.start();
t.teardown(() => host.stop());
const secret = (await Deno.readTextFile(`${host.stateDir}/admin-token`)).trim();
const signedIn = await host.call("POST", "/api/admin/session", { body: { secret } });
const cookie = signedIn.headers.get("set-cookie")!.split(";")[0]!;

/** An open stream of events. */
async function open(): Promise<Response> {
  return await host.call("GET", "/api/dashboard/events", { cookie });
}

/** How many streams can be opened at once now. */
async function places(): Promise<number> {
  const opened: Response[] = [];
  for (;;) {
    const response = await open();
    opened.push(response);
    if (response.status === 200) continue;
    for (const one of opened) await one.body?.cancel();
    return opened.length - 1;
  }
}

/** Waits until nobody reads; the dashboard's cookie may read the statistics. */
async function nobody(what: string): Promise<void> {
  await until(async () => {
    const stats = await (await host.call("GET", "/api/stats", { cookie })).json();
    return stats.dashboard.readers === 0;
  }, what);
}

t.test("dashboards are few, and each that goes makes room", async (t) => {
  t.equal(await places(), MAX_READERS);
  await nobody("the end of all readers");
  t.equal(await places(), MAX_READERS, "none was left");
  await nobody("the end of all readers");
});

t.test("a reader that is cut off or takes nothing leaves nothing behind", async (t) => {
  const descriptors = async () => {
    return [...Deno.readDirSync(`/proc/${host.process.pid}/fd`)].length;
  };
  const before = await descriptors();
  for (let round = 0; round < 3; round++) {
    const connections: Deno.TcpConn[] = [];
    for (let reader = 0; reader < MAX_READERS; reader++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: host.port });
      const head = `GET /api/dashboard/events HTTP/1.1\r\nHost: 127.0.0.1:${host.port}\r\n` +
        `Cookie: ${cookie}\r\n\r\n`;
      await connection.write(new TextEncoder().encode(head));
      const answer = new Uint8Array(4096);
      await connection.read(answer);
      t.match(new TextDecoder().decode(answer), /^HTTP\/1\.1 200 OK/);
      connections.push(connection);
    }
    t.equal((await open()).status, 503, "full, though nobody reads on");
    for (const connection of connections) connection.close();
    await nobody("the end of readers that were cut off");
  }
  await until(async () => await descriptors() <= before, "their descriptors");
  t.equal(await places(), MAX_READERS);
});

t.test("a player gets no events, and the end of the host ends those who do", async (t) => {
  const { cookie: player } = await host.join("player");
  const refused = await host.call("GET", "/api/dashboard/events", { cookie: player });
  t.equal(refused.status, 403);
  await refused.body?.cancel();
  const reading = (await open()).text();
  const startedMs = performance.now();
  await host.stop("SIGINT");
  t.match(await reading, /event: end\ndata: \{"reason":"shutdown"\}\n\n$/);
  t.ok(performance.now() - startedMs < 9000, "nobody has to wait for a page");
  t.notMatch(host.log, secret, "and the log has no secret");
  t.notMatch(host.log + host.out, cookie.split("=")[1]!);
});
