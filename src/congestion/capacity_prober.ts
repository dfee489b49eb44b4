/**
 * CapacityProber: finds out what a path carries while the source has too little to send to show it: for
 * 150 ms it asks for more than the target and looks at what arrives. Part of send. A probe that meets a
 * queue ends at once and is repeated ever more rarely.
 */

import type { PathReport } from "./congestion_controller.ts";

const PROBE_US = 150_000;
/** What is tried, in targets: and for a time after a probe that failed. */
const BOLD = 1.6;
const CAREFUL = 1.25;
const CAREFUL_US = 30_000_000;
/** Time between probes: after a success; after a failure at first, and at most. */
const NEXT_US = 300_000;
const RETRY_US = 2_000_000;
const RETRY_US_MAX = 5_000_000;
/** A source that uses less of the target than this can wait longer for news. */
const IDLE_SHARE = 0.3;
const IDLE_RETRY_US_MAX = 60_000_000;
/** A probe succeeds when it shows this much more than the target. */
const NEWS_FACTOR = 1.1;
/** Part of what arrived that is believed. */
const BELIEVED_SHARE = 0.95;
/** The source must have used too little for this long: growth that it only follows late looks alike. */
const LIMITED_US = 1_000_000;
/** What a probe has put into the path's queue is gone after this time and a round trip. */
const AFTERMATH_US = 300_000;
/** Reports may come this much later than the round trip. */
const REPORT_US = 30_000;

/** What a prober must know beyond the report. */
export interface ProbeState {
  readonly targetBps: number;
  readonly maxBps: number;
  /** No queue and no loss to speak of. */
  readonly isCalm: boolean;
}

/** Probes one path. */
export class CapacityProber {
  #wantedBps: number | undefined;
  #startUs: number | undefined;
  #triedBps = 0;
  #targetBps = 0;
  #bytes = 0;
  #bytesSinceUs = 0;
  #limitedSinceUs: number | undefined;
  #nextUs = 0;
  #failures = 0;
  #failedUs = -Infinity;
  #isIdle = false;
  #blamedUntilUs = -Infinity;

  /** The rate that is to be sent now, or undefined. */
  get wantedBps(): number | undefined {
    return this.#wantedBps;
  }

  /** A queue until then is that of a probe that is over: it shows nothing about the rate without it. */
  get blamedUntilUs(): number {
    return this.#blamedUntilUs;
  }

  /** Takes one report; returns the rate that a probe has shown to be carried, or undefined. */
  push(report: PathReport, state: ProbeState): number | undefined {
    const { nowUs, rttUsSmoothed } = report;
    if (this.#startUs === undefined) {
      this.#limitedSinceUs = report.isApplicationLimited
        ? this.#limitedSinceUs ?? nowUs
        : undefined;
      this.#start(report, state);
      return undefined;
    }
    const seenFromUs = this.#startUs + rttUsSmoothed + REPORT_US;
    const endUs = this.#startUs + PROBE_US;
    if (nowUs >= endUs) this.#wantedBps = undefined;
    if (nowUs < seenFromUs) return undefined;
    if (!state.isCalm) {
      this.fail(report);
      return undefined;
    }
    if (this.#bytesSinceUs === 0) {
      this.#bytesSinceUs = nowUs;
      return undefined;
    }
    this.#bytes += report.ackedBytes;
    // Frames come in steps: the end of the probe must not be diluted by what came after it.
    return nowUs < endUs + rttUsSmoothed - REPORT_US ? undefined : this.#judge(report);
  }

  /** Ends the probe that runs because the path does not carry it; false when none runs. */
  fail(report: PathReport): boolean {
    if (this.#startUs === undefined) return false;
    this.#retreat(report);
    return true;
  }

  /** No probe soon: the path has trouble. */
  postpone(nowUs: number): void {
    this.#wantedBps = undefined;
    this.#startUs = undefined;
    this.#nextUs = Math.max(this.#nextUs, nowUs + RETRY_US);
  }

  /** The next probe comes later than the last. */
  #retreat(report: PathReport): void {
    this.#end(report);
    this.#failures = Math.min(10, this.#failures + 1);
    this.#failedUs = report.nowUs;
    const retryUs = RETRY_US * 2 ** (this.#failures - 1);
    this.#nextUs = report.nowUs +
      Math.min(this.#isIdle ? IDLE_RETRY_US_MAX : RETRY_US_MAX, retryUs);
  }

  #start(report: PathReport, { targetBps, maxBps, isCalm }: ProbeState): void {
    const { nowUs } = report;
    if (this.#limitedSinceUs === undefined || nowUs - this.#limitedSinceUs < LIMITED_US) return;
    if (!isCalm || nowUs < this.#nextUs || targetBps >= maxBps) return;
    const factor = nowUs - this.#failedUs < CAREFUL_US ? CAREFUL : BOLD;
    this.#isIdle = report.ackedBps < targetBps * IDLE_SHARE;
    this.#targetBps = targetBps;
    this.#triedBps = Math.min(targetBps * factor, maxBps / BELIEVED_SHARE);
    this.#wantedBps = this.#triedBps;
    this.#startUs = nowUs;
    this.#bytes = 0;
    this.#bytesSinceUs = 0;
  }

  #judge(report: PathReport): number | undefined {
    const elapsedUs = report.nowUs - this.#bytesSinceUs;
    const arrivedBps = elapsedUs > 0 ? this.#bytes * 8e6 / elapsedUs : 0;
    const shownBps = Math.min(arrivedBps, this.#triedBps) * BELIEVED_SHARE;
    // Nothing new: this is what the path carries, or what whoever sends could add.
    if (shownBps < this.#targetBps * NEWS_FACTOR) {
      this.#retreat(report);
      return undefined;
    }
    this.#end(report);
    this.#failures = 0;
    this.#nextUs = report.nowUs + NEXT_US;
    return shownBps;
  }

  #end(report: PathReport): void {
    this.#blamedUntilUs = report.nowUs + report.rttUsMin + AFTERMATH_US;
    this.#wantedBps = undefined;
    this.#startUs = undefined;
  }
}
