/**
 * Bytes: bounds-checked little-endian reading and writing over one buffer, for every binary format
 * of the wire. Nothing here allocates per field; a read past the end is a ProtocolError.
 */

import { ProtocolError } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads little-endian fields from the front of a buffer. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** Reads from `bytes`, which it does not copy. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.byteLength - this.#offset;
  }

  /** Unsigned 8 bits. */
  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  /** Unsigned 16 bits. */
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  /** Unsigned 32 bits. */
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** Signed 16 bits. */
  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  /** Signed 32 bits. */
  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** Unsigned 64 bits that must be a safe integer. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new ProtocolError(`Cannot hold the 64-bit value ${value}`, { reason: "bad_value" });
    }
    return Number(value);
  }

  /** A view of the next `length` bytes; shares memory with the source. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** UTF-8 text of `length` bytes. */
  text(length: number): string {
    try {
      return decoder.decode(this.bytes(length));
    } catch (cause) {
      if (cause instanceof ProtocolError) throw cause;
      throw new ProtocolError("Cannot decode text as UTF-8", { reason: "bad_value", cause });
    }
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.byteLength - start) {
      throw new ProtocolError(
        `Cannot read ${length} bytes at ${start}: ${this.#bytes.byteLength} bytes in all`,
        { reason: "truncated" },
      );
    }
    this.#offset = start + length;
    return start;
  }
}

/** Writes little-endian fields into a buffer of fixed size. */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** Writes into `bytes` from its start. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Bytes written so far. */
  get offset(): number {
    return this.#offset;
  }

  /** What has been written; shares memory with the buffer. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }

  /** Unsigned 8 bits. */
  u8(value: number): this {
    this.#view.setUint8(this.#take(1), value);
    return this;
  }

  /** Unsigned 16 bits. */
  u16(value: number): this {
    this.#view.setUint16(this.#take(2), value, true);
    return this;
  }

  /** Unsigned 32 bits; wraps modulo 2^32. */
  u32(value: number): this {
    this.#view.setUint32(this.#take(4), value, true);
    return this;
  }

  /** Signed 16 bits. */
  i16(value: number): this {
    this.#view.setInt16(this.#take(2), value, true);
    return this;
  }

  /** Signed 32 bits. */
  i32(value: number): this {
    this.#view.setInt32(this.#take(4), value, true);
    return this;
  }

  /** Unsigned 64 bits from a safe integer. */
  u64(value: number): this {
    this.#view.setBigUint64(this.#take(8), BigInt(value), true);
    return this;
  }

  /** Copies `bytes`. */
  bytes(bytes: Uint8Array): this {
    this.#bytes.set(bytes, this.#take(bytes.byteLength));
    return this;
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.byteLength - start) {
      throw new RangeError(
        `Cannot write ${length} bytes at ${start}: the buffer has ${this.#bytes.byteLength}`,
      );
    }
    this.#offset = start + length;
    return start;
  }
}

/** UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** True when both hold the same bytes; the time taken does not depend on where they differ. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.byteLength ^ b.byteLength;
  for (let i = 0; i < a.byteLength; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Unsigned 16 bits, little endian, without a view of the buffer. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return bytes[offset]! | (bytes[offset + 1]! << 8);
}

/** Unsigned 32 bits, little endian, without a view of the buffer. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (readU16(bytes, offset) | (readU16(bytes, offset + 2) << 16)) >>> 0;
}
