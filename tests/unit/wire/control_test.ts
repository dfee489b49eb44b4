/** Tests of src/wire/control.ts and framing.ts: vectors, strictness, splitting, length limits. */

import t from "tap";
import {
  encodeClientMessage,
  encodeServerMessage,
  parseClientMessage,
  parseServerMessage,
} from "../../../src/wire/control.ts";
import type { ClientMessage, ServerMessage } from "../../../src/wire/control.ts";
import { encodeMessage, LENGTH_PREFIX_BYTES, MessageSplitter } from "../../../src/wire/framing.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

t.test("Client messages agree with docs/WIRE.md's vectors", async (t) => {
  for (const vector of await readVectors("client_message.json")) {
    const bytes = fromHex(vector.bytes);
    t.same(parseClientMessage(bytes.subarray(LENGTH_PREFIX_BYTES)), vector.fields, vector.name);
    t.equal(toHex(encodeClientMessage(vector.fields as ClientMessage)), vector.bytes);
  }
});

t.test("Server messages agree with docs/WIRE.md's vectors", async (t) => {
  for (const vector of await readVectors("server_message.json")) {
    const bytes = fromHex(vector.bytes);
    t.same(parseServerMessage(bytes.subarray(LENGTH_PREFIX_BYTES)), vector.fields, vector.name);
    t.equal(toHex(encodeServerMessage(vector.fields as ServerMessage)), vector.bytes);
  }
});

t.test("parseClientMessage refuses unknown types, extra fields and broken msgpack", (t) => {
  const body = (value: unknown) => encodeMessage(value, 1000).subarray(LENGTH_PREFIX_BYTES);
  const cases: unknown[] = [
    { type: "welcome" },
    { type: "quit", isAdmin: true },
    { type: "play", streamId: 16 },
    { type: "play" },
    { type: "hello", version: 1, ticket: "t".repeat(129) },
    ["quit"],
    "quit",
    null,
  ];
  for (const value of cases) {
    t.throws(() => parseClientMessage(body(value)), { name: "ProtocolError" });
  }
  for (const bytes of ["c1", "de0005", "d9ff61", ""]) {
    t.throws(() => parseClientMessage(fromHex(bytes)), { name: "ProtocolError" }, bytes);
  }
  t.end();
});

t.test("A cursor image of the largest size fits a server message", (t) => {
  const message: ServerMessage = {
    type: "cursor",
    streamId: 0,
    serial: 1,
    visible: true,
    width: 128,
    height: 128,
    hotspotX: -1,
    hotspotY: 127,
    shrunk: 2,
    rgba: new Uint8Array(128 * 128 * 4).fill(7),
  };
  const parsed = parseServerMessage(encodeServerMessage(message).subarray(LENGTH_PREFIX_BYTES));
  t.equal(parsed.type === "cursor" && parsed.rgba.byteLength, 65_536);
  t.equal(parsed.type === "cursor" && parsed.shrunk, 2);
  t.end();
});

t.test("MessageSplitter yields the same messages however the bytes are cut", (t) => {
  const messages = [1, "two", { three: [3] }, new Array(100).fill(4)];
  const framed = messages.map((message) => encodeMessage(message, 1000));
  const stream = new Uint8Array(framed.reduce((sum, part) => sum + part.byteLength, 0));
  framed.reduce((offset, part) => (stream.set(part, offset), offset + part.byteLength), 0);
  for (let cut = 1; cut <= stream.byteLength; cut++) {
    const splitter = new MessageSplitter(1000);
    const seen: string[] = [];
    for (let start = 0; start < stream.byteLength; start += cut) {
      for (const payload of splitter.push(stream.subarray(start, start + cut))) {
        seen.push(toHex(payload));
      }
    }
    if (seen.join() !== framed.map((part) => toHex(part.subarray(4))).join()) {
      t.fail(`cut every ${cut} bytes`);
    }
    if (splitter.pendingBytes !== 0) t.fail(`pending ${splitter.pendingBytes} at cut ${cut}`);
  }
  t.pass(`${stream.byteLength} ways to cut`);
  t.end();
});

t.test("MessageSplitter refuses a length before it allocates", (t) => {
  const splitter = new MessageSplitter(1000);
  t.throws(() => [...splitter.push(fromHex("ffffffff"))], {
    name: "ProtocolError",
    reason: "too_large",
  });
  t.throws(() => [...new MessageSplitter(1000).push(fromHex("00000000"))], {
    name: "ProtocolError",
    reason: "bad_value",
  });
  t.throws(() => encodeMessage("x".repeat(2000), 1000), RangeError);
  t.end();
});
