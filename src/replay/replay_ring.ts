/**
 * ReplayRing: one ring of encoded bytes whose room is reserved once. A frame that reaches the end
 * goes on at the start, so that no byte is lost to the seam. The room can be made smaller and larger
 * again while frames are held: the runtime gives the pages back at once.
 */

/** A ring of bytes; who writes knows what is free. */
export class ReplayRing {
  readonly #buffer: ArrayBuffer;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #end = 0;

  /** Reserves `capacityMax` bytes; pages come into being as they are first written. */
  constructor(capacityMax: number) {
    this.#buffer = new ArrayBuffer(capacityMax, { maxByteLength: capacityMax });
    this.#bytes = new Uint8Array(this.#buffer);
  }

  /** Bytes that it can hold now. */
  get capacity(): number {
    return this.#buffer.byteLength;
  }

  /** Most bytes that it could be resized to. */
  get capacityMax(): number {
    return this.#buffer.maxByteLength;
  }

  /** Where the next frame will begin. */
  get end(): number {
    return this.#end;
  }

  /** Writes behind what was written last; returns where. At most `capacity` bytes. */
  write(payload: Uint8Array): number {
    const offset = this.#end;
    const head = Math.min(payload.byteLength, this.capacity - offset);
    this.#bytes.set(head === payload.byteLength ? payload : payload.subarray(0, head), offset);
    if (head < payload.byteLength) this.#bytes.set(payload.subarray(head), 0);
    this.#end = (offset + payload.byteLength) % this.capacity;
    return offset;
  }

  /** Copies `length` bytes from `offset` on to the front of `target`. */
  read(offset: number, length: number, target: Uint8Array): void {
    const head = Math.min(length, this.capacity - offset);
    target.set(this.#bytes.subarray(offset, offset + head));
    if (head < length) target.set(this.#bytes.subarray(0, length - head), head);
  }

  /** Overwrites `length` bytes from `offset` on with zeros. */
  erase(offset: number, length: number): void {
    const head = Math.min(length, this.capacity - offset);
    this.#bytes.fill(0, offset, offset + head);
    if (head < length) this.#bytes.fill(0, 0, length - head);
  }

  /**
   * Changes the room to `capacity`, keeping the `length` bytes before the end, which must fit.
   * Returns how what lies at an old offset is found.
   */
  resize(capacity: number, length: number): (offset: number) => number {
    const before = this.capacity;
    if (!(capacity >= Math.max(1, length) && capacity <= this.capacityMax)) {
      throw new RangeError(`Cannot hold ${length} bytes in a ring of ${capacity}`);
    }
    const start = (this.#end - length + before) % before;
    const wraps = length > 0 && start + length > before;
    if (capacity > before) this.#buffer.resize(capacity);
    let shift = 0;
    // What lies before the seam moves to the new seam; without one, what is held moves to the front.
    if (wraps) {
      shift = capacity - before;
      this.#bytes.copyWithin(start + shift, start, before);
    } else if (start + length > capacity) {
      shift = -start;
      this.#bytes.copyWithin(0, start, start + length);
    }
    if (capacity < before) this.#buffer.resize(capacity);
    this.#end = (wraps ? this.#end : start + shift + length) % capacity;
    // What is erased later must not live on where it was moved from.
    if (shift !== 0) this.eraseFree(length);
    return (offset) => !wraps || offset >= start ? offset + shift : offset;
  }

  /** Overwrites all but the `length` bytes before the end: what was let go stays in memory else. */
  eraseFree(length: number): void {
    this.erase(this.#end, this.capacity - length);
  }
}
