/**
 * LossWatch: tells losses that a rate causes from those that come by chance: the former depend on the
 * rate. Part of send. Chance losses are the business of repairs and must not lower the rate; so losses
 * are counted by the rate at which they happened, and compared with those at lower and higher rates.
 */

/** Loss that counts as caused by the rate while nothing is known of lower rates. */
export const UNKNOWN_LOSS = 0.1;
/** Loss beyond that at lower rates which counts as caused by the rate, and which stops growth. */
const CAUSED_LOSS = 0.04;
const HOLD_LOSS = 0.02;
/** How often the loss at lower rates is expected at this one. */
const CHANCE_FACTOR = 1.3;
/** A lower rate did not help when this share of the loss is left. */
const UNMOVED_SHARE = 0.75;
/** How long it must be too much: an outage of some frames is over by then. */
const LASTING_US = 300_000;
/** What "now" and "lately" mean. */
const RECENT_US = 700_000;
const LATELY_US = 30_000_000;
/** Fewer packets than these are no statistics. */
const PACKETS_MIN = 100;
/** Rates are told apart by a tenth; 200 kbit/s to 190 Mbit/s. */
const BANDS = 72;
const BAND_BPS_MIN = 200_000;
const BAND_FACTOR = 1.1;

/** What loss says: nothing, do not grow, this rate is too high. */
export type LossVerdict = "fine" | "hold" | "caused";

/** Packets whose fate became known at a time, and the rate that arrived then. */
export interface ReportedFates {
  readonly nowUs: number;
  readonly packets: number;
  readonly lost: number;
  readonly ackedBps: number;
}

/** Watches the losses of one viewer. */
export class LossWatch {
  readonly #packets = new Float64Array(BANDS);
  readonly #lost = new Float64Array(BANDS);
  #recentPackets = 0;
  #recentLost = 0;
  #lastUs = 0;
  #causedSinceUs: number | undefined;

  /** Loss of about the last second, 0 to 1. */
  get recent(): number {
    return this.#recentPackets === 0 ? 0 : this.#recentLost / this.#recentPackets;
  }

  /** Takes the fates of one report. */
  push(fates: ReportedFates): LossVerdict {
    const { nowUs, packets, lost } = fates;
    const elapsedUs = Math.max(0, nowUs - this.#lastUs);
    this.#lastUs = nowUs;
    const keepRecent = Math.exp(-elapsedUs / RECENT_US);
    this.#recentPackets = this.#recentPackets * keepRecent + packets;
    this.#recentLost = this.#recentLost * keepRecent + lost;
    const keep = Math.exp(-elapsedUs / LATELY_US);
    for (let band = 0; band < BANDS; band++) {
      this.#packets[band]! *= keep;
      this.#lost[band]! *= keep;
    }
    const band = bandOf(fates.ackedBps / Math.max(0.1, 1 - this.recent));
    this.#packets[band]! += packets;
    this.#lost[band]! += lost;
    return this.#verdict(band, nowUs);
  }

  #verdict(band: number, nowUs: number): LossVerdict {
    if (this.#recentPackets < PACKETS_MIN) return "fine";
    const lower = this.#lossOf(0, band - 1);
    const higher = this.#lossOf(band + 2, BANDS);
    const isUnmoved = higher !== undefined && this.recent > higher * UNMOVED_SHARE;
    const expected = lower === undefined ? undefined : lower * CHANCE_FACTOR;
    const limit = expected === undefined ? UNKNOWN_LOSS : expected + CAUSED_LOSS;
    const isCaused = this.recent > limit && !isUnmoved;
    this.#causedSinceUs = isCaused ? this.#causedSinceUs ?? nowUs : undefined;
    if (this.#causedSinceUs !== undefined) {
      return nowUs - this.#causedSinceUs < LASTING_US ? "hold" : "caused";
    }
    if (expected === undefined || isUnmoved) return "fine";
    return this.recent > expected + HOLD_LOSS ? "hold" : "fine";
  }

  /** Loss at the rates of some bands; undefined when too little was sent at them lately. */
  #lossOf(from: number, to: number): number | undefined {
    let packets = 0;
    let lost = 0;
    for (let band = Math.max(0, from); band < Math.min(BANDS, to); band++) {
      packets += this.#packets[band]!;
      lost += this.#lost[band]!;
    }
    return packets < PACKETS_MIN ? undefined : lost / packets;
  }
}

function bandOf(bps: number): number {
  const band = Math.floor(Math.log(bps / BAND_BPS_MIN) / Math.log(BAND_FACTOR));
  return Number.isNaN(band) ? 0 : Math.min(BANDS - 1, Math.max(0, band));
}
