/**
 * Hostile peers against a real QuicListener: each case does one bad thing, checks that only the
 * offender is closed and with which HTTP/3 code, and then that a good client is still served. A good
 * session stays open through all of them and must lose nothing.
 */

import t from "tap";
import { within, writeAll } from "../conformance/transport_suite.ts";
import {
  connectLines,
  connectRaw,
  CONTROL_STREAM_BYTES,
  headersFrame,
  QuicClient,
  RefusedError,
  typeLengthValue,
  varint,
} from "../quic_client.ts";
import { seededRandom } from "../seeded.ts";
import {
  attack,
  certChainPem,
  CONNECT_TIMEOUT_MS,
  endpoint,
  expectClose,
  hostile,
  IDLE_TIMEOUT_MS,
  listener,
  newestSession,
  nextSession,
  openGoodSession,
  openSession,
  otherEndpoint,
  PER_PREFIX_MAX,
  port,
  sendBidi,
  sendUni,
  steady,
} from "./hostile_peer.ts";

const H3_DATAGRAM_ERROR = 0x33;
const H3_STREAM_CREATION_ERROR = 0x103;
const H3_CLOSED_CRITICAL_STREAM = 0x104;
const H3_FRAME_UNEXPECTED = 0x105;
const H3_FRAME_ERROR = 0x106;
const H3_EXCESSIVE_LOAD = 0x107;
const H3_ID_ERROR = 0x108;
const H3_SETTINGS_ERROR = 0x109;
const H3_MISSING_SETTINGS = 0x10a;
const H3_REQUEST_INCOMPLETE = 0x10d;
const H3_MESSAGE_ERROR = 0x10e;
const QPACK_DECOMPRESSION_FAILED = 0x200;
const QPACK_ENCODER_STREAM_ERROR = 0x201;

hostile("a wrong ALPN", async (t) => {
  const connecting = connectRaw({ port, certChainPem, endpoint }, ["not-h3"]);
  await t.rejects(within(connecting, "refusal"));
});

hostile("silence after the handshake", async (t) => {
  const startMs = performance.now();
  await expectClose(t, H3_REQUEST_INCOMPLETE, () => Promise.resolve());
  const elapsedMs = performance.now() - startMs;
  t.ok(elapsedMs > CONNECT_TIMEOUT_MS - 100, `closed after ${Math.round(elapsedMs)} ms`);
});

hostile("streams of types that are not allowed", async (t) => {
  await expectClose(t, H3_STREAM_CREATION_ERROR, (conn) => sendUni(conn, [0x01]));
  await expectClose(t, H3_STREAM_CREATION_ERROR, async (conn) => {
    await sendUni(conn, CONTROL_STREAM_BYTES);
    await sendUni(conn, CONTROL_STREAM_BYTES);
  });
  await expectClose(t, H3_EXCESSIVE_LOAD, async (conn) => {
    for (let index = 0; index < 40; index++) {
      const options = { waitUntilAvailable: true };
      const writer = (await conn.createUnidirectionalStream(options)).getWriter();
      writer.closed.catch(() => {});
      await writer.write(Uint8Array.from([...varint(0x21 + 31 * index), 1, 2, 3]));
      writer.close().catch(() => {});
    }
  });
});

hostile("session ids that cannot be", async (t) => {
  await expectClose(t, H3_ID_ERROR, (conn) => sendUni(conn, [0x40, 0x54, 1]));
  await expectClose(t, H3_ID_ERROR, (conn) => sendBidi(conn, [0x40, 0x41, 2]));
});

hostile("streams for a session that does not exist", async (t) => {
  const { conn, code } = await attack();
  const session = await openSession(conn);
  await sendUni(conn, [0x40, 0x54, 0x40, 0x40, 9, 9]);
  await sendBidi(conn, [0x40, 0x41, 0x40, 0x40, 9, 9]);
  t.equal(await Promise.race([code, new Promise((done) => setTimeout(done, 100))]), undefined);
  await session.close();
  await within(code, "end");
});

hostile("half a header", async (t) => {
  const frame = headersFrame(connectLines(port, "/"));
  await expectClose(t, H3_EXCESSIVE_LOAD, async (conn) => {
    await sendUni(conn, CONTROL_STREAM_BYTES);
    await sendBidi(conn, frame.subarray(0, frame.length / 2));
  });
  await expectClose(t, H3_EXCESSIVE_LOAD, (conn) => sendUni(conn, [0x40]));
  await expectClose(t, H3_EXCESSIVE_LOAD, (conn) => sendBidi(conn, [0x40, 0x41, 0x80, 0]));
});

