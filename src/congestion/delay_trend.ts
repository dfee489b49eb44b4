/**
 * DelayTrend: tells from send and arrival times whether a queue on the path grows: the trendline
 * filter and over-use detector of draft-ietf-rmcat-gcc-02 in the form that libwebrtc gave them. Part of
 * send. It sees change only: a queue that stands still looks normal (see `QueueDelay`).
 */

import type { PacketArrival } from "./congestion_controller.ts";

/** Arrivals that the line is laid through. */
export const TREND_WINDOW = 20;
/** Weight of the smoothed delay before, and what the slope is multiplied by. */
const SMOOTHING = 0.9;
const GAIN = 4;
/** A slope counts in full only after this many arrivals. */
const CONFIDENT_ARRIVALS = 60;
/** The threshold, milliseconds: at first, at least, at most, and how it follows the trend. */
const THRESHOLD_MS = 12.5;
const THRESHOLD_MS_MIN = 6;
const THRESHOLD_MS_MAX = 600;
const THRESHOLD_UP = 0.0087;
const THRESHOLD_DOWN = 0.039;
/** A trend this far above the threshold is an event of its own and does not move it. */
const OUTLIER_MS = 15;
const ADAPTION_MS_MAX = 100;
/** Over-use counts when it has lasted this long. */
const OVERUSE_MS_MIN = 10;
/** Arrivals sent within this time of one before say nothing new. */
const GROUP_US = 5_000;
/** A step of this size is another clock or another path. */
const BREAK_MS = 3_000;

/** What the path's queue does. */
export type TrendState = "normal" | "overuse" | "underuse";

/** The trend of one viewer's delay. */
export class DelayTrend {
  readonly #arrivalMs = new Float64Array(TREND_WINDOW);
  readonly #delayMs = new Float64Array(TREND_WINDOW);
  #count = 0;
  #last: PacketArrival | undefined;
  #firstArrivalUs = 0;
  #accumulatedMs = 0;
  #smoothedMs = 0;
  #slope = 0;
  #trendMs = 0;
  #thresholdMs = THRESHOLD_MS;
  #overuseMs = 0;
  #overuses = 0;
  #state: TrendState = "normal";

  /** What the queue does now. */
  get state(): TrendState {
    return this.#state;
  }

  /** The slope, weighted as it is compared with the threshold. */
  get trendMs(): number {
    return this.#trendMs;
  }

  /** The trend from which on it counts as over-use. */
  get thresholdMs(): number {
    return this.#thresholdMs;
  }

  /** Takes an arrival, in the order of sending. */
  push(arrival: PacketArrival): void {
    const last = this.#last;
    if (last === undefined) {
      this.#begin(arrival);
      return;
    }
    const sentMs = (arrival.sentUs - last.sentUs) / 1000;
    if (sentMs * 1000 < GROUP_US) return;
    const deltaMs = (arrival.arrivalUs - last.arrivalUs) / 1000 - sentMs;
    if (!(Math.abs(deltaMs) < BREAK_MS)) {
      this.#begin(arrival);
      return;
    }
    this.#last = arrival;
    this.#accumulatedMs += deltaMs;
    this.#smoothedMs = SMOOTHING * this.#smoothedMs + (1 - SMOOTHING) * this.#accumulatedMs;
    const slot = this.#count++ % TREND_WINDOW;
    this.#arrivalMs[slot] = (arrival.arrivalUs - this.#firstArrivalUs) / 1000;
    this.#delayMs[slot] = this.#smoothedMs;
    const slope = this.#count < TREND_WINDOW ? this.#slope : this.#fit();
    this.#detect(slope, sentMs);
    this.#slope = slope;
  }

  #begin(arrival: PacketArrival): void {
    this.#last = arrival;
    this.#firstArrivalUs = arrival.arrivalUs;
    this.#count = 0;
    this.#accumulatedMs = 0;
    this.#smoothedMs = 0;
    this.#slope = 0;
    this.#trendMs = 0;
    this.#overuseMs = 0;
    this.#overuses = 0;
    this.#state = "normal";
  }

  /** Slope of the line of least squares through the window. */
  #fit(): number {
    let meanX = 0;
    let meanY = 0;
    for (let at = 0; at < TREND_WINDOW; at++) {
      meanX += this.#arrivalMs[at]! / TREND_WINDOW;
      meanY += this.#delayMs[at]! / TREND_WINDOW;
    }
    let covariance = 0;
    let variance = 0;
    for (let at = 0; at < TREND_WINDOW; at++) {
      const x = this.#arrivalMs[at]! - meanX;
      covariance += x * (this.#delayMs[at]! - meanY);
      variance += x * x;
    }
    return variance > 0 ? covariance / variance : 0;
  }

  #detect(slope: number, sentMs: number): void {
    if (this.#count < 2) return;
    this.#trendMs = Math.min(this.#count, CONFIDENT_ARRIVALS) * slope * GAIN;
    if (this.#trendMs > this.#thresholdMs) {
      // The first over-use began somewhere since the arrival before.
      this.#overuseMs += this.#overuses === 0 ? sentMs / 2 : sentMs;
      this.#overuses++;
      if (this.#overuseMs > OVERUSE_MS_MIN && this.#overuses > 1 && slope >= this.#slope) {
        this.#overuseMs = 0;
        this.#overuses = 0;
        this.#state = "overuse";
      }
    } else {
      this.#overuseMs = 0;
      this.#overuses = 0;
      this.#state = this.#trendMs < -this.#thresholdMs ? "underuse" : "normal";
    }
    this.#adapt(sentMs);
  }

  #adapt(sentMs: number): void {
    const size = Math.abs(this.#trendMs);
    if (size > this.#thresholdMs + OUTLIER_MS) return;
    const gain = size < this.#thresholdMs ? THRESHOLD_DOWN : THRESHOLD_UP;
    const elapsedMs = Math.min(ADAPTION_MS_MAX, sentMs);
    const adapted = this.#thresholdMs + gain * (size - this.#thresholdMs) * elapsedMs;
    this.#thresholdMs = Math.min(THRESHOLD_MS_MAX, Math.max(THRESHOLD_MS_MIN, adapted));
  }
}
