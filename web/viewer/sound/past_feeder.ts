/**
 * PastFeeder: decoded sound of the past to a ring. When each sample is to be heard is known before it
 * comes, so nothing is learned of arrivals: it begins with as much silence as there is time, then
 * steers a little faster or slower, and leaves out or fills in what would take too long. A step: it
 * owns no clock, and its buffers are made once.
 */

import { Concealer } from "./concealer.ts";
import type { RingWriter } from "./play_control.ts";
import { RATIO_SPAN, RESAMPLER_DELAY } from "./resampler.ts";

/** Frames that are filled in at once. */
const FILL_FRAMES = 480;
/** An error is steered away in about this time. */
const STEER_US = 2_000_000;
/** What the delay is averaged over: the device's bursts come and go within it. */
const SMOOTH_US = 300_000;
/** A larger error than this is not steered away but cut or filled. */
const JUMP_US = 25_000;
/** The least that must wait before a device begins. */
const RESUME_US = 20_000;

/** When a piece is due, and when it is there. Microseconds of one clock. */
export interface DueTimes {
  readonly dueUs: number;
  /** From being due to the device's taking it, as it should be. */
  readonly targetUs: number;
  readonly nowUs: number;
}

/** Writes one run of sound to one ring. */
export class PastFeeder {
  readonly ring: RingWriter;
  readonly #concealer: Concealer;
  readonly #fill: readonly Float32Array[];
  readonly #frameRate: number;
  #delayUs: number | undefined;
  #isCutting = false;
  /** What waits was placed, and the device has not begun with it. */
  #isWaiting = false;
  #jumps = 0;

  constructor(ring: RingWriter, frameRate: number) {
    this.ring = ring;
    this.#frameRate = frameRate;
    this.#concealer = new Concealer(ring.channels);
    this.#fill = Array.from({ length: ring.channels }, () => new Float32Array(FILL_FRAMES));
  }

  /** From being due to the device's taking it, averaged; undefined while nothing plays. */
  get delayUs(): number | undefined {
    return this.#delayUs;
  }

  /** Times that sound was cut or filled in to be in time again. */
  get jumps(): number {
    return this.#jumps;
  }

  /** Takes `frames` decoded frames; they may be changed where they are blended in. */
  frame(channels: readonly Float32Array[], frames: number, times: DueTimes): void {
    const { ring } = this;
    this.#isWaiting &&= !ring.isPlaying;
    // This follows what was placed.
    if (!this.#isWaiting && !this.#place(frames, times)) return this.#concealer.skip();
    this.#concealer.heard(channels, { from: 0, to: frames });
    ring.write(channels, 0, frames);
  }

  /** Fills in what there is too little before a frame; false when it is to be left out. */
  #place(frames: number, { dueUs, targetUs, nowUs }: DueTimes): boolean {
    const { ring } = this;
    const delayUs = nowUs - dueUs + this.#usOf(ring.fill - RESAMPLER_DELAY);
    if (!ring.isPlaying || this.#isCutting) {
      const errorUs = delayUs - targetUs;
      this.#delayUs = undefined;
      ring.ratio = 1;
      this.#isCutting = errorUs > this.#usOf(frames) / 2;
      if (this.#isCutting) return false;
      this.#isWaiting = !ring.isPlaying;
      ring.resumeFrames = Math.max(ring.burstFrames, this.#framesOf(RESUME_US));
      this.#fillIn(this.#framesOf(-errorUs));
      return true;
    }
    const before = this.#delayUs ?? delayUs;
    const share = Math.min(1, this.#usOf(frames) / SMOOTH_US);
    this.#delayUs = before + (delayUs - before) * share;
    const errorUs = this.#delayUs - targetUs;
    ring.ratio = 1 + Math.max(-RATIO_SPAN, Math.min(RATIO_SPAN, errorUs / STEER_US));
    if (Math.abs(errorUs) < JUMP_US) return true;
    this.#jumps++;
    this.#delayUs = undefined;
    this.#isCutting = errorUs > 0;
    if (!this.#isCutting) this.#fillIn(this.#framesOf(-errorUs));
    return !this.#isCutting;
  }

  #fillIn(frames: number): void {
    for (let left = frames; left > 0; left -= FILL_FRAMES) {
      const count = Math.min(left, FILL_FRAMES);
      this.#concealer.conceal(this.#fill, { from: 0, to: count });
      this.ring.write(this.#fill, 0, count);
    }
  }

  #usOf(frames: number): number {
    return frames * 1e6 / this.#frameRate;
  }

  #framesOf(us: number): number {
    return Math.max(0, Math.round(us * this.#frameRate / 1e6));
  }
}