hostile("a header that never ends", async (t) => {
  await expectClose(t, H3_EXCESSIVE_LOAD, async (conn) => {
    const head = [0x01, ...varint(16_000)];
    const { writer } = await sendBidi(conn, head);
    for (let index = 0; index < 200; index++) {
      await writer.write(Uint8Array.of(0));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await expectClose(t, H3_EXCESSIVE_LOAD, async (conn) => {
    const { writer } = await sendBidi(conn, []);
    // Unknown frames are skipped, but not for ever.
    for (let index = 0; index < 10_000; index++) await writer.write(typeLengthValue(0x21, [1, 2]));
    await writer.write(new Uint8Array(100_000).fill(0x21));
  });
});

hostile("streams and requests that end before they begin", async (t) => {
  const { conn, code } = await attack();
  const session = await openSession(conn);
  await writeAll(await conn.createUnidirectionalStream(), new Uint8Array(0));
  await writeAll((await conn.createBidirectionalStream()).writable, new Uint8Array(0));
  await writeAll(await conn.createUnidirectionalStream(), Uint8Array.of(0x40));
  await writeAll((await conn.createBidirectionalStream()).writable, Uint8Array.of(0x01, 0x20));
  t.equal(await Promise.race([code, new Promise((done) => setTimeout(done, 100))]), undefined);
  await session.close();
  await within(code, "end");
  await expectClose(t, H3_EXCESSIVE_LOAD, async (conn) => {
    for (let index = 0; index < 40; index++) {
      const stream = await conn.createBidirectionalStream({ waitUntilAvailable: true });
      await writeAll(stream.writable, new Uint8Array(0));
    }
  });
});

hostile("lengths that lie", async (t) => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  await expectClose(t, H3_EXCESSIVE_LOAD, (conn) => sendBidi(conn, [0x01, ...huge]));
  await expectClose(t, H3_EXCESSIVE_LOAD, (conn) => sendUni(conn, [0x00, 0x04, ...huge]));
  await expectClose(t, H3_EXCESSIVE_LOAD, async (conn) => {
    const writer = await openSession(conn);
    await writer.write(typeLengthValue(0x00, [...varint(0x1234), ...huge]));
  });
  await expectClose(t, H3_MESSAGE_ERROR, async (conn) => {
    const writer = await openSession(conn);
    await writer.write(typeLengthValue(0x00, [...varint(0x2843), ...varint(2_000)]));
  });
  await expectClose(t, H3_FRAME_ERROR, async (conn) => {
    const writer = await openSession(conn);
    await writer.write(Uint8Array.from([0x00, 0x20, 1]));
    await writer.close();
  });
  await expectClose(t, H3_MESSAGE_ERROR, async (conn) => {
    const writer = await openSession(conn);
    await writer.write(typeLengthValue(0x00, [...varint(0x2843), 0x08, 0, 0]));
    await writer.close();
  });
});

hostile("a broken control stream", async (t) => {
  await expectClose(t, H3_MISSING_SETTINGS, (conn) => sendUni(conn, [0x00, 0x00, 0x01, 7]));
  await expectClose(t, H3_MISSING_SETTINGS, (conn) => sendUni(conn, [0x00, 0x07, 0x01, 0]));
  await expectClose(t, H3_SETTINGS_ERROR, (conn) => sendUni(conn, [0x00, 0x04, 0x02, 0x02, 1]));
  await expectClose(t, H3_FRAME_ERROR, (conn) => sendUni(conn, [0x00, 0x04, 0x01, 0x40]));
  await expectClose(t, H3_FRAME_UNEXPECTED, (conn) => {
    return sendUni(conn, [...CONTROL_STREAM_BYTES, ...CONTROL_STREAM_BYTES.subarray(1)]);
  });
  await expectClose(t, H3_CLOSED_CRITICAL_STREAM, async (conn) => {
    await (await sendUni(conn, CONTROL_STREAM_BYTES)).close();
  });
  await expectClose(t, H3_SETTINGS_ERROR, async (conn) => {
    await sendUni(conn, [0x00, 0x04, 0x00]);
    await sendBidi(conn, headersFrame(connectLines(port, "/")));
  });
});

hostile("frames in the wrong place", async (t) => {
  await expectClose(t, H3_FRAME_UNEXPECTED, (conn) => sendBidi(conn, [0x00, 0x01, 7]));
  await expectClose(t, H3_FRAME_UNEXPECTED, (conn) => sendBidi(conn, [0x08, 0x01, 7]));
  await expectClose(t, H3_FRAME_UNEXPECTED, async (conn) => {
    const writer = await openSession(conn);
    await writer.write(headersFrame([["a", "b"]]));
  });
});

hostile("QPACK that refers to a table we do not have", async (t) => {
  const request = (block: number[]) => (conn: Deno.QuicConn) => {
    return sendBidi(conn, typeLengthValue(0x01, block));
  };
  await expectClose(t, QPACK_DECOMPRESSION_FAILED, request([0, 0, 0x80]));
  await expectClose(t, QPACK_DECOMPRESSION_FAILED, request([2, 0, 0xd1]));
  await expectClose(t, QPACK_DECOMPRESSION_FAILED, request([0, 0, 0xff, 0xff, 0xff, 0xff, 0xff]));
  await expectClose(t, QPACK_ENCODER_STREAM_ERROR, (conn) => sendUni(conn, [0x02, 0x3f, 0xbd]));
  await expectClose(t, H3_CLOSED_CRITICAL_STREAM, async (conn) => {
    await (await sendUni(conn, [0x03])).close();
  });
});

hostile("datagrams without a session, and for another one", async (t) => {
  await expectClose(t, H3_DATAGRAM_ERROR, async (conn) => {
    await openSession(conn);
    await conn.sendDatagram(new Uint8Array(0));
  });
  const { conn, code } = await attack();
  const session = await openSession(conn);
  await conn.sendDatagram(Uint8Array.of(5, 1, 1));
  const server = newestSession();
  for (let tries = 0; tries < 100 && server.stats.datagramsDropped === 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  t.equal(server.stats.datagramsDropped, 1);
  t.equal(server.stats.datagramsReceived, 0);
  await session.close();
  await within(code, "end");
});

hostile("requests that are not for a session", async (t) => {
  const statusOf = async (lines: readonly (readonly [string, string])[]) => {
    const { conn, code } = await attack();
    await sendUni(conn, CONTROL_STREAM_BYTES);
    const { stream } = await sendBidi(conn, headersFrame(lines));
    const answer: number[] = [];
    for await (const bytes of stream.readable) answer.push(...bytes);
    conn.close();
    code.catch(() => {});
    return answer;
  };
  const connect = connectLines(port, "/");
  const get = connect.filter(([name]) => name !== ":protocol")
    .map(([name, value]) => [name, name === ":method" ? "GET" : value] as const);
  // HEADERS of 8 bytes: literal :status with three plain digits.
  const literal = (status: string) => [1, 8, 0, 0, 0x5f, 9, 3, ...new TextEncoder().encode(status)];
  const bad = [1, 4, 0, 0, 0xff, 67 - 63];
  t.same(await statusOf(get), literal("405"));
  t.same(await statusOf([...connect, connect[0]!]), bad, "pseudo field behind the others");
  t.same(await statusOf([...connect, ["origin", "a"], ["origin", "b"]]), bad, "two origins");
  t.same(await statusOf([...connect, ["Bad", "1"]]), bad, "upper case");
  t.same(await statusOf(connect.map(([name, value]) => [name, `${value}\0`])), bad, "NUL");
  t.same(await statusOf(connect.filter(([name]) => name !== ":path")), bad, "no path");
});

hostile("a gate that refuses and one that throws", async (t) => {
  const connect = (path: string) => QuicClient.connect({ port, certChainPem, path, endpoint });
  await t.rejects(connect("/elsewhere"), new RefusedError(403));
  await t.rejects(connect("/broken-gate"), new RefusedError(500));
});

hostile("a second session on one connection", async (t) => {
  const { conn, code } = await attack();
  const session = await openSession(conn);
  const { stream } = await sendBidi(conn, headersFrame(connectLines(port, "/")));
  const answer: number[] = [];
  for await (const bytes of stream.readable) answer.push(...bytes);
  t.same(answer.slice(-3), [...new TextEncoder().encode("429")]);
  await session.close();
  await within(code, "end");
});

hostile("more connections than one network may hold", async (t) => {
  for (let tries = 0; tries < 200 && listener.unauthenticatedConnections > 0; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const before = listener.stats.refusedByLimit;
  const attacks = await Promise.allSettled(Array.from({ length: 40 }, attack));
  const ends = attacks.flatMap((one) => one.status === "fulfilled" ? [one.value.code] : []);
  t.equal(listener.unauthenticatedConnections, PER_PREFIX_MAX);
  t.equal(listener.stats.refusedByLimit, before + 40 - PER_PREFIX_MAX);
  const other = await openGoodSession(otherEndpoint);
  t.ok(other.server.remoteAddress.startsWith("127.0.1.1:"), "another network gets in meanwhile");
  other.client.close(0, "");
  const codes = await within(Promise.allSettled(ends), "ends");
  const late = codes.filter((end) =>
    end.status === "fulfilled" && end.value === H3_REQUEST_INCOMPLETE
  );
  t.equal(late.length, PER_PREFIX_MAX, "those that got in are closed when they say nothing");
  t.equal(listener.unauthenticatedConnections, 0);
});

hostile("garbage on its UDP port", async (t) => {
  const random = seededRandom("hostile peer garbage");
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const target: Deno.NetAddr = { transport: "udp", hostname: "127.0.0.1", port };
  for (let index = 0; index < 5_000; index++) {
    const bytes = random.bytes(random.int(1_400) + 1);
    // Every second packet claims to be a QUIC version 1 Initial of full size.
    if (index % 2 === 0 && bytes.length > 20) bytes.set([0xc3, 0, 0, 0, 1, 8]);
    await socket.send(bytes, target);
  }
  socket.close();
  t.pass("5,000 packets");
});

hostile("a request in 0-RTT data", async (t) => {
  // The first connection leaves a ticket with the socket, which the second one spends.
  const first = await openGoodSession();
  first.client.close(0, "");
  await within(first.server.closed, "end of the first session");
  const connecting = Deno.connectQuic({
    hostname: "127.0.0.1",
    port,
    serverName: "localhost",
    caCerts: [certChainPem],
    alpnProtocols: ["h3"],
    endpoint,
    maxIdleTimeout: 10_000,
    maxConcurrentUnidirectionalStreams: 256,
    maxConcurrentBidirectionalStreams: 256,
    zeroRtt: true,
  });
  t.notOk(connecting instanceof Promise, "the ticket lets the client send at once");
  const conn = await connecting;
  conn.closed.catch(() => {});
  const session = nextSession();
  const writer = await openSession(conn);
  await conn.handshake;
  const server = await within(session, "session");
  await writer.close();
  t.match(await within(server.closed, "end"), { code: 0, clean: true });
});

hostile("a client that is killed", async (t) => {
  const script = `
    import { QuicClient } from ${
    JSON.stringify(new URL("../quic_client.ts", import.meta.url).href)
  };
    const client = await QuicClient.connect(JSON.parse(Deno.args[0]));
    client.sendDatagram(Uint8Array.of(42));
    await client.closed;`;
  const opened = nextSession();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--unstable-net",
      `data:application/typescript,${encodeURIComponent(script)}`,
      JSON.stringify({ port, certChainPem }),
    ],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  try {
    const server = await within(opened, "session of the child", 10_000);
    t.same([...(await within(server.readDatagram(), "its datagram"))!], [42]);
    const startMs = performance.now();
    child.kill("SIGKILL");
    const info = await within(server.closed, "closed", 3 * IDLE_TIMEOUT_MS);
    t.equal(info.clean, false);
    t.match(info.reason, /timed out/);
    t.ok(performance.now() - startMs < 2 * IDLE_TIMEOUT_MS, "noticed in time");
  } finally {
    await child.status;
  }
});

t.test("QuicListener kept its steady session through everything", async (t) => {
  t.equal(steady.server.stats.datagramsDropped, 0);
  t.equal(steady.client.stats.datagramsReceived, steady.server.stats.datagramsSent);
  for (let tries = 0; tries < 150 && listener.connections > 1; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  t.equal(listener.connections, 1, "nobody else is left");
  steady.client.close(9, "done");
  t.match(await within(steady.server.closed, "end"), { code: 9, reason: "done", clean: true });
});
