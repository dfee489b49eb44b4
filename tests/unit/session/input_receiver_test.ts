import t from "tap";
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
import { encodePen, encodeTouch, encodeTouchMotion } from "../../../src/wire/contact.ts";
import type { Touch } from "../../../src/wire/contact.ts";
import { encodePadAxis, encodePadMotion } from "../../../src/wire/pad.ts";
import type { PadAxes } from "../../../src/wire/pad.ts";
import type { Role } from "../../../src/wire/control.ts";

/** A receiver with a sender of matching sequence numbers. */
class Hands {
  readonly out: InputEvent[] = [];
  /** Stream of each event of `out`. */
  readonly streams: number[] = [];
  readonly receiver: InputReceiver;
  nowUs = 0;
  #sequence = 0;

  constructor(role: Role = "player", streamId?: number) {
    this.receiver = new InputReceiver(new SessionRights(role), (records, stream) => {
      for (let at = 0; at < records.byteLength; at += INPUT_RECORD_BYTES) {
        this.out.push(parseInputEvent(records.subarray(at, at + INPUT_RECORD_BYTES)));
        this.streams.push(stream);
      }
    }, { streamId });
    this.receiver.push(Uint8Array.of(INPUT_STREAM_PREAMBLE), 0);
  }

  bytes(kind: InputKind, fields: Partial<InputEvent> = {}): Uint8Array {
    const base = { kind, down: false, code: 0, pointerSequence: 0, x: 0, y: 0 };
    return encodeInputEvent({ ...base, ...fields, sequence: ++this.#sequence });
  }

  record(kind: InputKind, fields: Partial<InputEvent> = {}): void {
    this.receiver.push(this.bytes(kind, fields), this.nowUs);
  }

  motion(sequence: number, x: number, y: number, relative = false, streamId = 0): void {
    const datagram = encodePointerMotion({ relative, streamId, sequence, x, y });
    this.receiver.motion(datagram, this.nowUs);
  }

  padMotion(sequence: number, slot: number, axes: PadAxes, streamId = 0): void {
    this.receiver.motion(encodePadMotion({ streamId, slot, sequence, axes }), this.nowUs);
  }

  touchMotion(sequence: number, touch: Touch, streamId = 0): void {
    this.receiver.motion(encodeTouchMotion({ ...touch, streamId, sequence }), this.nowUs);
  }

  /** Kind, code, state and x of what came out since the last call. */
  take(): string[] {
    return this.out.splice(0).map(({ kind, code, down, x }) => `${kind} ${code} ${down} ${x}`);
  }

  get shown(): string[] {
    return this.out.map((event) => {
      const position = `${event.x},${event.y}`;
      if (event.kind === "key") return `key ${event.code} ${event.down}`;
      if (event.kind === "button") return `button ${event.code} ${event.down} ${position}`;
      return `${event.kind} ${position}`;
    });
  }
}

t.test("InputReceiver cuts records out of any chunks", (t) => {
  const whole = new Hands();
  const bytes = [
    ...whole.bytes("key", { code: 0x1e, down: true }),
    ...whole.bytes("wheel", { y: 120 }),
    ...whole.bytes("key", { code: 0x1e }),
  ];
  for (let size = 1; size <= bytes.length; size += 7) {
    const hands = new Hands();
    for (let at = 0; at < bytes.length; at += size) {
      hands.receiver.push(Uint8Array.from(bytes.slice(at, at + size)), 0);
    }
    t.same(hands.shown, ["key 30 true", "wheel 0,120", "key 30 false"], `chunks of ${size}`);
  }
  t.end();
});

t.test("InputReceiver refuses another preamble, a gap and a malformed record", (t) => {
  const other = new InputReceiver(new SessionRights("player"), () => {});
  t.throws(() => other.push(Uint8Array.of(0x50), 0), { name: "ProtocolError" });
  const gap = new Hands();
  gap.record("beat");
  gap.bytes("beat");
  t.throws(() => gap.record("beat"), { name: "ProtocolError", reason: "unexpected" });
  const again = new Hands();
  const beat = again.bytes("beat");
  again.receiver.push(beat, 0);
  t.throws(() => again.receiver.push(beat, 0), { name: "ProtocolError" }, "a record twice");
  const bad = new Hands();
  t.throws(() => bad.receiver.push(new Uint8Array(20).fill(255), 0), { name: "ProtocolError" });
  t.end();
});

t.test("InputReceiver refuses every record of a viewer", (t) => {
  for (
    const kind of [
      ...["key", "button", "wheel", "absolute", "relative", "release", "beat", "target"] as const,
    ]
  ) {
    const hands = new Hands("viewer");
    const code = kind === "key" || kind === "button" ? 1 : 0;
    t.throws(() => hands.record(kind, { code }), { name: "ProtocolError" }, kind);
    t.same(hands.out, []);
  }
  t.end();
});

t.test("InputReceiver gives input to the stream that a record names, and leaves nothing held", (t) => {
  const hands = new Hands("player", 2);
  hands.record("key", { code: 30, down: true });
  hands.record("button", { code: 1, down: true, x: 7, y: 8 });
  hands.record("target", { code: 5 });
  hands.record("key", { code: 31, down: true });
  hands.record("target", { code: 5 });
  hands.record("key", { code: 31 });
  t.same(hands.streams, [2, 2, 2, 2, 5, 5]);
  t.same(hands.out.map(({ kind, code, down, x }) => `${kind} ${code} ${down} ${x}`), [
    ...["key 30 true 0", "button 1 true 7", "key 30 false 0", "button 1 false 7"],
    ...["key 31 true 0", "key 31 false 0"],
  ]);
  t.equal(hands.receiver.streamId, 5);
  t.end();
});

t.test("InputReceiver drops motion that is for another stream than the keys", (t) => {
  const hands = new Hands();
  hands.motion(1, 10, 10);
  hands.record("target", { code: 1 });
  hands.motion(2, 20, 20);
  hands.motion(3, 30, 30, false, 1);
  t.same(hands.shown, ["absolute 10,10", "absolute 30,30"]);
  t.same(hands.streams, [0, 1]);
  t.equal(hands.receiver.stats.motionsStale, 1);
  hands.motion(4, 5, 5, true, 1);
  t.equal(hands.out.length, 2, "a sum that may hold what was meant for the other");
  hands.motion(5, 7, 9, true, 1);
  t.match(hands.out.at(-1), { kind: "relative", x: 2, y: 4 });
  t.end();
});

t.test("InputReceiver takes the newest pointer position only", (t) => {
  const hands = new Hands();
  hands.motion(2, 20, 20);
  hands.motion(1, 10, 10);
  hands.motion(2, 20, 20);
  hands.motion(3, 30, 30);
  t.same(hands.shown, ["absolute 20,20", "absolute 30,30"]);
  t.equal(hands.receiver.stats.motionsStale, 2);
  t.end();
});

t.test("InputReceiver never goes back behind a click", (t) => {
  const hands = new Hands();
  hands.motion(1, 10, 10);
  hands.record("button", { code: 1, down: true, pointerSequence: 4, x: 40, y: 40 });
  hands.motion(2, 20, 20);
  hands.motion(3, 30, 30);
  hands.motion(5, 50, 50);
  t.same(hands.shown, ["absolute 10,10", "button 1 true 40,40", "absolute 50,50"]);
  t.end();
});

t.test("InputReceiver adds up relative motion whatever is lost or late", (t) => {
  const hands = new Hands();
  hands.motion(1, 5, -5, true);
  hands.motion(4, 20, -20, true);
  hands.motion(3, 15, -15, true);
  hands.motion(5, 20, -20, true);
  t.same(hands.shown, ["relative 5,-5", "relative 15,-15"]);
  const sum = hands.out.reduce((total, event) => total + event.x, 0);
  t.equal(sum, 20);
  t.end();
});

t.test("InputReceiver carries relative sums over the wrap of 32 bits", (t) => {
  const hands = new Hands();
  hands.motion(1, 0x7fff, 0, true);
  for (let at = 2; at < 65_540; at++) hands.motion(at, (at * 0x7fff) | 0, 0, true);
  t.ok(hands.out.every((event) => event.x === 0x7fff));
  t.equal(hands.out.length, 65_539);
  t.end();
});

t.test("InputReceiver takes sequence numbers over their wrap", (t) => {
  const hands = new Hands();
  hands.motion(0x7fff_ffff, 1, 1);
  hands.record("beat", { pointerSequence: 0x7fff_ffff });
  hands.motion(0xffff_fffe, 2, 2);
  hands.record("beat", { pointerSequence: 0xffff_fffe });
  hands.motion(0xffff_ffff, 3, 3);
  hands.motion(0, 4, 4);
  hands.motion(1, 5, 5);
  t.equal(hands.out.length, 5);
  t.end();
});

t.test("InputReceiver raises what is held after a second of silence", (t) => {
  const hands = new Hands();
  hands.record("key", { code: 0x1e, down: true });
  hands.record("button", { code: 1, down: true, x: 7, y: 8 });
  t.equal(hands.receiver.deadlineUs, 1_000_000);
  hands.nowUs = 900_000;
  hands.record("beat");
  hands.receiver.expire(1_000_000);
  t.equal(hands.out.length, 2, "a beat is a sign of life");
  hands.receiver.expire(1_900_000);
  t.same(hands.shown.slice(2), ["key 30 false", "button 1 false 7,8"]);
  t.equal(hands.receiver.stats.silences, 1);
  t.equal(hands.receiver.deadlineUs, undefined);
  hands.record("key", { code: 0x1e });
  t.equal(hands.out.length, 4, "the late end of a press changes nothing");
  t.end();
});

t.test("InputReceiver raises what is held on a release record", (t) => {
  const hands = new Hands();
  hands.record("key", { code: 0x2a, down: true });
  hands.record("key", { code: 0x1e, down: true });
  hands.record("release");
  t.same(hands.shown.slice(2), ["key 42 false", "key 30 false"]);
  hands.record("key", { code: 0x1e, down: true });
  t.equal(hands.out.length, 5, "and takes new presses");
  t.end();
});

t.test("InputReceiver drops keys that leave the desktop", (t) => {
  const hands = new Hands();
  hands.record("key", { code: 0x1d, down: true });
  hands.record("key", { code: 0x38, down: true });
  hands.record("key", { code: 0x3b, down: true });
  hands.record("key", { code: 0x3b });
  t.same(hands.shown, ["key 29 true", "key 56 true"]);
  t.equal(hands.receiver.stats.recordsIgnored, 2);
  t.end();
});

t.test("InputReceiver takes the newest of each pad's axes, and brings a pad to rest", (t) => {
  const hands = new Hands();
  hands.padMotion(1, 1, [9, 0, 0, 0, 0, 0]);
  t.strictSame(hands.take(), [], "no motion before the pad is there");
  hands.record("pad", { code: 1, down: true, x: 3 });
  hands.record("pad", { code: 1, down: true, x: 3 });
  t.strictSame(hands.take(), ["pad 1 true 3"], "the same again is nothing");
  hands.padMotion(3, 1, [100, 0, 0, 0, 7, 0]);
  hands.padMotion(2, 1, [50, 0, 0, 0, 0, 0]);
  t.strictSame(hands.take(), ["pad_axis 256 false 100", "pad_axis 260 false 7"], "changes only");
  hands.record("pad_axis", { code: encodePadAxis(1, 0), x: 80, pointerSequence: 5 });
  hands.padMotion(4, 1, [60, 0, 0, 0, 7, 0]);
  t.strictSame(hands.take(), ["pad_axis 256 false 80"], "a record makes what came before it old");
  hands.padMotion(6, 1, [70, 0, 0, 0, 7, 0], 1);
  t.strictSame(hands.take(), [], "another stream's");
  t.match(hands.receiver.stats, { motions: 1, motionsStale: 4 });

  hands.nowUs = 1;
  t.ok(hands.receiver.deadlineUs !== undefined, "a pad that is not at rest is held");
  hands.record("release");
  t.strictSame(hands.take(), [
    "pad 1 true 0",
    "pad_axis 256 false 0",
    "pad_axis 260 false 0",
  ], "it stays plugged in");
  t.equal(hands.receiver.deadlineUs, undefined);
  hands.record("pad", { code: 1, down: true, x: 1 });
  hands.take();
  hands.record("target", { code: 2 });
  t.strictSame(hands.take(), ["pad 1 true 0", "pad 1 false 0", "pad 1 true 0"]);
  t.strictSame(hands.streams.slice(-3), [0, 0, 2], "it goes along to another stream, at rest");
  hands.receiver.close();
  t.strictSame(hands.take(), ["pad 1 false 0"], "and is out when its viewer goes");
  t.end();
});

t.test("InputReceiver moves only fingers that are down, and lifts what silence leaves", (t) => {
  const hands = new Hands();
  const touch = { id: 4, x: 10, y: 20, pressure: 1 };
  hands.touchMotion(1, touch);
  t.strictSame(hands.take(), []);
  const { code } = encodeTouch(touch);
  hands.record("touch", { down: true, ...encodeTouch(touch), pointerSequence: 2 });
  hands.touchMotion(2, { ...touch, x: 11 });
  hands.touchMotion(4, { ...touch, x: 12 });
  hands.touchMotion(3, { ...touch, x: 13 });
  t.strictSame(hands.take(), [`touch ${code} true 10`, `touch ${code} true 12`]);
  const pen = { isEraser: false, buttons: 0, x: 5, y: 5, pressure: 0, tiltX: 0, tiltY: 0 };
  hands.record("pen", encodePen({ ...pen, isNear: true }));
  hands.record("touch", encodeTouch({ ...touch, id: 7 }));
  t.match(hands.receiver.stats, { recordsIgnored: 1 }, "the end of a finger that is not down");
  hands.take();
  hands.nowUs = 1_000_000;
  hands.receiver.expire(hands.nowUs);
  t.strictSame(hands.take(), ["touch_cancel 4 false 0", "pen 0 false 0"]);
  t.match(hands.receiver.stats, { silences: 1 });
  hands.touchMotion(9, touch);
  t.strictSame(hands.take(), [], "a cancelled finger does not move");
  t.end();
});

t.test("InputReceiver takes motion of pads and fingers from those who may", (t) => {
  const rights = new SessionRights("player", ["keyboard"]);
  const out: Uint8Array[] = [];
  const receiver = new InputReceiver(rights, (records) => out.push(records.slice()));
  const axes = [1, 0, 0, 0, 0, 0] as const;
  receiver.motion(encodePadMotion({ streamId: 0, slot: 0, sequence: 1, axes }), 0);
  const touch = { id: 0, x: 0, y: 0, pressure: 0 };
  receiver.motion(encodeTouchMotion({ ...touch, streamId: 0, sequence: 2 }), 0);
  t.match(receiver.stats, { recordsDropped: 2, motions: 0 });
  const bad = encodePadMotion({ streamId: 0, slot: 0, sequence: 1, axes });
  bad[2] = 9;
  t.throws(() => receiver.motion(bad, 0), { name: "ProtocolError", reason: "bad_value" });
  t.equal(out.length, 0);
  t.end();
});
