/** MuxConnection against a peer that does wrong, and what it keeps bounded. */

import t from "tap";
import { createMemoryChannels } from "../../../../src/transport/mux/memory_channel.ts";
import { MuxConnection } from "../../../../src/transport/mux/mux_connection.ts";
import type { MuxConnectionOptions } from "../../../../src/transport/mux/mux_connection.ts";
import { MUX_LIMITS } from "../../../../src/transport/mux/mux_limits.ts";
import { joinConnections } from "../../../../src/transport/mux/join_connections.ts";
import { fromHex, toHex } from "../../../vectors/read_vectors.ts";

/** A server's connection, and a peer that is written by hand. */
function byHand(options: Partial<MuxConnectionOptions> = {}) {
  const [near, far] = createMemoryChannels();
  const got: string[] = [];
  let ended = "";
  near.start({
    message: (bytes) => got.push(toHex(bytes)),
    datagram: () => {},
    closed: (reason) => ended = reason,
    drained: () => {},
  });
  const connection = new MuxConnection(far, { side: "server", transport: "loopback", ...options });
  return {
    connection,
    got,
    send: (hex: string) => near.send(fromHex(hex)),
    sendBytes: (bytes: Uint8Array) => near.send(bytes),
    get ended() {
      return ended;
    },
    channel: far,
  };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
const data = (id: string, bytes: number) => `02${id}${"ab".repeat(bytes)}`;

const FAULTS: readonly (readonly [name: string, messages: readonly string[]])[] = [
  ["an empty message", [""]],
  ["a kind that there is not", ["0b00"]],
  ["a stream that is not the next one", ["0104000000"]],
  ["a stream that is ours", ["0101000000"]],
  ["the same stream twice", ["0100000000", "0100000000"]],
  ["data of a stream that is not open", ["020000000001"]],
  ["data without a byte", ["0100000000", "0200000000"]],
  ["data behind the end", ["0102000000", "0302000000", "020200000001"]],
  ["an end behind the end", ["0102000000", "0302000000", "0302000000"]],
  ["a reset behind the end", ["0100000000", "0300000000", "040000000000000000"]],
  ["credit for what was not sent", ["0100000000", "060000000001000000"]],
  ["credit of nothing", ["0100000000", "060000000000000000"]],
  ["credit of a stream that never was", ["060400000001000000"]],
  ["credit of a stream of its own that goes one way", ["0102000000", "060200000001000000"]],
  ["a stop of a stream that never was", ["050100000000000000"]],
  ["a grant of nothing", ["070000000000"]],
  ["a grant beyond the count", ["070001000000"]],
  ["a grant of a way that there is not", ["070201000000"]],
  [
    "more streams than allowed",
    Array.from({ length: 17 }, (_, index) => {
      return `01${(index * 4).toString(16).padStart(2, "0")}000000`;
    }),
  ],
];

t.test("MuxConnection ends at each fault of its peer, and says which", async (t) => {
  for (const [name, messages] of FAULTS) {
    const { connection, got, send } = byHand();
    for (const message of messages) send(message);
    await settle();
    const info = await connection.closed;
    t.match(info, { code: 0, clean: false, reason: /^Broken mux format: / }, name);
    t.equal(got.at(-1)?.slice(0, 2), "0a", `${name}: the peer is told`);
    t.equal(connection.heldBytes, 0);
    t.equal(connection.openStreams, 0);
  }
});

t.test("MuxConnection ends when a window is overrun, of a stream or of all", async (t) => {
  const limits = {
    ...{ streamWindowBytes: 1_000, streamShareBytes: 100, connectionWindowBytes: 1_500 },
  };
  const one = byHand(limits);
  one.send("0102000000");
  one.send(data("02000000", 1_000));
  await settle();
  t.equal(one.connection.heldBytes, 1_000, "a full window is held");
  one.send(data("02000000", 1));
  await settle();
  t.match(await one.connection.closed, { clean: false, reason: /Window of stream 2/ });

  const all = byHand(limits);
  for (const id of ["02000000", "06000000"]) {
    all.send(`01${id}`);
    all.send(data(id, 850));
  }
  all.send("010a000000");
  all.send(data("0a000000", 100));
  await settle();
  t.equal(all.connection.heldBytes, 1_800, "shares do not count for all");
  all.send(data("0a000000", 1));
  await settle();
  t.match(await all.connection.closed, { clean: false, reason: /Window of the connection/ });
});

t.test("MuxConnection takes what may still be on its way", async (t) => {
  const { connection, got, send } = byHand();
  const writer = (await connection.openUnidirectional()).getWriter();
  await writer.write(new Uint8Array(10));
  await writer.abort();
  await settle();
  t.equal(got.at(-1), "040300000000000000", "given up");
  send("06030000000a000000");
  send("050300000000000000");
  await settle();
  t.equal(await Promise.race([connection.closed, "open"]), "open", "late credit and late stop");
  send("0802");
  t.same([...(await connection.readDatagram())!], [2]);
});

t.test("MuxConnection holds small pieces at no more than twice their bytes", async (t) => {
  const { connection, send, got } = byHand();
  send("0102000000");
  const readable = (await connection.acceptUnidirectional())!;
  for (let index = 0; index < 5_000; index++) send(data("02000000", 1));
  send(data("02000000", 600));
  send("0302000000");
  await settle();
  let pieces = 0;
  let bytes = 0;
  for await (const piece of readable) {
    pieces++;
    bytes += piece.length;
  }
  t.equal(bytes, 5_600);
  t.ok(pieces <= 6, `${pieces} pieces of 5,001 messages`);
  t.equal(got.at(-1), "070101000000", "and another stream may come");
});

t.test("MuxConnection drops the oldest datagrams beyond a sum of bytes", async (t) => {
  const { connection, sendBytes } = byHand({ unreadDatagramBytesMax: 10_000 });
  for (let index = 0; index < 20; index++) {
    sendBytes(new Uint8Array(1_001).fill(index).fill(8, 0, 1));
  }
  await settle();
  t.equal(connection.heldBytes, 10_000);
  t.equal(connection.stats.datagramsDroppedUnread, 10);
  t.equal((await connection.readDatagram())![0], 10, "the newest are there");
  t.equal(connection.heldBytes, 9_000);
  connection.close(0, "");
  t.equal(connection.heldBytes, 0);
});

t.test("MuxConnection drops datagrams and holds streams while its channel is full", async (t) => {
  const { connection, channel: far, got } = byHand();
  far.hold();
  const payload = new Uint8Array(8_000);
  let sent = 0;
  while (connection.sendDatagram(payload)) sent++;
  const underWay = MUX_LIMITS.datagramBufferBytesMax;
  t.ok(far.bufferedBytes > underWay && far.bufferedBytes < underWay + 2 * 8_001, `${sent} sent`);
  t.equal(connection.stats.datagramsDropped, 1);
  const writer = (await connection.openUnidirectional()).getWriter();
  let isWritten = false;
  const writing = writer.write(new Uint8Array(1_000)).then(() => isWritten = true);
  const before = far.bufferedBytes;
  await settle();
  t.equal(far.bufferedBytes, before, "a stream waits");
  t.notOk(isWritten);
  far.release();
  await writing;
  await settle();
  t.equal(got.at(-1)?.slice(0, 10), "0203000000");
  t.ok(connection.sendDatagram(payload), "and datagrams go again");
});

t.test("MuxConnection waits for a place to open a stream, in order, and not for ever", async (t) => {
  const { connection, send } = byHand({
    unidirectionalMax: 1,
    openTimeoutMs: 30,
    pendingOpensMax: 2,
  });
  await connection.openUnidirectional();
  const order: number[] = [];
  const waiting = [1, 2].map((index) =>
    connection.openUnidirectional().then(() => order.push(index))
  );
  await t.rejects(connection.openUnidirectional(), {
    name: "TransportError",
    reason: "unavailable",
  });
  send("070101000000");
  await t.rejects(waiting[1]!, { name: "TransportError", reason: "timeout" });
  t.same(order, [1]);
  const late = connection.openUnidirectional();
  connection.close(0, "");
  await t.rejects(late, { name: "TransportError", reason: "closed" });
});

t.test("MuxConnection ends the channel of a peer that does not answer its close", async (t) => {
  const silent = byHand({ closeGraceMs: 20 });
  silent.connection.close(3, "bye");
  t.equal(silent.ended, "");
  while (silent.ended === "") await settle();
  t.equal(silent.got.at(-1), "0903000000627965");
});

t.test("MuxConnection.markAuthenticated tells once, and so does its end", (t) => {
  for (const end of ["mark", "close"] as const) {
    let told = 0;
    const { connection } = byHand({ onAuthenticated: () => told++ });
    if (end === "mark") connection.markAuthenticated();
    connection.close(0, "");
    connection.markAuthenticated();
    t.equal(told, 1, end);
  }
  t.end();
});

t.test("joinConnections passes codes, faults and given-up streams on", async (t) => {
  const pair = () => {
    const [near, far] = createMemoryChannels();
    return [
      new MuxConnection(near, { side: "client", transport: "loopback" }),
      new MuxConnection(far, { side: "server", transport: "loopback" }),
    ] as const;
  };
  const [page, there] = pair();
  const [here, server] = pair();
  const joined = joinConnections(there, here);
  const writer = (await page.openUnidirectional()).getWriter();
  await writer.write(Uint8Array.of(1));
  const reader = (await server.acceptUnidirectional())!.getReader();
  t.same([...(await reader.read()).value!], [1]);
  writer.abort().catch(() => {});
  await t.rejects(reader.read(), { name: "TransportError", reason: "reset" });
  const upload = (await server.openUnidirectional()).getWriter();
  await upload.write(Uint8Array.of(2));
  await (await page.acceptUnidirectional())!.cancel();
  await t.rejects(upload.closed, { name: "TransportError", reason: "reset" });
  page.fail("Cable cut");
  t.same(await server.closed, { code: 0, reason: "Cable cut", clean: false });
  await joined;
  t.equal(there.openStreams + here.openStreams, 0);
});
