/**
 * Contact: fingers and the pen on the wire. What begins and ends a touch goes as records; where a
 * finger moves to may go as datagrams, where the newest wins. A pen's strokes have a shape: they go as
 * records only. docs/WIRE.md is normative.
 */

import { ProtocolError } from "../core/errors.ts";
import { MAX_STREAMS } from "./codec.ts";

/** Fingers at once. */
export const MAX_TOUCHES = 10;
/** Pressure of 1.0, of fingers and of the pen. */
export const PRESSURE_SCALE = 4095;
/** Largest tilt of a pen, in degrees from upright. */
export const MAX_TILT = 90;
/** First byte of a touch datagram; its class is "pointer". */
export const TOUCH_DATAGRAM = 0x43;
/** Bytes of one touch datagram. */
export const TOUCH_DATAGRAM_BYTES = 16;

/** Places are 0-65,535 of the picture, as those of the pointer. */
const PLACE_MASK = 0xffff;
const TOUCH_ID_MASK = 0x0f;
const PRESSURE_SHIFT = 4;
const PEN_NEAR = 1;
const PEN_ERASER = 2;
const PEN_BUTTON_SHIFT = 2;
const PEN_BUTTONS_ALL = 3;

/** Where a finger is. */
export interface Touch {
  /** 0-9. */
  readonly id: number;
  /** 0-65,535 of the picture. */
  readonly x: number;
  readonly y: number;
  /** 0-4,095. */
  readonly pressure: number;
}

/** What of a record says where a finger or a pen is. */
export interface ContactFields {
  readonly code: number;
  readonly x: number;
  readonly y: number;
}

/** A touch datagram. */
export interface TouchMotion extends Touch {
  readonly streamId: number;
  /** Counts motions of all devices, modulo 2^32. */
  readonly sequence: number;
}

/** Where and how a pen is; whether its tip touches is the record's `down`. */
export interface Pen {
  /** False when it has left the picture's neighbourhood. */
  readonly isNear: boolean;
  readonly isEraser: boolean;
  /** Bit 0 the button next to the tip, bit 1 the upper one. */
  readonly buttons: number;
  /** 0-65,535 of the picture. */
  readonly x: number;
  readonly y: number;
  /** 0-4,095. */
  readonly pressure: number;
  /** Degrees from upright, -90 to 90, to the right and towards the person. */
  readonly tiltX: number;
  readonly tiltY: number;
}

/** The fields of a `touch` record. */
export function encodeTouch({ id, x, y, pressure }: Touch): ContactFields {
  return { code: id | (pressure << PRESSURE_SHIFT), x, y };
}

/** What a `touch` record says. */
export function touchOf({ code, x, y }: ContactFields): Touch {
  return { id: code & TOUCH_ID_MASK, x, y, pressure: code >> PRESSURE_SHIFT };
}

/** True for a code that `encodeTouch` makes. */
export function isTouchCode(code: number): boolean {
  return (code & TOUCH_ID_MASK) < MAX_TOUCHES;
}

/** The fields of a `pen` record. */
export function encodePen(pen: Pen): ContactFields {
  const flags = (pen.isNear ? PEN_NEAR : 0) | (pen.isEraser ? PEN_ERASER : 0) |
    (pen.buttons << PEN_BUTTON_SHIFT);
  return {
    code: flags | (pen.pressure << PRESSURE_SHIFT),
    x: (pen.x & PLACE_MASK) | (pen.tiltX << 16),
    y: (pen.y & PLACE_MASK) | (pen.tiltY << 16),
  };
}

/** What a `pen` record says. */
export function penOf({ code, x, y }: ContactFields): Pen {
  return {
    isNear: (code & PEN_NEAR) !== 0,
    isEraser: (code & PEN_ERASER) !== 0,
    buttons: (code >> PEN_BUTTON_SHIFT) & PEN_BUTTONS_ALL,
    x: x & PLACE_MASK,
    y: y & PLACE_MASK,
    pressure: code >> PRESSURE_SHIFT,
    tiltX: x >> 16,
    tiltY: y >> 16,
  };
}

/** True for the code of a pen: one that touches is near. */
export function isPenCode(code: number, isDown: boolean): boolean {
  return !isDown || (code & PEN_NEAR) !== 0;
}

/** True for a place and tilt that `encodePen` makes. */
export function isPenPlace(value: number): boolean {
  const tilt = value >> 16;
  return tilt >= -MAX_TILT && tilt <= MAX_TILT;
}

/** The 16 bytes of a touch datagram. */
export function encodeTouchMotion(motion: TouchMotion): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(TOUCH_DATAGRAM_BYTES);
  const view = new DataView(datagram.buffer);
  const { code, x, y } = encodeTouch(motion);
  view.setUint8(0, TOUCH_DATAGRAM);
  view.setUint8(1, motion.streamId);
  view.setUint16(2, code, true);
  view.setUint32(4, motion.sequence, true);
  view.setInt32(8, x, true);
  view.setInt32(12, y, true);
  return datagram;
}

/** Parses a touch datagram. Throws ProtocolError. */
export function parseTouchMotion(datagram: Uint8Array): TouchMotion {
  if (datagram.byteLength !== TOUCH_DATAGRAM_BYTES) {
    refuse("truncated", `a touch datagram of ${datagram.byteLength} bytes`);
  }
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const code = view.getUint16(2, true);
  const streamId = view.getUint8(1);
  if (view.getUint8(0) !== TOUCH_DATAGRAM || streamId >= MAX_STREAMS || !isTouchCode(code)) {
    refuse("bad_value", `touch datagram header ${view.getUint32(0, true)}`);
  }
  const x = view.getInt32(8, true);
  const y = view.getInt32(12, true);
  if (x < 0 || x > PLACE_MASK || y < 0 || y > PLACE_MASK) {
    refuse("bad_value", `touch position ${x},${y}`);
  }
  return { streamId, sequence: view.getUint32(4, true), ...touchOf({ code, x, y }) };
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
