/**
 * DeltaController: the controller "delta", which follows the queue delay alone: smoothed round trip
 * minus the shortest of 10 s, against a limit of 15 ms. Part of send; kept for comparison with "trend".
 * Its limit: a queue that others keep full for 10 s counts as the path itself.
 */

import {
  type CongestionController,
  type ControllerLimits,
  limitedRate,
  type PathReport,
} from "./congestion_controller.ts";

/** Queue delay that counts as congestion. */
export const DELTA_LIMIT_US = 15_000;
const CUT = 0.85;
/** Growth by one report without any queue. */
const STEP_BPS = 50_000;
/** Frames are thinned after this time of congestion, and thickened after this time without. */
const THIN_AFTER_US = 1_000_000;
const THICKEN_AFTER_US = 12_000_000;
const FRAME_RATE_SHARES = [1, 0.75, 0.5] as const;
/** Of what arrived: the target does not run away from a source that has little to send. */
const GROWTH_CAP = 1.5;

/** Target from queue delay. */
export class DeltaController implements CongestionController {
  readonly name = "delta";
  readonly #limits: ControllerLimits;
  #targetBps: number;
  #queueDelayUs = 0;
  #isCongested = false;
  #cuts = 0;
  #cutUs = -Infinity;
  #thinning = 0;
  /** Since when it has been congested or calm without a break, or was thinned last. */
  #sinceUs = 0;

  constructor(limits: ControllerLimits) {
    this.#limits = limits;
    this.#targetBps = limitedRate(limits.startBps, limits);
  }

  get targetBps(): number {
    return this.#targetBps;
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  get queueDelayUs(): number {
    return this.#queueDelayUs;
  }

  get frameRateShare(): number {
    return FRAME_RATE_SHARES[this.#thinning]!;
  }

  get cuts(): number {
    return this.#cuts;
  }

  observe(report: PathReport): void {
    const { nowUs, rttUsSmoothed, rttUsMin } = report;
    this.#queueDelayUs = Math.max(0, rttUsSmoothed - rttUsMin);
    const isCongested = this.#queueDelayUs > DELTA_LIMIT_US;
    if (isCongested !== this.#isCongested) this.#sinceUs = nowUs;
    this.#isCongested = isCongested;
    if (isCongested) this.#cut(report);
    else this.#grow(report);
    this.#stepFrameRate(nowUs);
  }

  onSilence(nowUs: number): void {
    this.#targetBps = limitedRate(this.#targetBps / 2, this.#limits);
    this.#cutUs = nowUs;
    this.#cuts++;
  }

  #cut({ nowUs, rttUsSmoothed }: PathReport): void {
    if (nowUs - this.#cutUs < rttUsSmoothed) return;
    this.#targetBps = limitedRate(this.#targetBps * CUT, this.#limits);
    this.#cutUs = nowUs;
    this.#cuts++;
  }

  #grow({ ackedBps, isApplicationLimited }: PathReport): void {
    if (isApplicationLimited) return;
    const step = STEP_BPS * (1 - this.#queueDelayUs / DELTA_LIMIT_US);
    const cap = Math.max(this.#targetBps, ackedBps * GROWTH_CAP);
    this.#targetBps = limitedRate(Math.min(this.#targetBps + step, cap), this.#limits);
  }

  #stepFrameRate(nowUs: number): void {
    const elapsedUs = nowUs - this.#sinceUs;
    const step = this.#isCongested ? 1 : -1;
    if (elapsedUs < (this.#isCongested ? THIN_AFTER_US : THICKEN_AFTER_US)) return;
    const last = FRAME_RATE_SHARES.length - 1;
    this.#thinning = Math.min(last, Math.max(0, this.#thinning + step));
    this.#sinceUs = nowUs;
  }
}
