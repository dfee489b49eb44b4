/**
 * Fuzz targets of src/transport/websocket: what a browser may send over the TCP rung before the library
 * sees it, and the frames that the library writes, in whatever pieces.
 */

import { capsuleFault } from "../../../src/transport/websocket/capsule_check.ts";
import { LibrarySocket } from "../../../src/transport/websocket/library_socket.ts";
import type { SeededRandom } from "../../seeded.ts";
import { type FuzzTarget, mutate } from "./wire_targets.ts";

/** Capsules of a page: bytes of a stream, windows, an end, a datagram. */
const CAPSULES = [
  [0x99, 0x0b, 0x4d, 0x3b, 0x01, 1, 2, 3],
  [0x99, 0x0b, 0x4d, 0x3c, 0x40, 0x65],
  [0x99, 0x0b, 0x4d, 0x39, 0x01, 0x07],
  [0x99, 0x0b, 0x4d, 0x3d, 0x80, 0x10, 0, 0],
  [0x99, 0x0b, 0x4d, 0x3e, 0x01, 0xc0, 0, 0, 0, 0, 1, 0, 0],
  [0x68, 0x43, 0, 0, 0, 7, 0x62, 0x79, 0x65],
  [0x00, 9, 9, 9],
  [0x99, 0x0b, 0x4d, 0x38],
].map((bytes) => Uint8Array.from(bytes));
/** Frames of the library: short, long, a close. */
const FRAMES = [
  [0x82, 0x03, 0x00, 1, 2],
  [0x82, 0x7e, 0x00, 0x80, ...new Array(128).fill(7)],
  [0x88, 0x00],
].map((bytes) => Uint8Array.from(bytes));
const HELD_BYTES_MAX = 65_536;

/** Every target of this folder. */
export const websocketTargets: readonly FuzzTarget[] = [
  { name: "capsules of a browser", run: fuzzCapsule },
  { name: "frames of the WebTransport library", run: fuzzFrames },
];

function fuzzCapsule(random: SeededRandom): void {
  const message = mutate(random, CAPSULES);
  const fault = capsuleFault(message);
  if (message.byteLength === 0 && fault === undefined) {
    throw new Error("Nothing passed as a capsule");
  }
  // What passed passes with more behind it: its integers were whole.
  const longer = Uint8Array.from([...message, 1, 2, 3, 4]);
  if (fault === undefined && capsuleFault(longer) !== undefined) {
    throw new Error(`${[...message]} passes and is refused when it is longer`);
  }
}

function fuzzFrames(random: SeededRandom): void {
  const bytes = Uint8Array.from([
    ...random.pick(FRAMES),
    ...mutate(random, FRAMES),
    ...random.pick(FRAMES),
  ]);
  const whole = readAll(bytes, () => bytes.byteLength);
  const pieces = readAll(bytes, () => 1 + random.int(9));
  if (JSON.stringify(whole) !== JSON.stringify(pieces)) {
    throw new Error(`${[...bytes]} means ${JSON.stringify(whole)} or ${JSON.stringify(pieces)}`);
  }
}

function readAll(bytes: Uint8Array, next: () => number): unknown {
  const messages: number[] = [];
  let ends = 0;
  const socket = new LibrarySocket({
    send: (message) => {
      if (message.byteLength > HELD_BYTES_MAX) throw new Error(`Too long: ${message.byteLength}`);
      messages.push(message.byteLength);
      return true;
    },
    ended: () => void ends++,
  }, "192.0.2.1");
  socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n");
  for (let at = 0; at < bytes.byteLength;) {
    const count = next();
    socket.write(bytes.subarray(at, at + count));
    at += count;
  }
  return { messages, ends };
}
