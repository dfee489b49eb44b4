/**
 * ArrivalJitter: how unevenly packets arrive at one viewer, after RFC 3550, section 6.4.1: a moving
 * average, of a sixteenth each, of how much longer or shorter the way of a packet was than that of the
 * packet before it. Part of send; it holds the packet before.
 */

import type { PacketArrival } from "./congestion_controller.ts";

const WEIGHT = 1 / 16;

/** The jitter of one viewer. */
export class ArrivalJitter {
  #jitterUs = 0;
  #transitUs: number | undefined;

  /** The average, microseconds. */
  get jitterUs(): number {
    return this.#jitterUs;
  }

  /** Takes the next arrival; the clocks of both ends may differ by any constant. */
  observe({ sentUs, arrivalUs }: PacketArrival): void {
    const transitUs = arrivalUs - sentUs;
    if (this.#transitUs !== undefined) {
      this.#jitterUs += (Math.abs(transitUs - this.#transitUs) - this.#jitterUs) * WEIGHT;
    }
    this.#transitUs = transitUs;
  }
}
