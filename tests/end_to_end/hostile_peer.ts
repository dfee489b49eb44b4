/**
 * The stage for hostile peers: a real QuicListener with short deadlines, a good session that lasts,
 * and the means to misbehave over raw QUIC.
 */

import t, { type Test } from "tap";
import { makeCertificate } from "../../src/server/certificates.ts";
import type { IncomingConnection } from "../../src/transport/connection.ts";
import { QuicListener } from "../../src/transport/quic/quic_listener.ts";
import { within } from "../conformance/transport_suite.ts";
import {
  connectLines,
  connectRaw,
  CONTROL_STREAM_BYTES,
  headersFrame,
  QuicClient,
} from "../quic_client.ts";

/**
 * Deadlines of the listener, short so that the cases are, and far enough apart that a machine that
 * stands still for a second or two does not let the wrong one fire first.
 */
export const CONNECT_TIMEOUT_MS = 4_000;
const HEADER_TIMEOUT_MS = 500;
/** Silence after which a peer counts as gone. */
export const IDLE_TIMEOUT_MS = 2_000;
/** Connections that one network may hold before they authenticate. */
export const PER_PREFIX_MAX = 16;

const certificate = await makeCertificate(["localhost", "127.0.0.1"], {
  nowMs: Date.now(),
  lifetimeMs: 13 * 86_400_000,
});
/** The listener's certificate. */
export const { certChainPem } = certificate;
/** The listener that is attacked. */
export const listener = QuicListener.listen({
  hostname: "127.0.0.1",
  port: 0,
  certificate,
  gate: ({ path }) => {
    if (path === "/broken-gate") throw new Error("A gate that fails");
    return path === "/" ? 200 : 403;
  },
  limits: {
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    headerTimeoutMs: HEADER_TIMEOUT_MS,
    idleTimeoutMs: IDLE_TIMEOUT_MS,
    keepAliveIntervalMs: 500,
    closeGraceMs: 300,
  },
});
/** Its port. */
export const { port } = listener;
/** The socket of all clients. */
export const endpoint = new Deno.QuicEndpoint({ hostname: "127.0.0.1", port: 0 });
/** The prefix of another network, which limits for 127.0.0.0/24 do not touch. */
export const otherEndpoint = new Deno.QuicEndpoint({ hostname: "127.0.1.1", port: 0 });

let uncaught = 0;
globalThis.addEventListener("unhandledrejection", () => uncaught++);

let newest: IncomingConnection | undefined;
let onSession: ((session: IncomingConnection) => void) | undefined;
(async () => {
  for (let one = await listener.accept(); one !== undefined; one = await listener.accept()) {
    newest = one;
    onSession?.(one);
  }
})();

/** The session that the listener gave out last. */
export function newestSession(): IncomingConnection {
  return newest!;
}

/** The session that the listener gives out next. */
export function nextSession(): Promise<IncomingConnection> {
  return new Promise((resolve) => onSession = resolve);
}

/** A good client's session: both ends. */
export async function openGoodSession(from = endpoint) {
  const server = nextSession();
  const client = await QuicClient.connect({ port, certChainPem, endpoint: from });
  return { client, server: await within(server, "session at the server") };
}

/** A good session that lasts through every case. */
export const steady = await openGoodSession();
steady.server.markAuthenticated();
t.teardown(async () => {
  await listener.close();
  endpoint.close();
  otherEndpoint.close();
});

/** The steady session and a new one both work. */
async function checkServed(t: Test): Promise<void> {
  const fresh = await openGoodSession();
  for (const { client, server } of [steady, fresh]) {
    t.ok(client.sendDatagram(Uint8Array.of(1, 2)), "good client sends");
    t.same([...(await within(server.readDatagram(), "good datagram"))!], [1, 2]);
    t.ok(server.sendDatagram(Uint8Array.of(3)), "server answers");
    t.same([...(await within(client.readDatagram(), "good answer"))!], [3]);
  }
  fresh.client.close(0, "");
  await within(fresh.server.closed, "end of the good session");
}

/** One case: `body` misbehaves, then everybody else must be served as before. */
export function hostile(what: string, body: (t: Test) => Promise<void>): void {
  t.test(`QuicListener survives ${what}`, { timeout: 20_000 }, async (t) => {
    await body(t);
    await checkServed(t);
    t.equal(uncaught, 0, "no promise uncaught");
  });
}

/** A hostile connection and its end. */
export async function attack(): Promise<{ conn: Deno.QuicConn; code: Promise<number> }> {
  const conn = await connectRaw({ port, certChainPem, endpoint });
  const code = conn.closed.then((info) => info.closeCode);
  code.catch(() => {});
  return { conn, code };
}

/** Expects that the server closes a connection with `code` after `act`. */
export async function expectClose(
  t: Test,
  expected: number,
  act: (conn: Deno.QuicConn) => Promise<unknown>,
): Promise<void> {
  const { conn, code } = await attack();
  await act(conn).catch(() => {});
  const seen = await within(code, `close with 0x${expected.toString(16)}`);
  t.equal(seen.toString(16), expected.toString(16), "HTTP/3 error code");
}

/**
 * The open writers of each connection. A writer that is collected ends its stream, and the server
 * then sees a stream that is over where a case wants one that never ends.
 */
const openWriters = new Map<Deno.QuicConn, WritableStreamDefaultWriter<Uint8Array>[]>();

/** Keeps `writer` from collection until `conn` is closed. */
function keepOpen(conn: Deno.QuicConn, writer: WritableStreamDefaultWriter<Uint8Array>): void {
  const writers = openWriters.get(conn);
  if (writers !== undefined) {
    writers.push(writer);
    return;
  }
  openWriters.set(conn, [writer]);
  const forget = () => openWriters.delete(conn);
  conn.closed.then(forget, forget);
}

/** Opens a unidirectional stream with `bytes` and leaves it open. */
export async function sendUni(conn: Deno.QuicConn, bytes: ArrayLike<number>) {
  const writer = (await conn.createUnidirectionalStream()).getWriter();
  keepOpen(conn, writer);
  writer.closed.catch(() => {});
  if (bytes.length > 0) await writer.write(Uint8Array.from(bytes));
  return writer;
}

/** Opens a bidirectional stream with `bytes` and leaves it open. */
export async function sendBidi(conn: Deno.QuicConn, bytes: ArrayLike<number>) {
  const stream = await conn.createBidirectionalStream();
  const writer = stream.writable.getWriter();
  keepOpen(conn, writer);
  writer.closed.catch(() => {});
  if (bytes.length > 0) await writer.write(Uint8Array.from(bytes));
  return { writer, stream };
}

/** SETTINGS and a session's CONNECT; the writer of its stream. */
export async function openSession(conn: Deno.QuicConn) {
  await sendUni(conn, CONTROL_STREAM_BYTES);
  const { writer, stream } = await sendBidi(conn, headersFrame(connectLines(port, "/")));
  await stream.readable.getReader({ mode: "byob" }).read(new Uint8Array(1));
  return writer;
}
