/**
 * PlayControl: decides when decoded sound is played: how long after its capture, by what is known of
 * arrivals, of the device and of the picture; and steers there, a little faster or slower, or by
 * leaving out and filling in where that would take too long. A step: it owns no clock.
 */

import { ArrivalSpread } from "./arrival_spread.ts";
import { RATIO_SPAN, RESAMPLER_DELAY } from "./resampler.ts";
import type { SampleRing } from "./sample_ring.ts";

/** An error is steered away in about this time. */
const STEER_US = 3_000_000;
/** What the delay is averaged over: the device's bursts come and go within it. */
const SMOOTH_US = 400_000;
/** What the drift of the clocks is worked out over. */
const DRIFT_US = 10_000_000;
/** A larger error than this is not steered away but cut or filled. */
const JUMP_US = 60_000;
/** Sound waits for the picture up to this long. */
export const SYNC_WAIT_US_MAX = 250_000;
/** After an underrun that no late frame explains. */
const UNDERRUN_RAISE_US = 5_000;

/** The producer's end of a ring, wherever the ring is. */
export type RingWriter = Pick<
  SampleRing,
  | "channels"
  | "write"
  | "discard"
  | "fill"
  | "ratio"
  | "resumeFrames"
  | "isLive"
  | "isPlaying"
  | "burstFrames"
  | "underruns"
  | "missedFrames"
>;

/** Times of a decoded frame. */
export interface FrameTimes {
  readonly captureUs: number;
  /** How long it waited in vain for a frame before it. */
  readonly heldUs: number;
  readonly nowUs: number;
}

/** What is to be done with a decoded frame. */
export interface Placement {
  /** Frames of the ring to fill in before it. */
  readonly fillIn: number;
  readonly isLeftOut: boolean;
}

/** Counters of a control. */
export interface PlayControlStats {
  /** Times that frames were left out because sound was behind. */
  cuts: number;
  /** Times that sound was held back at once. */
  heldBack: number;
}

/** What steering and what waits in the ring together say of the clocks. */
class ClockDrift {
  /** How much faster the host's clock runs than the device's. */
  share = 0;
  #fillUs: number | undefined;
  #passedUs = 0;
  #steeredUs = 0;
  #firstUs: number | undefined;

  /** Averages what waits. */
  smooth(fillUs: number, share: number): number {
    this.#fillUs = this.#fillUs === undefined
      ? fillUs
      : this.#fillUs + (fillUs - this.#fillUs) * share;
    return this.#fillUs;
  }

