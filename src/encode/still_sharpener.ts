/**
 * StillSharpener: makes a still picture better than it was in motion, by a few frames of the same
 * picture with ever finer quantisers, each within a part of what the link takes at once. Encode step,
 * a part of RateControl; a pure state machine that says when, and with which quantiser.
 */

import { bytesAt, complexityOf, QP_PER_OCTAVE, qpFor } from "./picture_cost.ts";

/** Frames that sharpen one still picture, beside those that only make a coarse one bearable. */
export const REFRESHES_MAX = 3;
/** A still picture that gained fewer coarse bytes than this is sharp enough. */
const COARSE_BYTES_MIN = 512;
/** Series of refreshes start at most this often, so that a blinking cursor does not cause them. */
const REFRESH_PERIOD_US = 1_000_000;
/** Pause between two refreshes of a series. */
const REFRESH_STEP_US = 60_000;
/** A first refresh is taken to cost this part of a keyframe of the same quantiser. */
const REFRESH_PER_KEYFRAME = 0.25;
/** Where no more can be had, a picture that is worse than comfortable gets better by this much. */
const SMALL_STEP_QP = 2;

/** What a `StillSharpener` is made of. */
export interface StillSharpenerOptions {
  readonly qpMin: number;
  /** Good enough: what is coarser is made better even in small steps. */
  readonly qpComfort: number;
  /** A picture without damage for this long is still. */
  readonly stillUs: number;
}

/** What a refresh may cost. */
export interface RefreshBudget {
  /** Bytes that a refresh may take. */
  readonly bytes: number;
  /** Bytes that a refresh may take which a coarse picture cannot do without. */
  readonly bytesMax: number;
  /** Bytes at quantiser 0 of a keyframe of the picture. */
  readonly keyframeComplexity: number;
}

/** Sharpens the still pictures of one stream. */
export class StillSharpener {
  readonly #options: StillSharpenerOptions;
  #complexity: number | undefined;
  #lastChangeUs: number | undefined;
  #drainedUs = 0;
  #coarseBytes = 0;
  #refreshes = 0;
  /** Quantiser of what is on the screen. */
  #shownQp: number;
  #lastRefreshUs = -REFRESH_PERIOD_US;
  #lastSeriesUs = -REFRESH_PERIOD_US;

  constructor(options: StillSharpenerOptions) {
    this.#options = options;
    this.#shownQp = options.qpComfort;
  }

  /** The picture has changed, or begins anew: a series of refreshes ends. */
  noteChange(
    sample: { bytes: number; qp: number; captureTimeUs: number },
    drainedUs: number,
  ): void {
    this.#lastChangeUs = sample.captureTimeUs;
    this.#drainedUs = drainedUs;
    this.#refreshes = 0;
    this.#shownQp = sample.qp;
    if (sample.qp > this.#options.qpMin) this.#coarseBytes += sample.bytes;
  }

  /** A refresh was encoded. */
  noteRefresh(sample: { bytes: number; qp: number }, drainedUs: number): void {
    this.#complexity = complexityOf(sample.bytes, sample.qp);
    this.#drainedUs = drainedUs;
    if (sample.qp <= this.#options.qpMin) this.#coarseBytes = 0;
  }

  /** Pictures have another size: what was learned holds in proportion. */
  resize(ratio: number): void {
    if (this.#complexity !== undefined) this.#complexity *= ratio;
  }

  /** When `pull` may ask for a refresh, microseconds of the frames' clock; undefined for never. */
  get deadline(): number | undefined {
    if (this.#lastChangeUs === undefined || this.#coarseBytes < COARSE_BYTES_MIN) return undefined;
    if (this.#refreshes >= REFRESHES_MAX) return undefined;
    const stillAtUs = this.#lastChangeUs + this.#options.stillUs;
    const isInSeries = this.#lastRefreshUs > this.#lastChangeUs;
    const paceUs = isInSeries
      ? this.#lastRefreshUs + REFRESH_STEP_US
      : this.#lastSeriesUs + REFRESH_PERIOD_US;
    return Math.max(stillAtUs, paceUs, this.#drainedUs);
  }

  /** Gives the quantiser for one more frame of the still picture when it is time, else undefined. */
  pull(nowUs: number, budget: RefreshBudget): number | undefined {
    const { deadline } = this;
    if (deadline === undefined || nowUs < deadline) return undefined;
    const { qpMin, qpComfort } = this.#options;
    const before = this.#shownQp;
    const cost = this.#complexity ?? budget.keyframeComplexity * REFRESH_PER_KEYFRAME;
    if (this.#lastRefreshUs <= (this.#lastChangeUs ?? 0)) this.#lastSeriesUs = nowUs;
    this.#lastRefreshUs = nowUs;
    let qp = Math.max(this.#wantedQp(before), Math.ceil(qpFor(cost, budget.bytes)));
    if (qp < before) {
      this.#refreshes++;
    } else if (before > qpComfort) {
      qp = before - SMALL_STEP_QP;
      if (bytesAt(cost, qp) > budget.bytesMax) return this.#rest();
    } else if (before > qpMin) {
      return this.#rest();
    }
    this.#shownQp = qp;
    if (qp <= qpMin) this.#refreshes = REFRESHES_MAX;
    return qp;
  }

  #wantedQp(before: number): number {
    const { qpMin } = this.#options;
    const isLast = this.#refreshes === REFRESHES_MAX - 1 || before - qpMin <= QP_PER_OCTAVE;
    return isLast ? qpMin : Math.floor((before + qpMin) / 2);
  }

  /** The link takes no more: until the picture changes. */
  #rest(): undefined {
    this.#refreshes = REFRESHES_MAX;
    return undefined;
  }
}
