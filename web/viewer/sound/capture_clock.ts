/**
 * CaptureClock: times of capture, of which the wire has the low 32 bits, in the page's clock. The
 * offset of the clocks is taken once for each connection: a better estimate later would look like
 * sound that jumped. What the clocks drift apart by stays in the result, slowly, and is steered away.
 */

import { unwrap32 } from "../../../src/core/sequence.ts";

/** Relates two clocks. */
export class CaptureClock {
  #offsetUs: number | undefined;

  /**
   * Takes the offset, host's clock less the page's, unless there is one; while it is unknown what was
   * captured at `captureUs` counts as captured now.
   */
  start(captureUs: number, nowUs: number, offsetUs: number | undefined): void {
    this.#offsetUs ??= offsetUs ?? captureUs - nowUs;
  }

  /** True once there is an offset. */
  get isStarted(): boolean {
    return this.#offsetUs !== undefined;
  }

  /** What the offset in use is wrong by, as far as a better one tells: add it to a delay. */
  errorUs(betterOffsetUs: number | undefined): number {
    if (betterOffsetUs === undefined || this.#offsetUs === undefined) return 0;
    return betterOffsetUs - this.#offsetUs;
  }

  /** When it was, by the page's clock; `nowUs` is within half an hour of it. */
  pageUs(captureUs: number, nowUs: number): number {
    const offsetUs = this.#offsetUs ?? 0;
    return unwrap32(nowUs + offsetUs, captureUs >>> 0) - offsetUs;
  }

  /** Another connection: forgets the offset. */
  restart(): void {
    this.#offsetUs = undefined;
  }
}
