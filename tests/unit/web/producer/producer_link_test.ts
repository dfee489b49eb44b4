/** Tests of web/producer/producer_link.ts against the other end of a loopback pair. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { createLoopbackPair } from "../../../../src/transport/loopback.ts";
import { encodeServerMessage, parseClientMessage } from "../../../../src/wire/control.ts";
import type { ClientMessage, ServerMessage } from "../../../../src/wire/control.ts";
import { MAX_CLIENT_MESSAGE_BYTES, MessageSplitter } from "../../../../src/wire/framing.ts";
import { encodeProbeReply, parseProbeRequest } from "../../../../src/wire/probe.ts";
import { ProducerLink } from "../../../../web/producer/producer_link.ts";

const WISH = { name: "Ada", kind: "camera", key: "k" } as const;
const ENDED: ServerMessage = { type: "ended", reason: "kicked", message: "no more", retry: false };

async function setUp() {
  const { client, server } = createLoopbackPair();
  const clock = new ManualClock(1_000_000);
  const heard: ServerMessage[] = [];
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  const link = new ProducerLink(client, clock, {
    message: (message) => void heard.push(message),
    feedback: () => {},
    closed: (info) => closed.resolve(info),
  });
  await link.start("ticket", WISH);
  const stream = (await server.acceptBidirectional())!;
  const reader = stream.readable.getReader();
  const splitter = new MessageSplitter(MAX_CLIENT_MESSAGE_BYTES);
  const said: ClientMessage[] = [];
  const hear = async () => {
    while (said.length === 0) {
      const { value } = await reader.read();
      for (const payload of splitter.push(value!)) said.push(parseClientMessage(payload));
    }
    return said.shift();
  };
  const writer = stream.writable.getWriter();
  return { link, server, clock, heard, closed: closed.promise, hear, writer };
}

t.test("ProducerLink says what it wants to publish, and sends in order", async (t) => {
  const { link, hear } = await setUp();
  t.match(await hear(), { type: "hello", ticket: "ticket", publish: WISH });
  link.send({ type: "publish_start", fps: 30, encoder: "x", hasSound: false });
  link.send({ type: "publish_stop" });
  t.match(await hear(), { type: "publish_start" });
  t.match(await hear(), { type: "publish_stop" });
  link.close(0, "");
});

t.test("ProducerLink learns the host's clock, and takes no harm from broken datagrams", async (t) => {
  const { link, server, clock } = await setUp();
  t.equal(link.offsetUs, undefined);
  for (const byte of [0x80, 0xc0, 0xff]) server.sendDatagram(Uint8Array.of(byte, 1, 2));
  const { id, viewerSendUs } = parseProbeRequest((await server.readDatagram())!);
  clock.advance(2000);
  const serverUs = 50_001_000;
  server.sendDatagram(encodeProbeReply({
    ...{ id, viewerSendUs, serverReceiveUs: serverUs, serverSendUs: serverUs },
  }));
  while (link.offsetUs === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  t.equal(link.offsetUs, serverUs - 1_001_000);
  t.equal(link.rttUs, 2000);
  link.close(0, "");
});

t.test("ProducerLink reads the host's last word before it tells of the end", async (t) => {
  const { server, heard, closed, writer } = await setUp();
  await writer.write(encodeServerMessage(ENDED));
  await writer.close();
  server.close(2, "kicked");
  t.match(await closed, { code: 2 });
  t.same(heard, [ENDED]);
});

t.test("ProducerLink ends with a host that breaks the protocol", async (t) => {
  const { server, closed, writer } = await setUp();
  await writer.write(Uint8Array.of(3, 0, 0, 0, 0xff, 0xff, 0xff));
  t.match(await closed, { code: 2 });
  t.match(await server.closed, { code: 2 });
});
