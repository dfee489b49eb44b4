/**
 * ArrivalSpread: how much later than the earliest frames the others are ready, and so how long sound
 * must wait to play without a hole. It rises at once and falls slowly. A step: memory of fixed size.
 */

/** Frames whose lateness is kept: 5 to 10 s. */
const SAMPLES_KEPT = 1_000;
/** The share of them that a usual delay covers. */
const USUAL_SHARE = 0.95;
/** So long the latest frame of a second counts, in seconds. */
const PEAKS_KEPT = 60;
const PEAK_US = 1_000_000;
/** The usual delay is worked out so often. */
const SORT_EVERY = 50;
/** Beyond the latest frame of a minute, in parts of it: the next one may be later still. */
const PEAK_SHARE = 0.15;
const MARGIN_US = 1_000;
/** Before anything is known. */
const FIRST_SPREAD_US = 30_000;
/** So many frames tell little of how late one can be. */
const FIRST_SAMPLES = 400;
/** So many tell a usual lateness from that of one moment. */
const SURE_SAMPLES = 2_000;
/** So long a page that begins stands still at times, in seconds; what loads does so once. */
const START_SECONDS = 5;
/** What was late then is forgotten so many seconds after the first frame. */
const START_KEPT_SECONDS = 10;
/** What is later than this is not waited for. */
export const SPREAD_US_MAX = 200_000;
/** It falls by this in a second. */
const FALL_US_PER_SECOND = 3_000;

/** Learns how late frames are. */
export class ArrivalSpread {
  readonly #frameUs: number;
  readonly #samples = new Float64Array(SAMPLES_KEPT);
  readonly #sorted = new Float64Array(SAMPLES_KEPT);
  readonly #peaks = new Float64Array(PEAKS_KEPT).fill(-Infinity);
  #count = 0;
  #peakSecond = 0;
  #firstSecond: number | undefined;
  #usualUs = 0;
  #baseUs = Infinity;
  #spreadUs = FIRST_SPREAD_US;
  #lastUs: number | undefined;

  /** For frames of `frameUs`. */
  constructor(frameUs: number) {
    this.#frameUs = frameUs;
  }

  /** The least lateness of the last seconds: what no waiting can change. */
  get baseUs(): number {
    return this.#count === 0 ? 0 : this.#baseUs;
  }

  /** How long after that a frame should be played, so that nearly all of them are there. */
  get spreadUs(): number {
    return this.#spreadUs;
  }

  /** The lateness that 95 % of frames keep, above the least. */
  get usualUs(): number {
    return Math.max(0, this.#usualUs - this.baseUs);
  }

  /** A frame is ready to be played, `latenessUs` after it was captured, in any pair of clocks. */
  push(latenessUs: number, nowUs: number): void {
    this.#samples[this.#count % SAMPLES_KEPT] = latenessUs;
    this.#count++;
    this.#baseUs = Math.min(this.#baseUs, latenessUs);
    if (this.#count % SORT_EVERY === 0) this.#sort();
    const second = Math.floor(nowUs / PEAK_US);
    this.#firstSecond ??= second;
    if (second !== this.#peakSecond) this.#turnTo(second);
    const at = second % PEAKS_KEPT;
    if (latenessUs - this.#baseUs <= SPREAD_US_MAX) {
      this.#peaks[at] = Math.max(this.#peaks[at]!, latenessUs);
    }
    this.#follow(nowUs);
  }

  /** Playing ran dry: waits longer by `byUs` from now on. */
  raise(byUs: number): void {
    this.#spreadUs = Math.min(SPREAD_US_MAX, this.#spreadUs + byUs);
  }

  #follow(nowUs: number): void {
    const latestUs = Math.max(0, this.#latestUs() - this.#baseUs);
    const share = Math.max(PEAK_SHARE, 1 - this.#count / FIRST_SAMPLES);
    const wantedUs = Math.min(
      SPREAD_US_MAX,
      Math.max(this.usualUs + this.#frameUs, latestUs * (1 + share)) + MARGIN_US,
    );
    const passedUs = nowUs - (this.#lastUs ?? nowUs);
    this.#lastUs = nowUs;
    const fallUs = passedUs / 1e6 * FALL_US_PER_SECOND;
    this.#spreadUs = Math.max(wantedUs, this.#spreadUs - fallUs);
  }

  /** The latest frame of a minute, but for what happened in one moment of it alone. */
  #latestUs(): number {
    let latest = 0;
    for (let at = 1; at < PEAKS_KEPT; at++) {
      if (this.#peaks[at]! > this.#peaks[latest]!) latest = at;
    }
    let nextUs = -Infinity;
    for (let at = 0; at < PEAKS_KEPT; at++) {
      const apart = Math.abs(at - latest);
      // A moment may be the end of one second and the beginning of the next.
      if (apart > 1 && apart < PEAKS_KEPT - 1) nextUs = Math.max(nextUs, this.#peaks[at]!);
    }
    // At first one moment is all that there is to go by.
    return this.#count < SURE_SAMPLES ? this.#peaks[latest]! : nextUs;
  }

  #sort(): void {
    const count = Math.min(this.#count, SAMPLES_KEPT);
    const sorted = this.#sorted.subarray(0, count);
    sorted.set(this.#samples.subarray(0, count));
    sorted.sort();
    this.#baseUs = sorted[0]!;
    this.#usualUs = sorted[Math.floor((count - 1) * USUAL_SHARE)]!;
  }

  /** Begins the peak of another second; those of seconds without frames are empty. */
  #turnTo(second: number): void {
    const from = Math.max(this.#peakSecond + 1, second - PEAKS_KEPT + 1);
    for (let empty = from; empty <= second; empty++) this.#peaks[empty % PEAKS_KEPT] = -Infinity;
    this.#forgetStart(second);
    this.#peakSecond = second;
  }

  /** Empties the peaks of the first seconds once, in the second that is due. */
  #forgetStart(second: number): void {
    const first = this.#firstSecond!;
    const dueSecond = first + START_KEPT_SECONDS;
    if (this.#peakSecond >= dueSecond || second < dueSecond) return;
    if (second >= first + PEAKS_KEPT) return;
    for (let at = first; at < first + START_SECONDS; at++) {
      this.#peaks[at % PEAKS_KEPT] = -Infinity;
    }
  }
}
