/** The messages of MuxConnection against docs/WIRE.md's vectors: one conversation, byte by byte. */

import t from "tap";
import { utf8 } from "../../../../src/core/bytes.ts";
import type { MuxChannel, MuxHandlers } from "../../../../src/transport/mux/mux_channel.ts";
import { createMemoryChannels } from "../../../../src/transport/mux/memory_channel.ts";
import { MuxConnection } from "../../../../src/transport/mux/mux_connection.ts";
import {
  MUX_KIND,
  MUX_MESSAGE_BYTES_MAX,
  muxMessageFault,
} from "../../../../src/transport/mux/mux_message.ts";
import { fromHex, toHex } from "../../../vectors/read_vectors.ts";

interface MuxVector {
  readonly name: string;
  readonly from: "client" | "server";
  readonly bytes: string;
}

const vectors: MuxVector[] = JSON.parse(
  await Deno.readTextFile(new URL("../../../vectors/mux.json", import.meta.url)),
);

/** `channel`, with a record of what is sent. */
function recorded(channel: MuxChannel, onSend: (message: Uint8Array) => void): MuxChannel {
  return {
    remoteAddress: channel.remoteAddress,
    maxDatagramSize: channel.maxDatagramSize,
    bufferedBytes: 0,
    send: (message) => {
      onSend(message);
      channel.send(message);
    },
    start: (handlers: MuxHandlers) => channel.start(handlers),
    close: () => channel.close(),
  };
}

t.test("MuxConnection says what the vectors say", async (t) => {
  const said: { from: string; bytes: string }[] = [];
  const [near, far] = createMemoryChannels();
  const connect = (channel: MuxChannel, side: "client" | "server") => {
    const onSend = (message: Uint8Array) => said.push({ from: side, bytes: toHex(message) });
    return new MuxConnection(recorded(channel, onSend), { side, transport: "loopback" });
  };
  const client = connect(near, "client");
  const server = connect(far, "server");

  const asking = await client.openBidirectional();
  const question = asking.writable.getWriter();
  await question.write(utf8("hola"));
  await question.close();
  const asked = (await server.acceptBidirectional())!;
  t.equal(await new Response(asked.readable as BodyInit).text(), "hola");
  const answer = asked.writable.getWriter();
  await answer.write(utf8("ä"));
  await answer.close();
  t.equal(await new Response(asking.readable as BodyInit).text(), "ä");

  const writable = await server.openUnidirectional();
  const writer = writable.getWriter();
  await writer.write(Uint8Array.of(1));
  const readable = (await client.acceptUnidirectional())!;
  await readable.cancel();
  await t.rejects(writer.closed, { name: "TransportError", reason: "reset" });

  client.sendDatagram(Uint8Array.of(0xa0, 1, 255));
  t.same([...(await server.readDatagram())!], [0xa0, 1, 255]);
  server.sendDatagram(new Uint8Array(0));
  t.equal((await client.readDatagram())?.length, 0);
  client.close(7, "tchüß");
  await server.closed;
  t.same(said, vectors.map(({ from, bytes }) => ({ from, bytes })));
});

t.test("muxMessageFault takes each vector, whole", (t) => {
  for (const { name, bytes } of vectors) {
    t.equal(muxMessageFault(fromHex(bytes)), undefined, name);
  }
  for (
    const kind of [MUX_KIND.open, MUX_KIND.end, MUX_KIND.reset, MUX_KIND.stop, MUX_KIND.window]
  ) {
    const { bytes } = vectors.find((vector) => fromHex(vector.bytes)[0] === kind)!;
    const whole = fromHex(bytes);
    t.type(muxMessageFault(whole.subarray(0, -1)), "string", `${kind} without its last byte`);
    t.type(muxMessageFault(Uint8Array.of(...whole, 0)), "string", `${kind} with one more`);
  }
  t.type(muxMessageFault(new Uint8Array(0)), "string", "nothing");
  t.type(muxMessageFault(Uint8Array.of(0x0b, 0, 0, 0, 0)), "string", "no such kind");
  t.type(muxMessageFault(new Uint8Array(MUX_MESSAGE_BYTES_MAX + 1).fill(8)), "string", "too long");
  t.equal(muxMessageFault(new Uint8Array(MUX_MESSAGE_BYTES_MAX).fill(8)), undefined, "the longest");
  t.end();
});
