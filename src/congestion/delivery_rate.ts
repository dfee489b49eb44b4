/**
 * DeliveryRate: what the path carries while a queue keeps it busy, which is what a cut must go by; part
 * of send. A rate over a fixed time would still contain the time before the path became slower, or
 * time in which there was nothing to send.
 */

import type { PathReport } from "./congestion_controller.ts";

/** Packets that wait longer have others before them. */
const BUSY_QUEUE_US = 5_000;
/** A busy time counts from this length on; longer ones forget their beginning. */
const BUSY_US_MIN = 40_000;
const BUSY_US_MAX = 200_000;

/** A gap between arrivals in which the path may have been idle. */
const GAP_US_MAX = 100_000;

/** The delivery rate of one viewer's path. */
export class DeliveryRate {
  #bytes = 0;
  #busyUs = 0;
  #pendingBytes = 0;
  #lastArrivalUs: number | undefined;
  #wasBusy = false;

  /** Takes one report, and what its newest arrival waited. Times are those of the viewer's clock. */
  push(report: PathReport, queueUs: number): void {
    this.#pendingBytes += report.ackedBytes;
    const arrivalUs = report.arrivals.at(-1)?.arrivalUs;
    if (arrivalUs === undefined) return;
    const isBusy = queueUs > BUSY_QUEUE_US;
    const gapUs = arrivalUs - (this.#lastArrivalUs ?? -Infinity);
    if (isBusy && this.#wasBusy && gapUs >= 0 && gapUs < GAP_US_MAX) {
      this.#bytes += this.#pendingBytes;
      this.#busyUs += gapUs;
    } else {
      this.#bytes = 0;
      this.#busyUs = 0;
    }
    if (this.#busyUs > BUSY_US_MAX) {
      this.#bytes *= BUSY_US_MAX / this.#busyUs;
      this.#busyUs = BUSY_US_MAX;
    }
    this.#pendingBytes = 0;
    this.#wasBusy = isBusy;
    this.#lastArrivalUs = arrivalUs;
  }

  /** Bits a second that arrive; undefined when a source of little to send has not shown it. */
  bps(report: PathReport): number | undefined {
    if (this.#busyUs >= BUSY_US_MIN) return this.#bytes * 8e6 / this.#busyUs;
    return report.isApplicationLimited ? undefined : report.ackedBps;
  }
}
