/**
 * varint: QUIC's variable-length integers (RFC 9000, section 16), the alphabet of HTTP/3 frames,
 * stream types and capsules below `send | receive`. Values past 2^53 come out rounded; every limit in
 * this folder lies far below, so a rounded value is refused or skipped, never trusted.
 */

/** Most bytes that one varint takes. */
export const VARINT_BYTES_MAX = 8;

/** Bytes of the varint that starts with `firstByte`: 1, 2, 4 or 8. */
export function varintLengthAt(firstByte: number): number {
  return 1 << (firstByte >> 6);
}

/** Bytes that `value` (an integer from 0 to 2^53 - 1) takes as a varint. */
export function varintLength(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x4000_0000) return 4;
  return 8;
}

/**
 * Value of the varint at `offset`, or -1 when the bytes end before the varint does. Its length is
 * `varintLengthAt(bytes[offset])`.
 */
export function readVarint(bytes: Uint8Array, offset: number): number {
  const first = bytes[offset];
  if (first === undefined) return -1;
  const length = varintLengthAt(first);
  if (offset + length > bytes.length) return -1;
  let value = first & 0x3f;
  for (let i = 1; i < length; i++) value = value * 256 + bytes[offset + i]!;
  return value;
}

/** Writes `value` at `offset` in its shortest form and returns the offset behind it. */
export function writeVarint(value: number, target: Uint8Array, offset: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`Cannot encode ${value} as a varint`);
  }
  const length = varintLength(value);
  if (offset + length > target.length) {
    throw new RangeError(`Cannot write ${length} bytes at offset ${offset} of ${target.length}`);
  }
  let rest = value;
  for (let i = length - 1; i > 0; i--) {
    target[offset + i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  target[offset] = rest | (Math.log2(length) << 6);
  return offset + length;
}

/** The varints of `values`, one behind the other. */
export function encodeVarints(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, value) => sum + varintLength(value), 0));
  let offset = 0;
  for (const value of values) offset = writeVarint(value, bytes, offset);
  return bytes;
}
