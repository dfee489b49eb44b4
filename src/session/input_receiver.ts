/**
 * InputReceiver: one viewer's input, from bytes of the input stream and pointer datagrams to checked
 * records for the media process. It does no I/O: `push` and `motion` give records to `emit` at
 * once, `release` raises what is held. It holds one partial record and what is held down.
 */

import { ProtocolError } from "../core/errors.ts";
import { distance32 } from "../core/sequence.ts";
import {
  encodeInputEvent,
  INPUT_RECORD_BYTES,
  INPUT_STREAM_PREAMBLE,
  parseInputEvent,
  parsePointerMotion,
} from "../wire/input.ts";
import type { InputEvent, PointerMotion } from "../wire/input.ts";
import { encodeTouch, parseTouchMotion, TOUCH_DATAGRAM } from "../wire/contact.ts";
import { encodePadAxis, PAD_AXES, PAD_DATAGRAM, parsePadMotion } from "../wire/pad.ts";
import { DeviceMotions } from "./device_motions.ts";
import { HeldKeys } from "./held_keys.ts";
import { OPEN_GATE } from "./input_gate.ts";
import type { InputGate } from "./input_gate.ts";
import { INPUT_NEEDS, isForbiddenKey, judgeInput } from "./permissions.ts";
import { RelativeSums } from "./relative_sums.ts";
import type { SessionRights } from "./session_rights.ts";

/** Counters of one viewer's input. */
export interface InputStats {
  records: number;
  motions: number;
  /** Motions older than what was already applied, or for another stream than the keys. */
  motionsStale: number;
  /** Records that change nothing, or keys that would leave the desktop. */
  recordsIgnored: number;
  /** Records and motions of who had the right to send them before, or has no control now. */
  recordsDropped: number;
  /** Times that silence raised held keys. */
  silences: number;
}

/** Takes 20-byte records for the device of a stream; the bytes are valid only during the call. */
export type RecordSink = (records: Uint8Array, streamId: number) => void;

/** How a receiver begins. */
export interface InputReceiverOptions {
  /** Stream that records are for until one names another; default: the first. */
  readonly streamId?: number | undefined;
  /** Asked whether hands count; default: they do. */
  readonly gate?: InputGate | undefined;
}

