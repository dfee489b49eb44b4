/**
 * Input: what a viewer's hands do, as fixed binary records. Everything that must not be lost goes on
 * the input stream, in sequence; pointer motion also goes as datagrams, where the newest wins.
 */

import { ProtocolError } from "../core/errors.ts";
import { MAX_STREAMS } from "./codec.ts";
import { isPenCode, isPenPlace, isTouchCode, MAX_TOUCHES } from "./contact.ts";
import { isPadAxisCode, isPadAxisValue, PAD_BUTTONS_ALL, PAD_SLOTS } from "./pad.ts";
import { isLocksCode, isTextCodePoint } from "./typing.ts";

/** First byte of the stream that carries input records. */
export const INPUT_STREAM_PREAMBLE = 0x49;
/** Bytes of one record on the input stream. */
export const INPUT_RECORD_BYTES = 20;
/** Bytes of one pointer datagram. */
export const POINTER_DATAGRAM_BYTES = 16;
/** Records that wait behind a character at most: a page of text that somebody pastes. */
export const MAX_WAITING_RECORDS = 4096;
/** Full scale of absolute positions: 65,535 is the last column or row of the picture. */
export const POINTER_SCALE = 65_535;
/** Wheel units of one notch. */
export const WHEEL_NOTCH = 120;

const POINTER_DATAGRAM_ABSOLUTE = 0x40;
const POINTER_DATAGRAM_RELATIVE = 0x41;
const MAX_SCANCODE = 0xe07f;
const MAX_BUTTON = 9;
/** More than 100 notches in one record is not a hand. */
const MAX_WHEEL = 100 * WHEEL_NOTCH;
const MAX_RELATIVE = 32_767;

/** What a record reports. */
export type InputKind =
  | "key"
  | "button"
  | "wheel"
  | "absolute"
  | "relative"
  | "release"
  | "beat"
  /** What follows is for another stream. */
  | "target"
  /** A gamepad is there, with these buttons down, or is gone; see wire/pad.ts. */
  | "pad"
  /** One stick axis or trigger of a gamepad. */
  | "pad_axis"
  /** A finger touches at a place, or is lifted there; see wire/contact.ts. */
  | "touch"
  /** A finger's touch ends and means nothing. */
  | "touch_cancel"
  /** A pen near the picture, on it, or gone; see wire/contact.ts. */
  | "pen"
  /** A character, whatever keys it takes. */
  | "text"
  /** State of the viewer's lock keys. */
  | "locks";

const KINDS: readonly (InputKind | undefined)[] = [
  undefined,
  "key",
  "button",
  "wheel",
  "absolute",
  "relative",
  "release",
  "beat",
  "target",
  "pad",
  "pad_axis",
  "touch",
  "touch_cancel",
  "pen",
  "text",
  "locks",
];

/** One record of the input stream. */
export interface InputEvent {
  readonly kind: InputKind;
  /** Key or button goes down; false in records that have no such state. */
  readonly down: boolean;
  /**
   * key: XT scancode set 1, 0xE0xx when extended. button: 1 left, 2 middle, 3 right, 4-9 more.
   * target: the stream. pad: its slot. Others: see their functions.
   */
  readonly code: number;
  /** Counts the records of this stream from 1. */
  readonly sequence: number;
  /** Number of the newest motion, of any device, that this record follows. */
  readonly pointerSequence: number;
  /**
   * absolute and button: 0-65,535 of the picture. relative: pixels. wheel: 1/120 notches, right.
   * pad: its buttons. pad_axis: the value. text: the Unicode code point.
   */
  readonly x: number;
  /** As `x`; wheel: down is positive. 0 where a kind has one value. */
  readonly y: number;
}

/** A pointer datagram. */
export interface PointerMotion {
  readonly relative: boolean;
  readonly streamId: number;
  /** Counts motions of both forms from 1, modulo 2^32. */
  readonly sequence: number;
  /** Absolute: 0-65,535. Relative: sum of all motion so far modulo 2^32, so that loss costs nothing. */
  readonly x: number;
  readonly y: number;
}

/** The 20 bytes of one record. */
export function encodeInputEvent(event: InputEvent): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(INPUT_RECORD_BYTES);
  const view = new DataView(record.buffer);
  view.setUint8(0, KINDS.indexOf(event.kind));
  view.setUint8(1, event.down ? 1 : 0);
  view.setUint16(2, event.code, true);
  view.setUint32(4, event.sequence, true);
  view.setUint32(8, event.pointerSequence, true);
  view.setInt32(12, event.x, true);
  view.setInt32(16, event.y, true);
  return record;
}

