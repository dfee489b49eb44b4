/**
 * Frame SEI: what a viewer must know of an access unit that came without our packets, as a unit of
 * supplemental information inside of it; players that do not know it pass over it. 48 bytes at most,
 * and a reader looks no further than the first slice.
 *
 *     0  16 bytes  the UUID below
 *    16  u8        flags: 1 keyframe, 2 of the second layer; stream 0-15 in the high 4 bits
 *    17  u8        reference distance, 0 for a keyframe
 *    18  u32       frame id
 *    22  u32       capture time in microseconds, low 32 bits
 */

import { readU32 } from "../core/bytes.ts";
import type { FrameLayer } from "./frame.ts";

/** Most bytes of the unit, without a start code. */
export const FRAME_SEI_BYTES_MAX = 48;

/** Unit types of H.264, table 7-1. */
const SLICE_TYPE_MAX = 5;
const SUPPLEMENTAL = 6;
/** "User data unregistered", D.1.7. */
const USER_DATA = 5;
const KEY = 1;
const SECOND_LAYER = 2;
const STREAM_SHIFT = 4;
// Made for this format; it has no zeros, so that only what follows it may need escapes.
const UUID = Uint8Array.of(
  ...[0x9b, 0x5e, 0x2d, 0x61, 0x77, 0xc4, 0x4f, 0x18],
  ...[0xa6, 0x3c, 0xd9, 0x42, 0x8e, 0xf1, 0x57, 0xb3],
);
const PAYLOAD_BYTES = UUID.byteLength + 10;
/** Longer units of supplemental information are others'. */
const FOREIGN_BYTES_MAX = 512;

/** What is said of a frame. */
export interface FrameMark {
  /** Which stream it belongs to, 0-15: one track carries all that a viewer watches. */
  readonly streamId: number;
  readonly frameId: number;
  /** How many frames back its only reference lies; 0 marks a keyframe. */
  readonly referenceDistance: number;
  /** 1 for a frame that a viewer of the base layer does without. */
  readonly layer: FrameLayer;
  /** Low 32 bits of the host's monotonic clock when grabbing began, in microseconds. */
  readonly captureTimeUs: number;
}

/** Where a mark was found: the bounds of its unit with the start code. */
export interface FoundMark {
  readonly mark: FrameMark;
  readonly start: number;
  readonly end: number;
}

/** Writes the unit, without a start code, to `target` from `offset` on; returns its bytes. */
export function writeFrameSei(target: Uint8Array, mark: FrameMark, offset = 0): number {
  const { streamId, frameId, captureTimeUs, referenceDistance, layer } = mark;
  const flags = (referenceDistance === 0 ? KEY : 0) | (layer === 1 ? SECOND_LAYER : 0) |
    (streamId << STREAM_SHIFT);
  const message = new Uint8Array(2 + PAYLOAD_BYTES);
  message[0] = USER_DATA;
  message[1] = PAYLOAD_BYTES;
  message.set(UUID, 2);
  const view = new DataView(message.buffer, 2 + UUID.byteLength);
  view.setUint8(0, flags);
  view.setUint8(1, referenceDistance);
  view.setUint32(2, frameId, true);
  view.setUint32(6, captureTimeUs % 0x1_0000_0000, true);
  let at = offset;
  target[at++] = SUPPLEMENTAL;
  let zeros = 0;
  for (const byte of message) {
    if (zeros >= 2 && byte <= 3) {
      target[at++] = 3;
      zeros = 0;
    }
    target[at++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  // The stop bit; it is no zero, so nothing before it needs an escape.
  target[at++] = 0x80;
  return at - offset;
}

/** Reads a unit without start code; undefined when it is another one, or broken. */
export function parseFrameSei(unit: Uint8Array): FrameMark | undefined {
  if (unit.byteLength > FOREIGN_BYTES_MAX || (unit[0]! & 0x1f) !== SUPPLEMENTAL) return undefined;
  const bytes = withoutEscapes(unit);
  for (let at = 1; at < bytes.byteLength;) {
    const type = extended(bytes, at);
    const size = type === undefined ? undefined : extended(bytes, type.next);
    if (type === undefined || size === undefined) return undefined;
    const end = size.next + size.value;
    if (end > bytes.byteLength) return undefined;
    const isOurs = type.value === USER_DATA && size.value >= PAYLOAD_BYTES &&
      UUID.every((byte, index) => byte === bytes[size.next + index]);
    if (isOurs) return parsePayload(bytes, size.next + UUID.byteLength);
    at = end;
  }
  return undefined;
}

/** Finds the mark of an access unit with start codes; undefined when it has none. */
export function findFrameSei(accessUnit: Uint8Array): FoundMark | undefined {
  let code = nextStartCode(accessUnit, 0);
  while (code < accessUnit.byteLength) {
    const start = code + 3;
    const type = accessUnit[start]! & 0x1f;
    if (type > 0 && type <= SLICE_TYPE_MAX) return undefined;
    const end = nextStartCode(accessUnit, start);
    const mark = type === SUPPLEMENTAL ? parseFrameSei(accessUnit.subarray(start, end)) : undefined;
    if (mark !== undefined) return { mark, start: withZeros(accessUnit, code), end: trimmed(end) };
    code = end;
  }
  return undefined;

  /** Zeros before the next start code belong to that. */
  function trimmed(end: number): number {
    return end < accessUnit.byteLength ? withZeros(accessUnit, end) : end;
  }
}

/** The access unit without the mark that was found in it: what is before it is moved, in place. */
export function withoutFrameSei(accessUnit: Uint8Array, found: FoundMark): Uint8Array {
  accessUnit.copyWithin(found.end - found.start, 0, found.start);
  return accessUnit.subarray(found.end - found.start);
}

function parsePayload(bytes: Uint8Array, at: number): FrameMark | undefined {
  const flags = bytes[at]!;
  const referenceDistance = bytes[at + 1]!;
  if ((flags & 0x0f & ~(KEY | SECOND_LAYER)) !== 0) return undefined;
  if (((flags & KEY) !== 0) !== (referenceDistance === 0)) return undefined;
  return {
    streamId: flags >> STREAM_SHIFT,
    frameId: readU32(bytes, at + 2),
    referenceDistance,
    layer: (flags & SECOND_LAYER) === 0 ? 0 : 1,
    captureTimeUs: readU32(bytes, at + 6),
  };
}

/** A number of 7.3.2.3.1: bytes of 255 and a last one. */
function extended(bytes: Uint8Array, from: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let at = from; at < bytes.byteLength; at++) {
    value += bytes[at]!;
    if (bytes[at] !== 0xff) return { value, next: at + 1 };
  }
  return undefined;
}

function withoutEscapes(unit: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(unit.byteLength);
  let size = 0;
  let zeros = 0;
  for (const byte of unit) {
    const isEscape = zeros >= 2 && byte === 3;
    zeros = byte === 0 ? zeros + 1 : 0;
    if (!isEscape) bytes[size++] = byte;
  }
  return bytes.subarray(0, size);
}

/** Offset of the next 00 00 01, or the end. */
function nextStartCode(bytes: Uint8Array, from: number): number {
  const size = bytes.byteLength;
  for (let at = from + 2; at < size;) {
    const byte = bytes[at]!;
    if (byte > 1) at += 3;
    else if (byte === 1 && bytes[at - 1] === 0 && bytes[at - 2] === 0) return at - 2;
    else at++;
  }
  return size;
}

/** A start code of three bytes with the zero that makes it one of four. */
function withZeros(bytes: Uint8Array, code: number): number {
  return code > 0 && bytes[code - 1] === 0 ? code - 1 : code;
}
