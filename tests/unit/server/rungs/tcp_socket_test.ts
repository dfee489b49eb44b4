import t from "tap";
import { GATEWAY_KINDS } from "../../../../src/gateway/gateway_message.ts";
import type { IncomingConnection } from "../../../../src/transport/connection.ts";
import { RawWebSocket } from "../../../raw_web_socket.ts";
import { dialTcpAs } from "../../../tcp_client.ts";
import { TCP_PATH, TcpRung } from "../../../tcp_rung.ts";

/** What the host may hold for one browser: see GatewayKind `raw`. */
const HELD_BYTES_MAX = GATEWAY_KINDS.raw.underWayBytesMax;
/** The kernel takes some megabytes; what the pipe to the gateway has no room for is not sent at all. */
const TRIES_MAX = 100_000;

const rung = await TcpRung.start();
t.teardown(() => rung.close());
const origin = `http://127.0.0.1:${rung.port}`;

async function openRaw(): Promise<{ raw: RawWebSocket; connection: IncomingConnection }> {
  const accepted = rung.listener.accept();
  const raw = await RawWebSocket.open({ port: rung.port, path: TCP_PATH, headers: {} });
  return { raw, connection: (await accepted)! };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

t.test("TcpSocket ends a browser that takes nothing of what it cannot be without", async (t) => {
  const { raw, connection } = await openRaw();
  const packet = new Uint8Array(8192);
  let most = 0;
  let isOpen = true;
  void connection.closed.then(() => isOpen = false);
  for (let sent = 0; sent < TRIES_MAX && isOpen; sent++) {
    // As a sender of media that is told that all of it arrived.
    connection.sendDatagram(packet);
    if (sent % 16 === 0) await pause(1);
    for (const socket of rung.sockets) most = Math.max(most, socket.unsentBytes);
  }
  t.equal((await connection.closed).clean, false, "its session ended");
  t.ok(most <= HELD_BYTES_MAX, `${most} bytes waited`);
  raw.close();
});

t.test("TcpSocket makes writers of streams wait for a browser that takes nothing", async (t) => {
  const { raw, connection } = await openRaw();
  // Windows without an end: those of a browser that lies.
  const endless = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  await raw.send(Uint8Array.from([0x99, 0x0b, 0x4d, 0x3d, ...endless]));
  await raw.send(Uint8Array.from([0x99, 0x0b, 0x4d, 0x40, 0x10]));
  const writer = (await connection.openUnidirectional()).getWriter();
  writer.closed.catch(() => {});
  await raw.send(Uint8Array.from([0x99, 0x0b, 0x4d, 0x3e, 2, ...endless]));
  let taken = 0;
  void (async () => {
    for (;;) {
      await writer.write(new Uint8Array(16_384));
      taken += 16_384;
    }
  })().catch(() => {});
  let most = 0;
  let before = -1;
  for (let still = 0; still < 10; still = taken === before ? still + 1 : 0) {
    before = taken;
    await pause(30);
    for (const socket of rung.sockets) most = Math.max(most, socket.unsentBytes);
  }
  t.ok(taken > 0, `${taken} bytes were taken before the writer waited`);
  t.ok(most <= HELD_BYTES_MAX / 4, `${most} bytes waited here`);
  raw.close();
  t.equal((await connection.closed).clean, false);
});

t.test("TcpSocket ends who sends text or too much at once, and forgets it", async (t) => {
  for (const bytes of [[0x81, 0x81, 0, 0, 0, 0, 0x61], [0x82, 0xff, 0, 0, 0, 0, 0, 4, 0, 0]]) {
    const { raw, connection } = await openRaw();
    const message = bytes[0] === 0x81 ? bytes : [...bytes, 0, 0, 0, 0];
    await raw.sendBytes(Uint8Array.from(message));
    if (bytes[0] === 0x82) await raw.sendBytes(new Uint8Array(0x40000));
    await raw.readToClose();
    raw.close();
    t.equal((await connection.closed).clean, false);
  }
});

t.test("TcpSocket outlives the faults of others on the same gateway", async (t) => {
  const accepted = rung.listener.accept();
  const client = await dialTcpAs(`${origin}${TCP_PATH}`, { origin });
  const server = (await accepted)!;
  for (const crash of [[[0x99], [0, 0, 0]], [[0x99, 0x0b, 0x4d, 0x3b, 0x40, 0x64, 1]]]) {
    const { raw, connection } = await openRaw();
    for (const message of crash) await raw.send(Uint8Array.from(message));
    await raw.readToClose();
    t.equal((await connection.closed).clean, false);
    raw.close();
  }
  client.sendDatagram(Uint8Array.of(7));
  t.same(await server.readDatagram(), Uint8Array.of(7));
  t.equal(rung.gateway.stats.crashes, 0);
  client.close(0, "");
  await server.closed;
});

t.test("TcpSocket ends with its gateway, and another one takes over", async (t) => {
  const accepted = rung.listener.accept();
  const client = await dialTcpAs(`${origin}${TCP_PATH}`, { origin });
  const server = (await accepted)!;
  Deno.kill(rung.gateway.stats.pid!, "SIGKILL");
  t.equal((await server.closed).clean, false);
  t.equal((await client.closed).clean, false);
  while (rung.gateway.stats.crashes === 0) await pause(5);
  t.ok(await rung.gateway.link(), "another one");
});
