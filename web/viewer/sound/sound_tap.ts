/**
 * SoundTap: what was handed to the sound device, for measurements: blocks of the first two channels and
 * the time at which each part of them was handed over. Only made while something is measured.
 */

/** Frames of a block: 20 ms. */
export const TAP_FRAMES = 960;

/** A copy of what was played. */
export interface TapBlock {
  readonly name: "tap";
  /** The device's frame that the block begins with. */
  readonly firstFrame: number;
  readonly left: Float32Array;
  readonly right: Float32Array;
  /** Where each part begins in the block, and when it was handed over: milliseconds since 1970. */
  readonly partStarts: readonly number[];
  readonly partMs: readonly number[];
}

/** Collects blocks. */
export class TapBuffer {
  readonly #send: (block: TapBlock) => void;
  readonly #left = new Float32Array(TAP_FRAMES);
  readonly #right = new Float32Array(TAP_FRAMES);
  #partStarts: number[] = [];
  #partMs: number[] = [];
  #firstFrame = 0;
  #frames = 0;

  constructor(send: (block: TapBlock) => void) {
    this.#send = send;
  }

  /** Takes what was handed over at `nowMs`. */
  push(output: readonly Float32Array[], deviceFrame: number, nowMs: number): void {
    const left = output[0]!;
    const right = output[1] ?? left;
    for (let from = 0; from < left.length;) {
      if (this.#frames === 0) this.#firstFrame = deviceFrame + from;
      this.#partStarts.push(this.#frames);
      this.#partMs.push(nowMs);
      const count = Math.min(left.length - from, TAP_FRAMES - this.#frames);
      this.#left.set(left.subarray(from, from + count), this.#frames);
      this.#right.set(right.subarray(from, from + count), this.#frames);
      this.#frames += count;
      from += count;
      if (this.#frames === TAP_FRAMES) this.#flush();
    }
  }

  #flush(): void {
    this.#send({
      name: "tap",
      firstFrame: this.#firstFrame,
      left: this.#left.slice(),
      right: this.#right.slice(),
      partStarts: this.#partStarts,
      partMs: this.#partMs,
    });
    this.#partStarts = [];
    this.#partMs = [];
    this.#frames = 0;
  }
}
