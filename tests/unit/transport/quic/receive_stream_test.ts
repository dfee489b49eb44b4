import t from "tap";
import { H3_EXCESSIVE_LOAD } from "../../../../src/transport/quic/h3_frames.ts";
import { PrefixReader } from "../../../../src/transport/quic/prefix_reader.ts";
import { PieceReader, receiveStream } from "../../../../src/transport/quic/receive_stream.ts";

/** A byte stream that is fed by hand. */
function source() {
  let controller!: ReadableByteStreamController;
  let reason: unknown;
  const readable = new ReadableStream({
    type: "bytes",
    start: (one) => {
      controller = one;
    },
    cancel: (why) => {
      reason = why ?? "cancelled";
    },
  }) as ReadableStream<Uint8Array>;
  return { readable, controller, cancelled: () => reason };
}

t.test("receiveStream gives the bytes to either kind of reader", async (t) => {
  const first = source();
  const reader = receiveStream(first.readable).getReader();
  first.controller.enqueue(Uint8Array.of(1, 2));
  t.same([...(await reader.read()).value!], [1, 2]);
  first.controller.close();
  t.equal((await reader.read()).done, true);

  const second = source();
  const byob = receiveStream(second.readable).getReader({ mode: "byob" });
  second.controller.enqueue(Uint8Array.of(3, 4, 5));
  t.same([...(await byob.read(new Uint8Array(2))).value!], [3, 4]);
  t.same([...(await byob.read(new Uint8Array(2))).value!], [5]);
  const end = byob.read(new Uint8Array(2));
  second.controller.close();
  second.controller.byobRequest?.respond(0);
  t.equal((await end).done, true);
});

t.test("receiveStream hands on errors and cancellation", async (t) => {
  const failing = source();
  const reader = receiveStream(failing.readable).getReader();
  const read = reader.read();
  failing.controller.error(new Error("Connection lost"));
  await t.rejects(read, { message: "Connection lost" });

  const unwanted = source();
  await receiveStream(unwanted.readable).cancel();
  t.equal(unwanted.cancelled(), "cancelled");
});

t.test("PieceReader asks for more when pieces fill its buffer", async (t) => {
  const bulk = source();
  bulk.controller.enqueue(new Uint8Array(1_000_000));
  const reader = new PieceReader(bulk.readable);
  const sizes: number[] = [];
  for (let index = 0; index < 8; index++) sizes.push((await reader.read())!.length);
  t.same(sizes, [1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 65_536]);
});

t.test("PrefixReader reads varints and leaves the rest", async (t) => {
  const stream = source();
  stream.controller.enqueue(Uint8Array.of(0x40, 0x54, 0x04, 9, 8));
  const prefix = new PrefixReader(stream.readable, 1_000);
  t.equal(await prefix.varint(), 0x54);
  t.equal(await prefix.varint(), 4);
  prefix.release();
  const reader = stream.readable.getReader();
  t.same([...(await reader.read()).value!], [9, 8]);
});

t.test("PrefixReader says when the stream ends inside a varint", async (t) => {
  const stream = source();
  stream.controller.enqueue(Uint8Array.of(0x80, 1));
  stream.controller.close();
  const prefix = new PrefixReader(stream.readable, 1_000);
  t.equal(await prefix.varint(), undefined);
  prefix.release();
});

t.test("PrefixReader counts its deadline from the first byte", async (t) => {
  const stream = source();
  const prefix = new PrefixReader(stream.readable, 40);
  const reading = prefix.varint();
  await new Promise((resolve) => setTimeout(resolve, 80));
  stream.controller.enqueue(Uint8Array.of(0x40));
  await t.rejects(reading, { name: "H3Error", code: H3_EXCESSIVE_LOAD });
  t.equal(stream.cancelled(), "cancelled");
  prefix.release();
});
