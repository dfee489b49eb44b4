/** Tests of web/viewer/receive/viewer_link.ts, with the in-memory transport as the network. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { createLoopbackPair } from "../../../../src/transport/loopback.ts";
import type { BidirectionalStream, Connection } from "../../../../src/transport/connection.ts";
import { encodeServerMessage, parseClientMessage } from "../../../../src/wire/control.ts";
import type { ServerMessage } from "../../../../src/wire/control.ts";
import { MessageSplitter } from "../../../../src/wire/framing.ts";
import { INPUT_STREAM_PREAMBLE } from "../../../../src/wire/input.ts";
import { encodeProbeReply, parseProbeRequest } from "../../../../src/wire/probe.ts";
import type { ProbeReply } from "../../../../src/wire/probe.ts";
import { ViewerLink } from "../../../../web/viewer/receive/viewer_link.ts";

async function setUp() {
  const { client, server } = createLoopbackPair();
  const heard = {
    messages: [] as ServerMessage[],
    media: [] as number[],
    probes: [] as ProbeReply[],
    others: [] as string[],
    closed: [] as string[],
  };
  const link = new ViewerLink(client, new ManualClock(7_000), {
    message: (message) => heard.messages.push(message),
    media: (datagram) => heard.media.push(datagram.byteLength),
    probe: (reply) => heard.probes.push(reply),
    other: (name) => heard.others.push(name),
    closed: ({ reason }) => heard.closed.push(reason),
  });
  const accepted = server.acceptBidirectional();
  await link.start("ticket");
  const control = await accepted as BidirectionalStream;
  return { link, server: server as Connection, control, heard };
}

/** Messages of the viewer, in order. */
async function* clientMessages(control: BidirectionalStream) {
  const splitter = new MessageSplitter(65_536);
  for await (const chunk of control.readable) {
    for (const payload of splitter.push(chunk)) yield parseClientMessage(payload);
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 10));

t.test("ViewerLink says hello first, and hands messages and media on", async (t) => {
  const { link, server, control, heard } = await setUp();
  const messages = clientMessages(control);
  t.match((await messages.next()).value, { type: "hello", ticket: "ticket" });
  link.send({ type: "play", streamId: 0 });
  t.same((await messages.next()).value, { type: "play", streamId: 0 });
  const writer = control.writable.getWriter();
  const welcome = { type: "welcome", version: 1, sessionId: "s", role: "viewer" } as const;
  await writer.write(encodeServerMessage({ ...welcome, heartbeatMs: 250 }));
  server.sendDatagram(new Uint8Array([0x08, 0, 0]));
  // What is no picture and no probe goes to whom it may concern.
  server.sendDatagram(new Uint8Array([0x40]));
  server.sendDatagram(new Uint8Array([0xc0]));
  server.sendDatagram(new Uint8Array(0));
  await settle();
  t.same(heard.messages, [{ ...welcome, heartbeatMs: 250 }]);
  t.same(heard.media, [3]);
  t.same(heard.others, ["pointer", "feedback"]);
  link.close(0, "over");
});

t.test("ViewerLink probes the clock and survives a broken reply", async (t) => {
  const { link, server, heard } = await setUp();
  link.startProbes();
  const request = parseProbeRequest((await server.readDatagram())!);
  t.equal(request.viewerSendUs, 7_000);
  server.sendDatagram(new Uint8Array([0x81, 1, 2]));
  server.sendDatagram(encodeProbeReply({ ...request, serverReceiveUs: 5, serverSendUs: 6 }));
  await settle();
  t.same(heard.probes, [{ ...request, serverReceiveUs: 5, serverSendUs: 6 }]);
  link.close(0, "over");
});

t.test("ViewerLink sends input only on the stream that it opened for it", async (t) => {
  const { link, server } = await setUp();
  t.notOk(link.sendRecord(new Uint8Array(20)));
  await link.openInput();
  t.ok(link.sendRecord(new Uint8Array(20).fill(7)));
  const stream = await server.acceptUnidirectional();
  const received: number[] = [];
  for await (const chunk of stream!) {
    received.push(...chunk);
    if (received.length === 21) break;
  }
  t.same(received, [INPUT_STREAM_PREAMBLE, ...new Array(20).fill(7)]);
  link.close(0, "over");
});

t.test("ViewerLink sends pointer motion and feedback as datagrams", async (t) => {
  const { link, server } = await setUp();
  link.sendPointer(Uint8Array.of(0x40, 1));
  link.sendFeedback(Uint8Array.of(0xc0, 2));
  t.same([...(await server.readDatagram())!], [0x40, 1]);
  t.same([...(await server.readDatagram())!], [0xc0, 2]);
  link.close(0, "over");
});

t.test("ViewerLink reports the end once, after the host's last message", async (t) => {
  const { server, control, heard } = await setUp();
  const writer = control.writable.getWriter();
  await writer.write(
    encodeServerMessage({ type: "ended", reason: "kicked", message: "bye", retry: false }),
  );
  await writer.close();
  server.close(2, "kicked");
  await settle();
  t.match(heard.messages.at(-1), { type: "ended", reason: "kicked" });
  t.equal(heard.closed.length, 1);
});

t.test("ViewerLink closes when the host breaks the protocol", async (t) => {
  const { server, control, heard } = await setUp();
  const writer = control.writable.getWriter();
  await writer.write(new Uint8Array([255, 255, 255, 255]));
  const { code, reason } = await server.closed;
  t.equal(code, 2);
  t.match(reason, /Cannot accept a message of/);
  await settle();
  t.equal(heard.closed.length, 1);
});

t.test("ViewerLink gives up a path that takes no more input", async (t) => {
  const { link, server } = await setUp();
  await link.openInput();
  for (let record = 0; record < 20_000; record++) link.sendRecord(new Uint8Array(20));
  t.match(await server.closed, { reason: /takes no more data/ });
});
