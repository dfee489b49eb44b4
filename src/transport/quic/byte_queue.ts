/**
 * ByteQueue: the bytes of a stream that a parser has not used yet, for the readers of HTTP/3 frames
 * and capsules. It has no limit of its own: the parser drains it after each push and bounds what it
 * leaves inside.
 */

const EMPTY = new Uint8Array(0);

/** Bytes in order of arrival. */
export class ByteQueue {
  #bytes: Uint8Array = EMPTY;

  /** All that is queued; valid until the next call. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** How many bytes are queued. */
  get length(): number {
    return this.#bytes.length;
  }

  /** Appends `bytes`, which are not copied while nothing is queued. */
  push(bytes: Uint8Array): void {
    if (this.#bytes.length === 0) {
      this.#bytes = bytes;
      return;
    }
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
  }

  /** Removes up to `count` bytes from the front and returns them. */
  take(count: number): Uint8Array {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = count < this.#bytes.length ? this.#bytes.subarray(count) : EMPTY;
    return taken;
  }
}
