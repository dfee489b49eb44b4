/**
 * WhipClock: when a picture or a frame of sound of a publisher was captured, on our clock. What took
 * the shortest way of the last seconds says how the clocks lie; sender reports say how picture and
 * sound lie to each other, so that lips fit. Times of one medium never go back. It holds a few numbers.
 */

import { WindowedMinimum } from "../../congestion/windowed_minimum.ts";
import { unwrap32 } from "../../core/sequence.ts";

/** Clocks of two machines drift apart by up to 100 us a second: what is older than this is not used. */
const WINDOW_US = 10_000_000;
/** A clock that jumped by more is not of the stream before. */
const MAX_STEP_US = 2_000_000;
const US = 1_000_000;
const NTP_FRACTION = 2 ** 32;

/** Times of one publisher; its media share the clock of its reports. */
export class WhipClock {
  readonly #offset = new WindowedMinimum(WINDOW_US);

  /** A medium whose RTP times count `rate` a second. */
  medium(rate: number): WhipMediumClock {
    return new WhipMediumClock(rate, this.#offset);
  }
}

/** Times of one medium. */
export class WhipMediumClock {
  readonly #rate: number;
  readonly #shared: WindowedMinimum;
  #own = new WindowedMinimum(WINDOW_US);
  #ticks: number | undefined;
  /** Time of the publisher's clock at RTP time 0, by its last report. */
  #reportedUs: number | undefined;
  #lastUs = 0;

  constructor(rate: number, shared: WindowedMinimum) {
    this.#rate = rate;
    this.#shared = shared;
  }

  /** A report of the sender: `ntpTime` in 1/2^32 s is what its clock said at `timestamp`. */
  report(timestamp: number, ntpTime: bigint): void {
    if (this.#ticks === undefined) return;
    const ntpUs = Number(ntpTime >> 32n) * US + Number(ntpTime & 0xffff_ffffn) * US / NTP_FRACTION;
    const reportedUs = ntpUs - this.#timeOf(unwrap32(this.#ticks, timestamp));
    const isOther = Math.abs(reportedUs - (this.#reportedUs ?? reportedUs)) > MAX_STEP_US;
    // Its clock was set: the offset to it that we knew is worth nothing.
    if (isOther) this.#shared.clear();
    this.#reportedUs = reportedUs;
  }

  /** When what has `timestamp` was captured; it arrived at `nowUs`. */
  captureUs(timestamp: number, nowUs: number): number {
    const ticks = this.#ticks === undefined ? timestamp : unwrap32(this.#ticks, timestamp);
    const jumpUs = Math.abs(this.#timeOf(ticks - (this.#ticks ?? ticks)));
    if (jumpUs > MAX_STEP_US) {
      this.#own.clear();
      this.#reportedUs = undefined;
    }
    this.#ticks = ticks;
    const timeUs = this.#timeOf(ticks);
    const captureUs = this.#reportedUs === undefined
      ? this.#by(this.#own, timeUs, nowUs)
      : this.#by(this.#shared, timeUs + this.#reportedUs, nowUs);
    // Nothing is captured after it arrived, and later than what came before it.
    this.#lastUs = Math.max(this.#lastUs + 1, Math.min(nowUs, Math.round(captureUs)));
    return this.#lastUs;
  }

  #by(offset: WindowedMinimum, timeUs: number, nowUs: number): number {
    offset.push(nowUs - timeUs, nowUs);
    return timeUs + (offset.value ?? nowUs - timeUs);
  }

  #timeOf(ticks: number): number {
    return ticks * US / this.#rate;
  }
}
