/** Tests of src/wire/input.ts and probe.ts: vectors, ranges and refused bytes. */

import t from "tap";
import {
  encodeInputEvent,
  encodePointerMotion,
  parseInputEvent,
  parsePointerMotion,
} from "../../../src/wire/input.ts";
import type { InputEvent, PointerMotion } from "../../../src/wire/input.ts";
import {
  encodeProbeReply,
  encodeProbeRequest,
  parseProbeReply,
  parseProbeRequest,
} from "../../../src/wire/probe.ts";
import type { ProbeReply } from "../../../src/wire/probe.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

t.test("Input records agree with docs/WIRE.md's vectors", async (t) => {
  for (const vector of await readVectors("input_record.json")) {
    t.same(parseInputEvent(fromHex(vector.bytes)), vector.fields, vector.name);
    t.equal(toHex(encodeInputEvent(vector.fields as InputEvent)), vector.bytes);
  }
});

t.test("Pointer datagrams agree with docs/WIRE.md's vectors", async (t) => {
  for (const vector of await readVectors("pointer.json")) {
    t.same(parsePointerMotion(fromHex(vector.bytes)), vector.fields, vector.name);
    t.equal(toHex(encodePointerMotion(vector.fields as PointerMotion)), vector.bytes);
  }
});

t.test("Probes agree with docs/WIRE.md's vectors", async (t) => {
  const [request, reply] = await readVectors("probe.json");
  if (request === undefined || reply === undefined) throw new Error("Vectors are missing");
  t.same(parseProbeRequest(fromHex(request.bytes)), request.fields);
  t.equal(toHex(encodeProbeRequest(request.fields as ProbeReply)), request.bytes);
  t.same(parseProbeReply(fromHex(reply.bytes)), reply.fields);
  t.equal(toHex(encodeProbeReply(reply.fields as ProbeReply)), reply.bytes);
  t.throws(() => parseProbeReply(fromHex(request.bytes)), {
    name: "ProtocolError",
    reason: "truncated",
  });
  t.throws(() => parseProbeRequest(fromHex(reply.bytes).subarray(0, 16)), {
    name: "ProtocolError",
    reason: "bad_value",
  });
});

t.test("parseInputEvent refuses what no hand does", (t) => {
  const good: InputEvent = {
    kind: "key",
    down: true,
    code: 0x1e,
    sequence: 1,
    pointerSequence: 0,
    x: 0,
    y: 0,
  };
  const cases: Partial<InputEvent>[] = [
    { code: 0 },
    { code: 0xe080 },
    { x: 1 },
    { kind: "button", code: 0 },
    { kind: "button", code: 10 },
    { kind: "button", code: 1, x: 65_536 },
    { kind: "button", code: 1, y: -1 },
    { kind: "wheel", code: 0, y: 12_001 },
    { kind: "wheel", code: 1 },
    { kind: "relative", code: 0, x: 32_768 },
    { kind: "release", code: 0, y: 1 },
  ];
  for (const change of cases) {
    t.throws(
      () => parseInputEvent(encodeInputEvent({ ...good, ...change })),
      { name: "ProtocolError", reason: "bad_value" },
      JSON.stringify(change),
    );
  }
  const record = encodeInputEvent(good);
  record[0] = 0;
  t.throws(() => parseInputEvent(record), { message: /input kind 0/ });
  record[0] = 1;
  record[1] = 2;
  t.throws(() => parseInputEvent(record), { message: /input state 2/ });
  t.throws(() => parseInputEvent(record.subarray(0, 19)), {
    name: "ProtocolError",
    reason: "truncated",
  });
  t.end();
});

t.test("parsePointerMotion refuses positions outside the picture and unknown kinds", (t) => {
  const bytes = encodePointerMotion({ relative: false, streamId: 0, sequence: 1, x: 0, y: 65_536 });
  t.throws(() => parsePointerMotion(bytes), { message: /0,65536/ });
  bytes[0] = 0x42;
  t.throws(() => parsePointerMotion(bytes), { name: "ProtocolError", reason: "bad_value" });
  t.throws(() => parsePointerMotion(bytes.subarray(1)), {
    name: "ProtocolError",
    reason: "truncated",
  });
  t.end();
});
