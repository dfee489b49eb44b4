import t from "tap";
import { mapPads, OPEN_GATE } from "../../../src/session/input_gate.ts";
import type { InputGate } from "../../../src/session/input_gate.ts";
import { InputReceiver } from "../../../src/session/input_receiver.ts";
import { SessionRights } from "../../../src/session/session_rights.ts";
import {
  encodeInputEvent,
  encodePointerMotion,
  INPUT_RECORD_BYTES,
  INPUT_STREAM_PREAMBLE,
  parseInputEvent,
} from "../../../src/wire/input.ts";
import type { InputEvent, InputKind } from "../../../src/wire/input.ts";
import { encodePadAxis, padAxisOf } from "../../../src/wire/pad.ts";

function record(kind: InputKind, fields: Partial<InputEvent> = {}): Uint8Array {
  const base = { down: false, code: 0, sequence: 1, pointerSequence: 0, x: 0, y: 0 };
  return encodeInputEvent({ kind, ...base, ...fields });
}

function joined(...records: Uint8Array[]): Uint8Array {
  return Uint8Array.from(records.flatMap((bytes) => [...bytes]));
}

function eventsOf(records: Uint8Array): InputEvent[] {
  return Array.from({ length: records.byteLength / INPUT_RECORD_BYTES }, (_, index) => {
    return parseInputEvent(records.subarray(index * INPUT_RECORD_BYTES).slice(0, 20));
  });
}

t.test("mapPads gives pads the host's slots and drops those without one", (t) => {
  const gone: number[] = [];
  const gate: InputGate = {
    ...OPEN_GATE,
    slotOf: (pad) => pad === 0 ? 3 : pad === 1 ? 0 : undefined,
    unplugged: (pad) => gone.push(pad),
  };
  const events = eventsOf(mapPads(
    joined(
      record("key", { code: 30, down: true }),
      record("pad", { code: 0, down: true, x: 5 }),
      record("pad", { code: 2, down: true, x: 7 }),
      record("pad_axis", { code: encodePadAxis(1, 4), x: 99 }),
      record("pad_axis", { code: encodePadAxis(3, 0), x: 1 }),
      record("pad", { code: 1 }),
    ),
    gate,
    0,
  ));
  t.same(events.map(({ kind, code, x }) => [kind, code, x]), [
    ["key", 30, 0],
    ["pad", 3, 5],
    ["pad_axis", encodePadAxis(0, 4), 99],
    ["pad", 0, 0],
  ]);
  t.same(padAxisOf(events[2]!.code), { slot: 0, axis: 4 });
  t.same(gone, [1], "a pad that is gone says so after its last record");
  t.same(mapPads(joined(record("pad", { code: 2, down: true })), gate, 0).byteLength, 0);
  t.end();
});

t.test("InputReceiver drops what has no control and keeps what needs none", (t) => {
  let hasControl = true;
  const out: string[] = [];
  const receiver = new InputReceiver(
    new SessionRights("player"),
    (records) => out.push(...eventsOf(records).map(({ kind, x }) => `${kind} ${x}`)),
    { gate: { ...OPEN_GATE, takesHands: () => hasControl } },
  );
  receiver.push(Uint8Array.of(INPUT_STREAM_PREAMBLE), 0);
  let sequence = 0;
  const send = (kind: InputKind, fields: Partial<InputEvent> = {}) => {
    receiver.push(record(kind, { ...fields, sequence: ++sequence }), 0);
  };
  const motion = (count: number, x: number, relative = false) => {
    const datagram = { relative, streamId: 0, sequence: count, x, y: 0 };
    receiver.motion(encodePointerMotion(datagram), 0);
  };
  motion(1, 10, true);
  send("key", { code: 30, down: true });
  hasControl = false;
  receiver.release();
  send("key", { code: 31, down: true });
  send("wheel", { y: 120 });
  motion(2, 500);
  motion(3, 1000, true);
  send("beat");
  send("pad", { code: 0, down: true, x: 1 });
  t.equal(receiver.stats.recordsDropped, 4);
  hasControl = true;
  motion(4, 1005, true);
  t.same(out.filter((text) => !text.startsWith("pad")), [
    ...["relative 10", "key 0", "key 0"],
    "relative 5",
  ], "and nothing is made up for");
  send("key", { code: 31 });
  t.equal(out.at(-1)?.startsWith("key"), false, "the end of what never began");
  t.end();
});

t.test("InputReceiver judges each record by the rights of that moment", (t) => {
  const rights = new SessionRights("viewer", ["pad"]);
  const out: string[] = [];
  const receiver = new InputReceiver(rights, (records) => {
    out.push(...eventsOf(records).map(({ kind, code }) => `${kind} ${code}`));
  });
  receiver.push(Uint8Array.of(INPUT_STREAM_PREAMBLE), 0);
  receiver.push(record("beat"), 0);
  rights.change({ permissions: ["pad", "keyboard"] });
  receiver.push(record("key", { code: 30, down: true, sequence: 2 }), 0);
  rights.change({ permissions: ["pad"] });
  receiver.release();
  receiver.push(record("key", { code: 31, down: true, sequence: 3 }), 0);
  t.same(out, ["key 30", "key 30"]);
  t.equal(receiver.stats.recordsDropped, 1, "under way when the right ended");
  t.throws(() => receiver.push(record("button", { code: 1, down: true, sequence: 4 }), 0), {
    name: "ProtocolError",
    message: "Cannot accept button input from a viewer",
  });
  t.end();
});
