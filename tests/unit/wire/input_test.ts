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
  encodePen,
  encodeTouchMotion,
  parseTouchMotion,
  penOf,
} from "../../../src/wire/contact.ts";
import type { TouchMotion } from "../../../src/wire/contact.ts";
import { encodePadMotion, padAxisOf, parsePadMotion } from "../../../src/wire/pad.ts";
import type { PadMotion } from "../../../src/wire/pad.ts";
import { encodeLocks, locksOf } from "../../../src/wire/typing.ts";
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

t.test("Pad datagrams agree with docs/WIRE.md's vectors", async (t) => {
  for (const vector of await readVectors("pad_motion.json")) {
    t.same(parsePadMotion(fromHex(vector.bytes)), vector.fields, vector.name);
    t.equal(toHex(encodePadMotion(vector.fields as PadMotion)), vector.bytes);
  }
});

t.test("Touch datagrams agree with docs/WIRE.md's vectors", async (t) => {
  for (const vector of await readVectors("touch_motion.json")) {
    t.same(parseTouchMotion(fromHex(vector.bytes)), vector.fields, vector.name);
    t.equal(toHex(encodeTouchMotion(vector.fields as TouchMotion)), vector.bytes);
  }
});

t.test("Packed fields of a record give back what was packed", (t) => {
  const pen = {
    isNear: true,
    isEraser: false,
    buttons: 3,
    x: 65_535,
    y: 32_768,
    pressure: 4095,
    tiltX: -90,
    tiltY: 90,
  };
  t.same(penOf(encodePen(pen)), pen);
  t.same(locksOf(encodeLocks({ on: 7, known: 5 })), { on: 5, known: 5 });
  t.same(padAxisOf(0x0305), { slot: 3, axis: 5 });
  t.end();
});

t.test("parsePadMotion and parseTouchMotion refuse what is out of range", (t) => {
  const pad: PadMotion = { streamId: 0, slot: 0, sequence: 1, axes: [0, 0, 0, 0, 0, 0] };
  const refused = { name: "ProtocolError", reason: "bad_value" };
  for (
    const change of [
      { slot: 4 },
      { streamId: 16 },
      { axes: [-32_768, 0, 0, 0, 0, 0] },
      { axes: [0, 0, 0, 0, -1, 0] },
    ] as Partial<PadMotion>[]
  ) {
    const bytes = encodePadMotion({ ...pad, ...change });
    t.throws(() => parsePadMotion(bytes), refused, JSON.stringify(change));
  }
  t.throws(() => parsePadMotion(encodePadMotion(pad).subarray(1)), {
    name: "ProtocolError",
    reason: "truncated",
  });
  const touch: TouchMotion = { streamId: 0, sequence: 1, id: 0, x: 0, y: 0, pressure: 0 };
  for (const change of [{ id: 10 }, { streamId: 16 }, { x: 65_536 }, { y: -1 }]) {
    const bytes = encodeTouchMotion({ ...touch, ...change });
    t.throws(() => parseTouchMotion(bytes), refused, JSON.stringify(change));
  }
  t.throws(() => parseTouchMotion(encodeTouchMotion(touch).subarray(1)), {
    name: "ProtocolError",
    reason: "truncated",
  });
  t.end();
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
    { kind: "pad", code: 4 },
    { kind: "pad", code: 0, x: 0x2_0000 },
    { kind: "pad", code: 0, down: false, x: 1 },
    { kind: "pad_axis", code: 0x0400 },
    { kind: "pad_axis", code: 6 },
    { kind: "pad_axis", code: 0, x: -32_768 },
    { kind: "pad_axis", code: 4, x: -1 },
    { kind: "pad_axis", code: 0, y: 1 },
    { kind: "touch", code: 10 },
    { kind: "touch", code: 0, x: 65_536 },
    { kind: "touch_cancel", code: 10 },
    { kind: "touch_cancel", code: 0, x: 1 },
    { kind: "pen", code: 0, down: true },
    { kind: "pen", code: 1, x: 91 << 16 },
    { kind: "pen", code: 1, y: -91 << 16 },
    { kind: "text", code: 0, x: 0 },
    { kind: "text", code: 0, x: 0x1b },
    { kind: "text", code: 0, x: 0xd800 },
    { kind: "text", code: 0, x: 0x11_0000 },
    { kind: "text", code: 1, x: 0x41 },
    { kind: "locks", code: 0x01 },
    { kind: "locks", code: 0x88 },
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
