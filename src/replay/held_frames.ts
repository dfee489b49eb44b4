/**
 * HeldFrames: where each held frame of a replay lies and when it was captured, as parallel arrays of
 * fixed size. Frames are named by a serial number that counts all frames ever held; 27 bytes a frame,
 * which is 0.13 % of the payload at 10 Mbit/s and 60 frames a second.
 */

/** Bytes of the index for each frame that it can hold. */
export const INDEX_BYTES_PER_FRAME = 27;

/** What the index keeps of a frame. */
export interface IndexedFrame {
  readonly serial: number;
  readonly frameId: number;
  readonly captureTimeUs: number;
  readonly byteLength: number;
  readonly referenceDistance: number;
  readonly layer: 0 | 1;
  /** True when its bytes were overwritten on request. */
  readonly isBlanked: boolean;
}

/** Where a frame begins, and all that a reader is told of it. */
export interface IndexEntry extends Omit<IndexedFrame, "serial" | "isBlanked"> {
  readonly offset: number;
}

/** Frames of consecutive serial numbers; the oldest leave first. */
export class HeldFrames {
  readonly #frameIds: Uint32Array;
  readonly #times: Float64Array;
  readonly #offsets: Float64Array;
  readonly #sizes: Uint32Array;
  readonly #distances: Uint8Array;
  readonly #layers: Uint8Array;
  readonly #blanked: Uint8Array;
  #first = 0;
  #end = 0;

  /** Holds at most `capacity` frames. */
  constructor(capacity: number) {
    this.#frameIds = new Uint32Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#offsets = new Float64Array(capacity);
    this.#sizes = new Uint32Array(capacity);
    this.#distances = new Uint8Array(capacity);
    this.#layers = new Uint8Array(capacity);
    this.#blanked = new Uint8Array(capacity);
  }

  /** Most frames. */
  get capacity(): number {
    return this.#times.length;
  }

  /** Serial of the oldest frame. */
  get first(): number {
    return this.#first;
  }

  /** Serial that the next frame will have. */
  get end(): number {
    return this.#end;
  }

  /** True when another frame would have no place. */
  get isFull(): boolean {
    return this.#end - this.#first === this.capacity;
  }

  /** True for a frame that is held. */
  has(serial: number): boolean {
    return Number.isInteger(serial) && serial >= this.#first && serial < this.#end;
  }

  /** Adds a frame; there must be room. */
  push(entry: IndexEntry): number {
    if (this.isFull) throw new RangeError(`Cannot index more than ${this.capacity} frames`);
    const serial = this.#end++;
    const at = serial % this.capacity;
    this.#frameIds[at] = entry.frameId;
    this.#times[at] = entry.captureTimeUs;
    this.#offsets[at] = entry.offset;
    this.#sizes[at] = entry.byteLength;
    this.#distances[at] = entry.referenceDistance;
    this.#layers[at] = entry.layer;
    this.#blanked[at] = 0;
    return serial;
  }

  /** Forgets every frame before `serial`. */
  dropBefore(serial: number): void {
    this.#first = Math.max(this.#first, Math.min(serial, this.#end));
  }

  /** What is known of a held frame. */
  at(serial: number): IndexedFrame {
    const at = serial % this.capacity;
    return {
      serial,
      frameId: this.#frameIds[at]!,
      captureTimeUs: this.#times[at]!,
      byteLength: this.#sizes[at]!,
      referenceDistance: this.#distances[at]!,
      layer: this.#layers[at] === 1 ? 1 : 0,
      isBlanked: this.#blanked[at] === 1,
    };
  }

  /** Capture time of a held frame in microseconds. */
  timeUs(serial: number): number {
    return this.#times[serial % this.capacity]!;
  }

  /** Bytes of a held frame. */
  size(serial: number): number {
    return this.#sizes[serial % this.capacity]!;
  }

  /** Where a held frame begins in the ring. */
  offset(serial: number): number {
    return this.#offsets[serial % this.capacity]!;
  }

  /** True for a frame that is decodable alone. */
  isKeyframe(serial: number): boolean {
    return this.#distances[serial % this.capacity] === 0;
  }

  /** True for a frame whose bytes were overwritten. */
  isBlanked(serial: number): boolean {
    return this.#blanked[serial % this.capacity] === 1;
  }

  /** Marks a held frame as overwritten. */
  blank(serial: number): void {
    this.#blanked[serial % this.capacity] = 1;
  }

  /** Moves a held frame: its bytes were moved. */
  move(serial: number, offset: number): void {
    this.#offsets[serial % this.capacity] = offset;
  }

  /** Serial of the last frame captured at `timeUs` or before; the oldest when all are later. */
  lastAt(timeUs: number): number | undefined {
    if (this.#end === this.#first) return undefined;
    let low = this.#first;
    let high = this.#end - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.timeUs(middle) <= timeUs) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Serial of the keyframe that `serial` is decoded from, or undefined when it is not held. */
  keyframeBefore(serial: number): number | undefined {
    for (let at = serial; at >= this.#first; at--) if (this.isKeyframe(at)) return at;
    return undefined;
  }
}
