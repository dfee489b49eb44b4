/**
 * Pad: gamepads on the wire, four slots of the standard layout of the Gamepad API. Buttons go as
 * records, because none may be lost; sticks and triggers as datagrams, where the newest wins, and once
 * more as records when they come to rest. docs/WIRE.md is normative.
 */

import { ProtocolError } from "../core/errors.ts";
import { MAX_STREAMS } from "./codec.ts";

/** Gamepads of one session. */
export const PAD_SLOTS = 4;
/** First byte of a pad datagram; its class is "pointer". */
export const PAD_DATAGRAM = 0x42;
/** Bytes of one pad datagram. */
export const PAD_DATAGRAM_BYTES = 20;
/** Full deflection of a stick, and a trigger pressed home. */
export const PAD_AXIS_SCALE = 32_767;

/** Axes by number: sticks right and down positive, triggers 0 at rest. */
export const PAD_AXES = [
  "leftX",
  "leftY",
  "rightX",
  "rightY",
  "leftTrigger",
  "rightTrigger",
] as const;
/** One of `PAD_AXES`. */
export type PadAxis = (typeof PAD_AXES)[number];

/**
 * Buttons by bit, in the order of the Gamepad API's standard layout. The triggers, bits 6 and 7, say
 * only that they are pressed; how far is an axis.
 */
export const PAD_BUTTONS = [
  "south",
  "east",
  "west",
  "north",
  "leftShoulder",
  "rightShoulder",
  "leftTrigger",
  "rightTrigger",
  "select",
  "start",
  "leftStick",
  "rightStick",
  "up",
  "down",
  "left",
  "right",
  "guide",
] as const;

/** Every button. */
export const PAD_BUTTONS_ALL = 2 ** PAD_BUTTONS.length - 1;

const TRIGGER_FIRST = 4;

/** The six axes of one gamepad, as `PAD_AXES` numbers them. */
export type PadAxes = readonly [number, number, number, number, number, number];

/** A pad datagram. */
export interface PadMotion {
  readonly streamId: number;
  readonly slot: number;
  /** Counts motions of all devices, modulo 2^32. */
  readonly sequence: number;
  readonly axes: PadAxes;
}

/** The code of a `pad_axis` record. */
export function encodePadAxis(slot: number, axis: number): number {
  return (slot << 8) | axis;
}

/** Slot and axis of the code of a `pad_axis` record. */
export function padAxisOf(code: number): { readonly slot: number; readonly axis: number } {
  return { slot: code >> 8, axis: code & 0xff };
}

/** True for a code that `encodePadAxis` makes. */
export function isPadAxisCode(code: number): boolean {
  const { slot, axis } = padAxisOf(code);
  return slot < PAD_SLOTS && axis < PAD_AXES.length;
}

/** True when the axis of `code` can have `value`. */
export function isPadAxisValue(code: number, value: number): boolean {
  return isAxisValue(padAxisOf(code).axis, value);
}

/** The 20 bytes of a pad datagram. */
export function encodePadMotion(motion: PadMotion): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(PAD_DATAGRAM_BYTES);
  const view = new DataView(datagram.buffer);
  view.setUint8(0, PAD_DATAGRAM);
  view.setUint8(1, motion.streamId);
  view.setUint16(2, motion.slot, true);
  view.setUint32(4, motion.sequence, true);
  motion.axes.forEach((value, axis) => view.setInt16(8 + 2 * axis, value, true));
  return datagram;
}

/** Parses a pad datagram. Throws ProtocolError. */
export function parsePadMotion(datagram: Uint8Array): PadMotion {
  if (datagram.byteLength !== PAD_DATAGRAM_BYTES) {
    refuse("truncated", `a pad datagram of ${datagram.byteLength} bytes`);
  }
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
  const axis = (index: number) => view.getInt16(8 + 2 * index, true);
  const motion: PadMotion = {
    streamId: view.getUint8(1),
    slot: view.getUint16(2, true),
    sequence: view.getUint32(4, true),
    axes: [axis(0), axis(1), axis(2), axis(3), axis(4), axis(5)],
  };
  if (
    view.getUint8(0) !== PAD_DATAGRAM || motion.streamId >= MAX_STREAMS || motion.slot >= PAD_SLOTS
  ) {
    refuse("bad_value", `pad datagram header ${view.getUint32(0, true)}`);
  }
  motion.axes.forEach((value, index) => {
    if (!isAxisValue(index, value)) refuse("bad_value", `${PAD_AXES[index]} ${value}`);
  });
  return motion;
}

function isAxisValue(axis: number, value: number): boolean {
  return value >= (axis < TRIGGER_FIRST ? -PAD_AXIS_SCALE : 0) && value <= PAD_AXIS_SCALE;
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