/** Parses one record of exactly 20 bytes. Throws ProtocolError naming the field and the value. */
export function parseInputEvent(record: Uint8Array): InputEvent {
  if (record.byteLength !== INPUT_RECORD_BYTES) {
    refuse("truncated", `an input record of ${record.byteLength} bytes`);
  }
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const kind = KINDS[view.getUint8(0)];
  if (kind === undefined) refuse("bad_value", `input kind ${view.getUint8(0)}`);
  if (view.getUint8(1) > 1) refuse("bad_value", `input state ${view.getUint8(1)}`);
  const event: InputEvent = {
    kind,
    down: view.getUint8(1) === 1,
    code: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    pointerSequence: view.getUint32(8, true),
    x: view.getInt32(12, true),
    y: view.getInt32(16, true),
  };
  checkRanges(event);
  return event;
}

function checkRanges(event: InputEvent): void {
  const { kind, code, x, y } = event;
  if (!isCode(event)) refuse("bad_value", `${kind} code ${code}`);
  if (!isPosition(event)) refuse("bad_value", `${kind} position ${x},${y}`);
}

function isCode(event: InputEvent): boolean {
  const { kind, code } = event;
  switch (kind) {
    case "key":
      return code >= 1 && code <= MAX_SCANCODE;
    case "button":
      return code >= 1 && code <= MAX_BUTTON;
    case "target":
      return code < MAX_STREAMS;
    case "pad":
      return code < PAD_SLOTS;
    case "pad_axis":
      return isPadAxisCode(code);
    case "touch":
      return isTouchCode(code);
    case "touch_cancel":
      return code < MAX_TOUCHES;
    case "pen":
      return isPenCode(code, event.down);
    case "locks":
      return isLocksCode(code);
    default:
      return code === 0;
  }
}

function isPosition({ kind, code, down, x, y }: InputEvent): boolean {
  switch (kind) {
    case "absolute":
    case "button":
    case "touch":
      return isWithin(x, 0, POINTER_SCALE) && isWithin(y, 0, POINTER_SCALE);
    case "wheel":
      return isWithin(x, -MAX_WHEEL, MAX_WHEEL) && isWithin(y, -MAX_WHEEL, MAX_WHEEL);
    case "relative":
      return isWithin(x, -MAX_RELATIVE, MAX_RELATIVE) && isWithin(y, -MAX_RELATIVE, MAX_RELATIVE);
    case "pad":
      return isWithin(x, 0, down ? PAD_BUTTONS_ALL : 0) && y === 0;
    case "pad_axis":
      return isPadAxisValue(code, x) && y === 0;
    case "pen":
      return isPenPlace(x) && isPenPlace(y);
    case "text":
      return isTextCodePoint(x) && y === 0;
    default:
      return x === 0 && y === 0;
  }
}

function isWithin(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

/** The 16 bytes of a pointer datagram. */
export function encodePointerMotion(motion: PointerMotion): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(POINTER_DATAGRAM_BYTES);
  const view = new DataView(datagram.buffer);
  view.setUint8(0, motion.relative ? POINTER_DATAGRAM_RELATIVE : POINTER_DATAGRAM_ABSOLUTE);
  view.setUint8(1, motion.streamId);
  view.setUint32(4, motion.sequence, true);
  view.setInt32(8, motion.x, true);
  view.setInt32(12, motion.y, true);
  return datagram;
}

/** Parses a pointer datagram. Throws ProtocolError. */
export function parsePointerMotion(datagram: Uint8Array): PointerMotion {
  if (datagram.byteLength !== POINTER_DATAGRAM_BYTES) {
    refuse("truncated", `a pointer datagram of ${datagram.byteLength} bytes`);
  }
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const kind = view.getUint8(0);
  if (kind !== POINTER_DATAGRAM_ABSOLUTE && kind !== POINTER_DATAGRAM_RELATIVE) {
    refuse("bad_value", `pointer datagram kind ${kind}`);
  }
  if (view.getUint8(1) >= MAX_STREAMS || view.getUint16(2, true) !== 0) {
    refuse("bad_value", `pointer datagram header ${view.getUint32(0, true)}`);
  }
  const motion = {
    relative: kind === POINTER_DATAGRAM_RELATIVE,
    streamId: view.getUint8(1),
    sequence: view.getUint32(4, true),
    x: view.getInt32(8, true),
    y: view.getInt32(12, true),
  };
  const { relative, x, y } = motion;
  if (!relative && (x < 0 || x > POINTER_SCALE || y < 0 || y > POINTER_SCALE)) {
    refuse("bad_value", `pointer position ${x},${y}`);
  }
  return motion;
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
