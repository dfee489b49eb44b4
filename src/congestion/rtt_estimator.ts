/**
 * RttEstimator: newest, smoothed, varying and shortest round trip of one viewer, after RFC 9002,
 * section 5; part of send. The shortest is that of the last 10 s, so that a changed route is believed
 * after that time.
 */

import { WindowedMinimum } from "./windowed_minimum.ts";

/** How long a shortest round trip counts. */
export const RTT_WINDOW_US = 10_000_000;
/** Taken for the round trip before the first sample: RFC 9002's 333 ms would make probes too slow. */
export const INITIAL_RTT_US = 100_000;
const SMOOTHING = 1 / 8;
const VARIANCE_SMOOTHING = 1 / 4;

/** The round trips of one viewer. */
export class RttEstimator {
  readonly #minimum = new WindowedMinimum(RTT_WINDOW_US);
  #latestUs = INITIAL_RTT_US;
  #smoothedUs = INITIAL_RTT_US;
  #varianceUs = INITIAL_RTT_US / 2;
  #minUs = INITIAL_RTT_US;
  #samples = 0;
  #totalUs = 0;

  /** Round trips seen. */
  get samples(): number {
    return this.#samples;
  }

  /** Sum of them, microseconds. */
  get totalUs(): number {
    return this.#totalUs;
  }

  /** The newest round trip, microseconds. */
  get latestUs(): number {
    return this.#latestUs;
  }

  /** Moving average of an eighth each. */
  get smoothedUs(): number {
    return this.#smoothedUs;
  }

  /** Moving average of the distance from the average. */
  get varianceUs(): number {
    return this.#varianceUs;
  }

  /** Shortest of the last 10 s. */
  get minUs(): number {
    return this.#minUs;
  }

  /** Takes one round trip > 0, without the time that the viewer held it. */
  observe(rttUs: number, nowUs: number): void {
    this.#minimum.push(rttUs, nowUs);
    this.#minUs = Math.round(this.#minimum.value ?? rttUs);
    this.#latestUs = Math.round(rttUs);
    this.#totalUs += this.#latestUs;
    if (this.#samples++ === 0) {
      this.#smoothedUs = this.#latestUs;
      this.#varianceUs = Math.round(rttUs / 2);
      return;
    }
    const distanceUs = Math.abs(this.#smoothedUs - rttUs);
    this.#varianceUs += Math.round((distanceUs - this.#varianceUs) * VARIANCE_SMOOTHING);
    this.#smoothedUs += Math.round((rttUs - this.#smoothedUs) * SMOOTHING);
  }
}
