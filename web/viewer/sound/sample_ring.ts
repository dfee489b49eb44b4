/**
 * SampleRing: decoded sound between the thread that decodes and the thread that plays: one producer,
 * one consumer, no locks. Samples are 32-bit floats, a plane for each channel; positions count frames
 * modulo 2^32. Over a SharedArrayBuffer the two ends are in different threads; over an ArrayBuffer
 * both are in one. What does not fit is refused, never overwritten.
 */

/** Frames of the longest ring: 1.4 s at 48 kHz. */
export const RING_FRAMES_MAX = 65_536;

/** Words of the header, each written by one end only. */
const WRITTEN = 0;
const READ = 1;
/** What the producer wants of the consumer. */
const RATIO = 2;
const RESUME = 3;
const IS_LIVE = 4;
/** What the consumer tells. */
const UNDERRUNS = 5;
const MISSED = 6;
const BURST = 7;
const OUTPUT_OFFSET = 8;
const IS_PLAYING = 9;
/** Behind the last frame that the producer took back. */
const DISCARDED = 10;
const HEADER_WORDS = 16;
const HEADER_BYTES = HEADER_WORDS * 4;
/** The ratio is kept as parts per thousand million above 1. */
const RATIO_UNIT = 1e-9;

/** What a ring is made over, and can be sent to another thread. */
export interface RingMemory {
  readonly buffer: SharedArrayBuffer | ArrayBuffer;
  readonly channels: number;
  /** A power of two. */
  readonly frames: number;
}

/** Bytes of a ring's memory. */
export function ringBytes(channels: number, frames: number): number {
  if (!Number.isInteger(channels) || channels < 1 || channels > 8) {
    throw new RangeError(`Cannot make a ring of ${channels} channels`);
  }
  const isPower = Number.isInteger(frames) && frames >= 2 && (frames & (frames - 1)) === 0;
  if (!isPower || frames > RING_FRAMES_MAX) {
    throw new RangeError(`Cannot make a ring of ${frames} frames`);
  }
  return HEADER_BYTES + channels * frames * Float32Array.BYTES_PER_ELEMENT;
}

/** Makes the memory of a ring, shared between threads where the page may. */
export function makeRingMemory(
  channels: number,
  frames: number,
  isShared: boolean,
): RingMemory {
  const bytes = ringBytes(channels, frames);
  return {
    buffer: isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes),
    channels,
    frames,
  };
}

/** Either end of a ring. */
export class SampleRing {
  readonly channels: number;
  readonly capacity: number;
  readonly #header: Int32Array;
  readonly #planes: readonly Float32Array[];
  readonly #mask: number;

