/**
 * Sequence: serial-number arithmetic (RFC 1982) for counters that wrap at 16 or 32 bits. Half of
 * the number space is "ahead", half is "behind".
 */

/** Signed distance from `from` to `to` modulo 2^16, in -32768..32767. */
export function distance16(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed distance from `from` to `to` modulo 2^32, in -2^31..2^31-1. */
export function distance32(from: number, to: number): number {
  return (to - from) | 0;
}

/** `value + delta` modulo 2^16. */
export function add16(value: number, delta: number): number {
  return (value + delta) & 0xffff;
}

/** `value + delta` modulo 2^32, unsigned. */
export function add32(value: number, delta: number): number {
  return (value + delta) >>> 0;
}

/** Extends a wrapped 32-bit value to the integer nearest to `reference`. */
export function unwrap32(reference: number, wrapped: number): number {
  return reference + distance32(reference >>> 0, wrapped);
}
