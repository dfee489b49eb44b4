import t from "tap";
import { TransportError } from "../../../src/core/errors.ts";
import { createLoopbackPair } from "../../../src/transport/loopback.ts";

t.test("createLoopbackPair delivers datagrams at once and in order", async (t) => {
  const { client, server } = createLoopbackPair();
  for (let index = 0; index < 5; index++) client.sendDatagram(Uint8Array.of(index));
  t.equal(server.stats.datagramsReceived, 5);
  for (let index = 0; index < 5; index++) t.same([...(await server.readDatagram())!], [index]);
});

t.test("createLoopbackPair takes its limits from the options", async (t) => {
  const { client, server } = createLoopbackPair({
    maxDatagramSize: 3,
    unreadDatagramsMax: 2,
    unacceptedStreamsMax: 1,
  });
  t.equal(client.sendDatagram(new Uint8Array(4)), false);
  for (let index = 0; index < 3; index++) client.sendDatagram(Uint8Array.of(index));
  t.equal(server.stats.datagramsDroppedUnread, 1);
  t.same([...(await server.readDatagram())!], [1]);
  await client.openUnidirectional();
  await client.openBidirectional();
  await t.rejects(client.openUnidirectional(), { name: "TransportError", reason: "unavailable" });
  await t.rejects(client.openBidirectional(), TransportError);
});

t.test("LoopbackConnection shares no memory between writer and reader", async (t) => {
  const { client, server } = createLoopbackPair();
  const writer = (await client.openUnidirectional()).getWriter();
  const bytes = Uint8Array.of(1, 2, 3);
  await writer.write(bytes);
  bytes.fill(9);
  const reader = (await server.acceptUnidirectional())!.getReader();
  t.same([...(await reader.read()).value!], [1, 2, 3]);
});

t.test("LoopbackConnection remembers that its session authenticated", (t) => {
  const { server } = createLoopbackPair();
  t.equal(server.isAuthenticated, false);
  server.markAuthenticated();
  t.equal(server.isAuthenticated, true);
  t.end();
});

t.test("LoopbackConnection gives what a stream held before it ended", async (t) => {
  const { client, server } = createLoopbackPair();
  const writer = (await client.openUnidirectional()).getWriter();
  await writer.write(Uint8Array.of(1));
  await writer.close();
  const pieces: number[] = [];
  for await (const piece of (await server.acceptUnidirectional())!) pieces.push(...piece);
  t.same(pieces, [1]);
});
