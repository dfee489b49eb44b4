import t from "tap";
import { Buffer } from "node:buffer";
import { LibrarySocket } from "../../../../src/transport/websocket/library_socket.ts";
import { seededRandom } from "../../../seeded.ts";

const ANSWER = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

function make(takes = () => true) {
  const sent: Uint8Array[] = [];
  const ends: unknown[] = [];
  const socket = new LibrarySocket({
    send: (message) => {
      sent.push(message.slice());
      return takes();
    },
    ended: (fault) => void ends.push(fault),
  }, "192.0.2.1");
  return { socket, sent, ends };
}

/** A frame as the library writes it. */
function frame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length <= 125
    ? [0x80 | opcode, length]
    : length <= 0xffff
    ? [0x80 | opcode, 126, length >> 8, length & 255]
    : [0x80 | opcode, 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 255, length & 255];
  return Uint8Array.from([...head, ...payload]);
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

t.test("LibrarySocket makes messages of frames, in whatever pieces they are written", (t) => {
  const random = seededRandom("library socket");
  const { socket, sent, ends } = make();
  socket.write(ANSWER);
  const messages = [1, 2, 125, 126, 5000, 65_535, 65_536].map((length) => {
    return new Uint8Array(length).map((_, index) => index * length);
  });
  const bytes = messages.map((message) => frame(2, message));
  const all = new Uint8Array(Buffer.concat(bytes));
  for (let at = 0; at < all.length;) {
    const count = 1 + random.int(random.pick([3, 3000]));
    socket.write(all.subarray(at, at + count));
    at += count;
  }
  t.same(sent.map(({ length }) => length), messages.map(({ length }) => length));
  t.same(sent, messages);
  socket.write(frame(0x9, Uint8Array.of(1)));
  t.equal(sent.length, messages.length, "a ping is no message");
  socket.write(frame(0x8, new Uint8Array(0)));
  t.same(ends, [undefined]);
  t.equal(socket.isEnded, true);
  t.equal(socket.isBroken, false);
  t.end();
});

t.test("LibrarySocket gives the library masked frames once it reads", async (t) => {
  const { socket, ends } = make();
  const read: number[][] = [];
  socket.push(Uint8Array.of(1, 2, 3));
  socket.push(new Uint8Array(300));
  socket.on("readable", () => {
    for (let next = socket.read(); next !== null; next = socket.read()) read.push([...next]);
  });
  await pause();
  socket.push(new Uint8Array(70_000));
  const pong = [0x8a, 0x80, 0, 0, 0, 0];
  t.same(read[0], [0x82, 0x83, 0, 0, 0, 0, 1, 2, 3, ...pong], "the library waits for what follows");
  t.same(read[1]!.slice(0, 8), [0x82, 0xfe, 1, 44, 0, 0, 0, 0]);
  t.same(read[2]!.slice(0, 10), [0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70]);
  t.same(read.map(({ length }) => length), [15, 308, 70_014]);
  t.same(ends, []);
  socket.push(Uint8Array.of(0x99));
  t.match(ends, [{ message: "Cannot take a capsule without a type" }]);
  t.equal(read.length, 3);
});

t.test("LibrarySocket ends when the library throws, and tells why", async (t) => {
  const { socket, ends } = make();
  let closes = 0;
  socket.on("close", () => void closes++);
  socket.on("readable", () => {
    throw new RangeError("length: -3");
  });
  await pause();
  t.match(ends, [{ message: "length: -3" }], "also before the first message");
  t.equal(closes, 1);
  t.equal(socket.isBroken, true);
  socket.push(Uint8Array.of(1));
  socket.abandon();
  t.equal(ends.length, 1);
});

t.test("LibrarySocket says when it is full and when it is not", (t) => {
  let takes = true;
  const { socket, sent } = make(() => takes);
  let drains = 0;
  socket.on("drain", () => void drains++);
  t.equal(socket.write(ANSWER), true);
  t.equal(socket.write(frame(2, Uint8Array.of(1))), true);
  takes = false;
  t.equal(socket.write(frame(2, Uint8Array.of(2))), false);
  t.equal(socket.isBlocked, true);
  takes = true;
  socket.drain();
  socket.drain();
  t.equal(drains, 1);
  t.equal(socket.isBlocked, false);
  t.equal(sent.length, 2);
  t.end();
});

t.test("LibrarySocket refuses a message that is too long, and too many that nobody reads", (t) => {
  const long = make();
  long.socket.write(ANSWER);
  long.socket.write(Uint8Array.of(0x82, 127, 0, 0, 0, 0, 1, 0, 0, 0));
  t.match(long.ends, [{ name: "RangeError" }]);
  const many = make();
  for (let count = 0; count < 2000; count++) many.socket.push(Uint8Array.of(1));
  t.match(many.ends, [{ name: "RangeError" }]);
  t.end();
});

t.test("LibrarySocket hears what came before the browser went", async (t) => {
  const { socket, ends } = make();
  const read: Uint8Array[] = [];
  socket.push(Uint8Array.of(9));
  socket.abandon();
  t.same(ends, []);
  socket.on("readable", () => read.push(socket.read()!));
  await pause();
  t.equal(read.length, 1);
  t.same(ends, [undefined]);
  t.equal(socket.isBroken, true);
});
