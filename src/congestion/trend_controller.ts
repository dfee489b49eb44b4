/**
 * TrendController: the controller "trend".
 */

import {
  type CongestionController,
  type ControllerLimits,
  limitedRate,
  type PathReport,
} from "./congestion_controller.ts";

/** Target from delay trend and loss. */
export class TrendController implements CongestionController {
  readonly name = "trend";
  readonly frameRateShare = 1;
  readonly #limits: ControllerLimits;
  #targetBps: number;
  #queueDelayUs = 0;
  #isCongested = false;
  #cuts = 0;
  #wantedProbeBps: number | undefined;

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

  get wantedProbeBps(): number | undefined {
    return this.#wantedProbeBps;
  }

  get cuts(): number {
    return this.#cuts;
  }

  observe(report: PathReport): void {
    this.#queueDelayUs = Math.max(0, report.rttUsSmoothed - report.rttUsMin);
  }

  onSilence(_nowUs: number): void {
    this.#targetBps = limitedRate(this.#targetBps / 2, this.#limits);
    this.#cuts++;
  }
}
