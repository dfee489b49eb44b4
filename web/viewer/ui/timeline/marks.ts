/**
 * Marks: where a range of interest begins and ends, and whether it is played over and over. A mark on
 * the wrong side of the other one begins a new range. Plain data.
 */

import type { TimeRange } from "../../playback/playback_messages.ts";

/** Without marks a clip is of this length, up to where the timeline stands. */
const CLIP_US = 30_000_000;

/** In and out, on the timeline's axis. */
export class Marks {
  #inUs: number | undefined;
  #outUs: number | undefined;
  #isLooping = false;

  get inUs(): number | undefined {
    return this.#inUs;
  }

  get outUs(): number | undefined {
    return this.#outUs;
  }

  /** Between both; undefined while one is missing. */
  get range(): TimeRange | undefined {
    if (this.#inUs === undefined || this.#outUs === undefined) return undefined;
    return { fromUs: this.#inUs, toUs: this.#outUs };
  }

  /** What is played over and over. */
  get loop(): TimeRange | undefined {
    return this.#isLooping ? this.range : undefined;
  }

  /** Turns the loop on or off; no effect without both marks. */
  toggleLoop(): void {
    this.#isLooping = !this.#isLooping && this.range !== undefined;
  }

  /** Sets one of them. */
  set(which: "in" | "out", atUs: number): void {
    if (which === "in") this.#inUs = atUs;
    else this.#outUs = atUs;
    const { range } = this;
    if (range !== undefined && range.fromUs >= range.toUs) {
      if (which === "in") this.#outUs = undefined;
      else this.#inUs = undefined;
    }
    this.#isLooping = this.#isLooping && this.range !== undefined;
  }

  /** Takes both away. */
  clear(): void {
    this.#inUs = undefined;
    this.#outUs = undefined;
    this.#isLooping = false;
  }

  /** What a clip has: between the marks, else the last of what is held up to `positionUs`. */
  clipRange(positionUs: number, oldestUs: number | undefined): TimeRange | undefined {
    if (this.range !== undefined) return this.range;
    const toUs = this.#outUs ?? positionUs;
    const earliestUs = oldestUs === undefined ? undefined : Math.max(oldestUs, toUs - CLIP_US);
    const fromUs = this.#inUs ?? earliestUs;
    return fromUs === undefined || fromUs >= toUs ? undefined : { fromUs, toUs };
  }
}
