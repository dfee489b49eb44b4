/**
 * Input: what a viewer's hands do, as fixed binary records. Everything that must not be lost goes on
 * the input stream, in sequence; pointer motion also goes as datagrams, where the newest wins.
 */

import { ProtocolError } from "../core/errors.ts";
import { MAX_STREAMS } from "./codec.ts";

/** First byte of the stream that carries input records. */
export const INPUT_STREAM_PREAMBLE = 0x49;
/** Bytes of one record on the input stream. */
export const INPUT_RECORD_BYTES = 20;
/** Bytes of one pointer datagram. */
export const POINTER_DATAGRAM_BYTES = 16;
/** Full scale of absolute positions: 65,535 is the last column or row of the picture. */
export const POINTER_SCALE = 65_535;
/** Wheel units of one notch. */
export const WHEEL_NOTCH = 120;

const POINTER_DATAGRAM_ABSOLUTE = 0x40;
const POINTER_DATAGRAM_RELATIVE = 0x41;
const MAX_SCANCODE = 0xe07f;
const MAX_BUTTON = 9;
/** What has no row has no code. */
const MAX_CODES: Readonly<Partial<Record<InputKind, number>>> = {
  key: MAX_SCANCODE,
  button: MAX_BUTTON,
  target: MAX_STREAMS - 1,
};
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
  | "target";

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
];

/** One record of the input stream. */
export interface InputEvent {
  readonly kind: InputKind;
  /** Key or button goes down; false in records that have no such state. */
  readonly down: boolean;
  /**
   * key: XT scancode set 1, 0xE0xx when extended. button: 1 left, 2 middle, 3 right, 4-9 more.
   * target: the stream.
   */
  readonly code: number;
  /** Counts the records of this stream from 1. */
  readonly sequence: number;
  /** Number of the newest pointer motion that this record follows. */
  readonly pointerSequence: number;
  /** absolute and button: 0-65,535 of the picture. relative: pixels. wheel: 1/120 notches, right. */
  readonly x: number;
  /** As `x`; wheel: down is positive. */
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
  const maxCode = MAX_CODES[kind] ?? 0;
  const minCode = kind === "key" || kind === "button" ? 1 : 0;
  if (code < minCode || code > maxCode) refuse("bad_value", `${kind} code ${code}`);
  const positioned = kind === "absolute" || kind === "button";
  const limit = kind === "wheel" ? MAX_WHEEL : kind === "relative" ? MAX_RELATIVE : 0;
  const min = positioned ? 0 : -limit;
  const max = positioned ? POINTER_SCALE : limit;
  if (x < min || x > max || y < min || y > max) refuse("bad_value", `${kind} position ${x},${y}`);
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