  /** For `frameUs` the ring was read faster by `offset`, and `fillUs` wait in it. */
  push(offset: number, fillUs: number, frameUs: number): void {
    this.#passedUs += frameUs;
    // Before that the average is that of a few frames.
    if (this.#passedUs < SMOOTH_US * 3) return;
    this.#firstUs ??= fillUs;
    this.#steeredUs += offset * frameUs;
    if (this.#passedUs < DRIFT_US) return;
    // What the ring filled up by is what was not steered away.
    const overUs = this.#passedUs - SMOOTH_US * 3;
    const measured = (this.#steeredUs + fillUs - this.#firstUs) / overUs;
    this.share = this.share === 0 ? measured : (this.share + measured) / 2;
    this.interrupt();
  }

  /** What waits jumped: begins anew. */
  interrupt(): void {
    this.#passedUs = 0;
    this.#steeredUs = 0;
    this.#firstUs = undefined;
    this.#fillUs = undefined;
  }
}

/** Steers one sound. */
export class PlayControl {
  readonly #frameUs: number;
  readonly #frameRate: number;
  readonly #ring: RingWriter;
  readonly #spread: ArrivalSpread;
  readonly #stats: PlayControlStats = { cuts: 0, heldBack: 0 };
  #delayUs: number | undefined;
  readonly #drift = new ClockDrift();
  #isCutting = false;
  #underruns: number;
  #wantedUs: number | undefined;

  /** For sound of `frameRate` in frames of `frameUs` that is written to `ring`. */
  constructor(
    ring: RingWriter,
    format: { readonly frameUs: number; readonly frameRate: number },
  ) {
    this.#ring = ring;
    this.#frameUs = format.frameUs;
    this.#frameRate = format.frameRate;
    this.#spread = new ArrivalSpread(format.frameUs);
    this.#underruns = ring.underruns;
  }

  get stats(): Readonly<PlayControlStats> {
    return this.#stats;
  }

  /** From capture to the device's taking it, averaged; undefined before the first frame. */
  get delayUs(): number | undefined {
    return this.#delayUs;
  }

  /** What that should be. */
  get targetUs(): number {
    const { baseUs, spreadUs } = this.#spread;
    const earliestUs = baseUs + spreadUs + this.#usOf(this.#ring.burstFrames);
    const wantedUs = this.#wantedUs ?? -Infinity;
    return Math.max(earliestUs, Math.min(wantedUs, earliestUs + SYNC_WAIT_US_MAX));
  }

  /** What waits, as a part of the delay, in microseconds. */
  get depthUs(): number {
    return this.#spread.spreadUs + this.#usOf(this.#ring.burstFrames);
  }

  /** The lateness that 95 % of frames keep. */
  get spreadUs(): number {
    return this.#spread.usualUs;
  }

  /** How much faster than the device's clock the host's runs, in parts of a million. */
  get driftPpm(): number {
    return this.#drift.share * 1e6;
  }

  /** So long before it runs dry a missing frame must be given up. */
  get urgentUs(): number {
    return this.#usOf(this.#ring.burstFrames);
  }

  /** The delay that would be heard when the picture is seen; undefined: there is no picture. */
  waitFor(delayUs: number | undefined): void {
    this.#wantedUs = delayUs;
  }

  /** A decoded frame is ready; it was held back for another one that never came. */
  place({ captureUs, nowUs, heldUs }: FrameTimes): Placement {
    this.#spread.push(nowUs - captureUs - heldUs, nowUs);
    this.#noteUnderruns();
    const delayUs = this.#delayOf(captureUs, nowUs);
    const errorUs = delayUs - this.targetUs;
    this.#ring.resumeFrames = this.#framesOf(this.targetUs - this.#spread.baseUs);
    if (errorUs > JUMP_US && !this.#isCutting) {
      this.#isCutting = true;
      this.#stats.cuts++;
    }
    // One cut as long as it takes, rather than a short one each time that it is too much again.
    this.#isCutting &&= errorUs > this.#frameUs;
    if (this.#isCutting) {
      this.#drift.interrupt();
      if (this.#delayUs !== undefined) this.#delayUs -= this.#frameUs;
      return { fillIn: 0, isLeftOut: true };
    }
    if (errorUs < -JUMP_US && this.#ring.isPlaying) {
      this.#stats.heldBack++;
      this.#drift.interrupt();
      if (this.#delayUs !== undefined) this.#delayUs -= errorUs;
      return { fillIn: this.#framesOf(-errorUs), isLeftOut: false };
    }
    this.#steer(delayUs);
    return { fillIn: 0, isLeftOut: false };
  }

  /** Frames to fill in where `durationUs` of sound are missing from `captureUs` on. */
  gap(captureUs: number, durationUs: number, nowUs: number): number {
    // Who waited through the gap already need not hear it.
    const spentUs = Math.max(0, this.#delayOf(captureUs, nowUs) - this.targetUs);
    return this.#framesOf(durationUs - spentUs);
  }

  #delayOf(captureUs: number, nowUs: number): number {
    return nowUs - captureUs + this.#usOf(this.#ring.fill - RESAMPLER_DELAY);
  }

  #steer(delayUs: number): void {
    if (!this.#ring.isPlaying) {
      this.#delayUs = undefined;
      this.#ring.ratio = 1;
      this.#drift.interrupt();
      return;
    }
    const before = this.#delayUs ?? delayUs;
    const share = Math.min(1, this.#frameUs / SMOOTH_US);
    this.#delayUs = before + (delayUs - before) * share;
    const fillUs = this.#drift.smooth(this.#usOf(this.#ring.fill), share);
    const error = (this.#delayUs - this.targetUs) / STEER_US;
    const offset = Math.max(-RATIO_SPAN, Math.min(RATIO_SPAN, error));
    this.#ring.ratio = 1 + offset;
    this.#drift.push(offset, fillUs, this.#frameUs);
  }

  #noteUnderruns(): void {
    const { underruns } = this.#ring;
    if (underruns === this.#underruns) return;
    this.#underruns = underruns;
    this.#spread.raise(UNDERRUN_RAISE_US);
  }

  #usOf(frames: number): number {
    return frames * 1e6 / this.#frameRate;
  }

  #framesOf(us: number): number {
    return Math.max(0, Math.round(us * this.#frameRate / 1e6));
  }
}
