/**
 * RingPlayer: what the sound device is given: the ring, resampled; what a concealer makes of the past
 * while the ring has too little, until enough waits again. Runs on the audio thread: it allocates
 * nothing and never waits. It has no clock; `nowMs` only tells how much a device takes at once.
 */

import { Concealer } from "./concealer.ts";
import type { Span } from "./concealer.ts";
import { Resampler, RESAMPLER_DELAY, TAPS } from "./resampler.ts";
import type { SampleRing } from "./sample_ring.ts";

/** Calls that are closer together than this belong to one burst of the device. */
const BURST_GAP_MS = 1.5;
/** The largest burst of this many frames counts: 4 to 8 s. */
const BURST_MEMORY_FRAMES = 192_000;

/** Plays one ring. */
export class RingPlayer {
  readonly #ring: SampleRing;
  readonly #resampler = new Resampler();
  readonly #concealer: Concealer;
  readonly #whole = { from: 0, to: 0 };
  #isPlaying = false;
  #hasPlayed = false;
  #lastCallMs = -Infinity;
  #burstFrames = 0;
  #burstMax = 0;
  #burstMaxBefore = 0;
  #burstAge = 0;

  constructor(ring: SampleRing) {
    this.#ring = ring;
    this.#concealer = new Concealer(ring.channels);
  }

  /** Fills `output`, one array for each channel; `deviceFrame` is its first frame's place in time. */
  render(output: readonly Float32Array[], deviceFrame: number, nowMs: number): void {
    const ring = this.#ring;
    const frames = output[0]!.length;
    const span = this.#whole;
    span.to = frames;
    this.#noteBurst(frames, nowMs);
    if (ring.giveUp()) this.#leave();
    if (!this.#isPlaying) {
      this.#isPlaying = ring.fill >= Math.max(ring.resumeFrames, this.#needs(frames));
      if (!this.#isPlaying) return this.#wait(output, span);
      this.#hasPlayed = true;
    } else if (ring.fill < this.#needs(frames)) {
      this.#isPlaying = false;
      if (ring.isLive) ring.addUnderrun();
      return this.#wait(output, span);
    }
    ring.isPlaying = true;
    ring.outputOffset = ring.read + RESAMPLER_DELAY - deviceFrame;
    this.#resampler.read(ring, output, span);
    this.#concealer.heard(output, span);
  }

  /** What comes is of another time: the sound fades out, and what follows waits for no hole. */
  #leave(): void {
    if (this.#isPlaying) this.#concealer.skip();
    this.#isPlaying = false;
    this.#hasPlayed = false;
  }

  #needs(frames: number): number {
    return this.#resampler.needs(frames, this.#ring.ratio);
  }

  #wait(output: readonly Float32Array[], span: Span): void {
    this.#ring.isPlaying = false;
    if (this.#hasPlayed && this.#ring.isLive) this.#ring.addMissed(span.to - span.from);
    this.#concealer.conceal(output, span);
  }

  /** A device takes several blocks at once: that many frames must be there at once. */
  #noteBurst(frames: number, nowMs: number): void {
    this.#burstFrames = nowMs - this.#lastCallMs < BURST_GAP_MS
      ? this.#burstFrames + frames
      : frames;
    this.#lastCallMs = nowMs;
    this.#burstMax = Math.max(this.#burstMax, this.#burstFrames);
    this.#burstAge += frames;
    if (this.#burstAge >= BURST_MEMORY_FRAMES) {
      this.#burstAge = 0;
      this.#burstMaxBefore = this.#burstMax;
      this.#burstMax = 0;
    }
    this.#ring.burstFrames = Math.max(this.#burstMax, this.#burstMaxBefore) + TAPS;
  }
}
