/**
 * PlayClock: which capture time has come while something plays: a time that moves with a rate from an
 * anchor on, and the loop that it stays in. Pure arithmetic on two clocks.
 */

import type { TimeRange } from "./playback_messages.ts";

/** Times of playing, in microseconds. */
export class PlayClock {
  #rate = 1;
  #anchorUs = 0;
  #anchoredAtUs = 0;
  #loop: TimeRange | undefined;

  /** Capture time per time; negative goes back. */
  get rate(): number {
    return this.#rate;
  }

  /** Where it goes on from its start, when it comes to its end. */
  get loop(): TimeRange | undefined {
    return this.#loop;
  }

  set loop(range: TimeRange | undefined) {
    this.#loop = range !== undefined && range.toUs > range.fromUs ? range : undefined;
  }

  /** Goes on from `timeUs` at `nowUs`. */
  anchor(timeUs: number, nowUs: number, rate = this.#rate): void {
    this.#anchorUs = timeUs;
    this.#anchoredAtUs = nowUs;
    this.#rate = rate;
  }

  /** The capture time that has come. */
  positionUs(nowUs: number): number {
    return Math.round(this.#anchorUs + (nowUs - this.#anchoredAtUs) * this.#rate);
  }

  /** Where to go on instead, when the loop has come to its end; undefined when it has not. */
  loopStartUs(positionUs: number): number | undefined {
    const loop = this.#loop;
    if (loop === undefined) return undefined;
    if (this.#rate > 0) return positionUs >= loop.toUs ? loop.fromUs : undefined;
    return positionUs <= loop.fromUs ? loop.toUs : undefined;
  }
}