/** One viewer's input. */
export class InputReceiver {
  readonly #rights: SessionRights;
  readonly #emit: RecordSink;
  readonly #gate: InputGate;
  readonly #held = new HeldKeys();
  readonly #sums = new RelativeSums();
  readonly #devices = new DeviceMotions();
  readonly #axes = new Uint8Array(PAD_AXES.length * INPUT_RECORD_BYTES);
  readonly #partial = new Uint8Array(INPUT_RECORD_BYTES);
  readonly #isKeyDown = (code: number) => this.#held.isKeyDown(code);
  #partialBytes = 0;
  #sawPreamble = false;
  #streamId: number;
  #sequence = 0;
  #recordPointerSequence = 0;
  #motionSequence = 0;
  #x = 0;
  #y = 0;
  readonly #stats: InputStats = {
    records: 0,
    motions: 0,
    motionsStale: 0,
    recordsIgnored: 0,
    recordsDropped: 0,
    silences: 0,
  };

  /** Gives records that `rights` allow and the gate takes to `emit`. */
  constructor(
    rights: SessionRights,
    emit: RecordSink,
    { streamId = 0, gate = OPEN_GATE }: InputReceiverOptions = {},
  ) {
    this.#rights = rights;
    this.#emit = emit;
    this.#gate = gate;
    this.#streamId = streamId;
  }

  /** The stream that records are for. */
  get streamId(): number {
    return this.#streamId;
  }

  get stats(): Readonly<InputStats> {
    return this.#stats;
  }

  /** When silence releases what is held, in microseconds, or undefined. */
  get deadlineUs(): number | undefined {
    return this.#held.deadlineUs;
  }

  /** Takes bytes of the input stream, any number of them. Throws ProtocolError. */
  push(chunk: Uint8Array, nowUs: number): void {
    this.#held.heard(nowUs);
    let offset = 0;
    if (!this.#sawPreamble && chunk.byteLength > 0) {
      if (chunk[0] !== INPUT_STREAM_PREAMBLE) {
        refuse("bad_value", `a stream that starts with byte ${chunk[0]} as input`);
      }
      this.#sawPreamble = true;
      offset = 1;
    }
    while (offset < chunk.byteLength) {
      const wanted = INPUT_RECORD_BYTES - this.#partialBytes;
      const part = chunk.subarray(offset, offset + wanted);
      this.#partial.set(part, this.#partialBytes);
      this.#partialBytes += part.byteLength;
      offset += part.byteLength;
      if (this.#partialBytes < INPUT_RECORD_BYTES) return;
      this.#partialBytes = 0;
      this.#record(parseInputEvent(this.#partial), nowUs);
    }
  }

  /** Takes a motion datagram of pointer, pad or finger. Throws ProtocolError. */
  motion(datagram: Uint8Array, nowUs: number): void {
    if (datagram[0] === PAD_DATAGRAM) return this.#padMotion(datagram, nowUs);
    if (datagram[0] === TOUCH_DATAGRAM) return this.#touchMotion(datagram, nowUs);
    const motion = parsePointerMotion(datagram);
    this.#held.heard(nowUs);
    if (this.#rights.may("pointer")) this.#pointerMotion(motion, nowUs);
    else this.#stats.recordsDropped++;
  }

  #pointerMotion(motion: PointerMotion, nowUs: number): void {
    const isNewest = distance32(this.#motionSequence, motion.sequence) > 0;
    // A click that was already made happened where its record says; an older position must not
    // drag the pointer back. Relative sums carry no position, so late ones only add what is missing.
    const isBehindRecord = distance32(this.#recordPointerSequence, motion.sequence) < 0;
    const isElsewhere = motion.streamId !== this.#streamId;
    if (!isNewest || isElsewhere || (isBehindRecord && !motion.relative)) {
      this.#stats.motionsStale++;
      return;
    }
    this.#motionSequence = motion.sequence;
    if (!this.#gate.takesHands(this.#streamId, nowUs)) {
      this.#stats.recordsDropped++;
      // What was moved without control must not be made up for once there is some.
      if (motion.relative) this.#sums.take(motion);
      return;
    }
    this.#stats.motions++;
    if (!motion.relative) {
      this.#send({ kind: "absolute", x: motion.x, y: motion.y });
      return;
    }
    const delta = this.#sums.take(motion);
    if (delta !== undefined) this.#send({ kind: "relative", ...delta });
  }

  #padMotion(datagram: Uint8Array, nowUs: number): void {
    const { streamId, slot, sequence, axes } = parsePadMotion(datagram);
    this.#held.heard(nowUs);
    if (!this.#rights.may("pad")) {
      this.#stats.recordsDropped++;
      return;
    }
    const isHere = streamId === this.#streamId && this.#held.hasPad(slot);
    if (!isHere || !this.#devices.takePad(slot, sequence)) {
      this.#stats.motionsStale++;
      return;
    }
    this.#stats.motions++;
    let bytes = 0;
    axes.forEach((value, axis) => {
      if (!this.#held.moveAxis(slot, axis, value)) return;
      const code = encodePadAxis(slot, axis);
      this.#axes.set(made("pad_axis", { code, x: value }), bytes);
      bytes += INPUT_RECORD_BYTES;
    });
    if (bytes > 0) this.#emit(this.#axes.subarray(0, bytes), this.#streamId);
  }

  #touchMotion(datagram: Uint8Array, nowUs: number): void {
    const motion = parseTouchMotion(datagram);
    this.#held.heard(nowUs);
    if (!this.#rights.may("pointer") || !this.#gate.takesHands(this.#streamId, nowUs)) {
      this.#stats.recordsDropped++;
      return;
    }
    const isHere = motion.streamId === this.#streamId && this.#held.isTouching(motion.id);
    if (!isHere || !this.#devices.takeTouch(motion.id, motion.sequence)) {
      this.#stats.motionsStale++;
      return;
    }
    this.#stats.motions++;
    this.#emit(made("touch", { ...encodeTouch(motion), down: true }), this.#streamId);
  }

  /** Raises everything when silence has lasted until `nowUs`. */
  expire(nowUs: number): void {
    const deadlineUs = this.#held.deadlineUs;
    if (deadlineUs === undefined || nowUs < deadlineUs) return;
    this.#stats.silences++;
    this.release();
  }

  /** Raises every key and button that this viewer holds, brings pads to rest, lifts fingers and pen. */
  release(): void {
    for (const event of this.#held.release()) {
      this.#emit(encodeInputEvent({ ...event, ...this.#positionOf(event) }), this.#streamId);
    }
  }

  /** The viewer is gone: raises everything and pulls its pads out. */
  close(): void {
    this.release();
    this.#plugPads(false);
  }

  /** Plugs the pads of the session in where it is now, or pulls them out. */
  #plugPads(down: boolean): void {
    for (const event of this.#held.padEvents(down)) {
      this.#emit(encodeInputEvent(event), this.#streamId);
    }
  }

  #record(event: InputEvent, nowUs: number): void {
    if (event.sequence !== (this.#sequence + 1) >>> 0) {
      refuse("unexpected", `input record ${event.sequence} after ${this.#sequence}`);
    }
    this.#sequence = event.sequence;
    const verdict = judgeInput(this.#rights, event.kind);
    if (verdict === "refused") {
      refuse("unexpected", `${event.kind} input from a ${this.#rights.role}`);
    }
    if (distance32(this.#recordPointerSequence, event.pointerSequence) > 0) {
      this.#recordPointerSequence = event.pointerSequence;
    }
    this.#devices.noteRecord(event);
    this.#stats.records++;
    if (verdict === "late" || !this.#counts(event, nowUs)) this.#stats.recordsDropped++;
    else this.#apply(event);
  }

  /** False for what hands do that have no control now. */
  #counts({ kind }: InputEvent, nowUs: number): boolean {
    const need = INPUT_NEEDS[kind];
    const isOfHands = need === "keyboard" || need === "pointer";
    return !isOfHands || this.#gate.takesHands(this.#streamId, nowUs);
  }

  #apply(event: InputEvent): void {
    switch (event.kind) {
      case "beat":
        return;
      case "release":
        this.release();
        return;
      case "target":
        return this.#moveTo(event.code);
      case "pad":
      case "pad_axis":
      case "touch":
      case "touch_cancel":
      case "pen":
      case "key":
      case "button":
        if (isForbiddenKey(event, this.#isKeyDown) || !this.#held.apply(event)) {
          this.#stats.recordsIgnored++;
          return;
        }
        if (event.kind === "button") this.#remember(event.x, event.y);
        break;
      case "absolute":
        this.#remember(event.x, event.y);
        break;
      case "relative":
      case "wheel":
        break;
    }
    this.#emit(this.#partial, this.#streamId);
  }

  /** Nothing stays held where nobody looks any more. */
  #moveTo(streamId: number): void {
    if (streamId === this.#streamId) return;
    this.close();
    this.#streamId = streamId;
    this.#sums.skip();
    this.#plugPads(true);
  }

  #send(event: { kind: "absolute" | "relative"; x: number; y: number }): void {
    if (event.kind === "absolute") this.#remember(event.x, event.y);
    const pointerSequence = this.#motionSequence;
    const record = { ...event, down: false, code: 0, sequence: 0, pointerSequence };
    this.#emit(encodeInputEvent(record), this.#streamId);
  }

  #remember(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
  }

  #positionOf(event: InputEvent): { x: number; y: number } {
    return event.kind === "button" ? { x: this.#x, y: this.#y } : { x: 0, y: 0 };
  }
}

/** A record that a datagram stands for. */
function made(kind: InputEvent["kind"], fields: Partial<InputEvent>): Uint8Array {
  const rest = { down: false, code: 0, sequence: 0, pointerSequence: 0, x: 0, y: 0 };
  return encodeInputEvent({ kind, ...rest, ...fields });
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