  constructor({ buffer, channels, frames }: RingMemory) {
    if (buffer.byteLength < ringBytes(channels, frames)) {
      throw new RangeError(`Cannot make a ring of ${frames} frames in ${buffer.byteLength} bytes`);
    }
    this.channels = channels;
    this.capacity = frames;
    this.#mask = frames - 1;
    this.#header = new Int32Array(buffer, 0, HEADER_WORDS);
    this.#planes = Array.from(
      { length: channels },
      (_, channel) => new Float32Array(buffer, HEADER_BYTES + channel * frames * 4, frames),
    );
  }

  /** Position behind the last frame written. */
  get written(): number {
    return Atomics.load(this.#header, WRITTEN) >>> 0;
  }

  /** Position of the next frame to be read. */
  get read(): number {
    return Atomics.load(this.#header, READ) >>> 0;
  }

  /** Frames that wait to be played. */
  get fill(): number {
    return ((this.written - this.read) >>> 0) - this.#discarded;
  }

  /** Frames that were taken back and not yet given up by the consumer. */
  get #discarded(): number {
    return Math.max(0, (Atomics.load(this.#header, DISCARDED) - this.read) | 0);
  }

  /** Producer: what waits is not to be played any more. */
  discard(): void {
    Atomics.store(this.#header, DISCARDED, Atomics.load(this.#header, WRITTEN));
  }

  /** Consumer: gives up what was taken back; false when nothing was. */
  giveUp(): boolean {
    const count = this.#discarded;
    if (count > 0) this.consume(count);
    return count > 0;
  }

  /** Producer: appends frames `from` to `to` of the channels; gives how many fitted. */
  write(channels: readonly Float32Array[], from: number, to: number): number {
    const written = this.written;
    const read = this.read;
    // It stays near, so that positions can wrap.
    if (((Atomics.load(this.#header, DISCARDED) - read) | 0) < 0) {
      Atomics.store(this.#header, DISCARDED, read | 0);
    }
    const count = Math.min(to - from, this.capacity - ((written - read) >>> 0));
    if (count <= 0) return 0;
    const start = written & this.#mask;
    const first = Math.min(count, this.capacity - start);
    for (let channel = 0; channel < this.channels; channel++) {
      const plane = this.#planes[channel]!;
      const source = channels[channel]!;
      plane.set(source.subarray(from, from + first), start);
      if (first < count) plane.set(source.subarray(from + first, from + count), 0);
    }
    Atomics.store(this.#header, WRITTEN, (written + count) | 0);
    return count;
  }

  /** Consumer: the samples of a channel; frame `position` is at `position & mask`. */
  plane(channel: number): Float32Array {
    return this.#planes[channel]!;
  }

  /** What makes an index of a position. */
  get mask(): number {
    return this.#mask;
  }

  /** Consumer: gives `count` frames that wait back to the producer. */
  consume(count: number): void {
    Atomics.store(this.#header, READ, (Atomics.load(this.#header, READ) + count) | 0);
  }

  /** How fast to read: frames of the ring for each frame played. The producer sets it. */
  get ratio(): number {
    return 1 + Atomics.load(this.#header, RATIO) * RATIO_UNIT;
  }

  set ratio(ratio: number) {
    Atomics.store(this.#header, RATIO, Math.round((ratio - 1) / RATIO_UNIT));
  }

  /** Frames that must wait before a consumer begins, or begins again. The producer sets it. */
  get resumeFrames(): number {
    return Atomics.load(this.#header, RESUME);
  }

  set resumeFrames(frames: number) {
    Atomics.store(this.#header, RESUME, frames);
  }

  /** More is on its way: only then an empty ring is an underrun. The producer sets it. */
  get isLive(): boolean {
    return Atomics.load(this.#header, IS_LIVE) === 1;
  }

  set isLive(isLive: boolean) {
    Atomics.store(this.#header, IS_LIVE, isLive ? 1 : 0);
  }

  /** How often the ring was empty when frames were due. The consumer counts. */
  get underruns(): number {
    return Atomics.load(this.#header, UNDERRUNS) >>> 0;
  }

  /** Frames that were played without any to play, modulo 2^32. The consumer counts. */
  get missedFrames(): number {
    return Atomics.load(this.#header, MISSED) >>> 0;
  }

  /** Consumer: counts. */
  addUnderrun(): void {
    Atomics.add(this.#header, UNDERRUNS, 1);
  }

  /** Consumer: counts. */
  addMissed(frames: number): void {
    Atomics.add(this.#header, MISSED, frames);
  }

  /** Sound of the ring is played; false before the first and during an underrun. The consumer sets it. */
  get isPlaying(): boolean {
    return Atomics.load(this.#header, IS_PLAYING) === 1 && this.#discarded === 0;
  }

  set isPlaying(isPlaying: boolean) {
    Atomics.store(this.#header, IS_PLAYING, isPlaying ? 1 : 0);
  }

  /** Most frames that the device took at once lately. The consumer sets it. */
  get burstFrames(): number {
    return Atomics.load(this.#header, BURST);
  }

  set burstFrames(frames: number) {
    Atomics.store(this.#header, BURST, frames);
  }

  /** Position in the ring less the device's frame that plays it, modulo 2^32. The consumer sets it. */
  get outputOffset(): number {
    return Atomics.load(this.#header, OUTPUT_OFFSET);
  }

  set outputOffset(frames: number) {
    Atomics.store(this.#header, OUTPUT_OFFSET, frames | 0);
  }
}
