/**
 * LossDetector: decides when a missing packet is lost rather than late. It waits for a reordering
 * tolerance that it learns from packets that filled a gap (the idea of RFC 9002, section 6.1.2, with
 * the observed lateness in the place of the round-trip time); at most 40 ms.
 */

/** Tolerance before any lateness was seen, and the least that is left of a learned one. */
export const TOLERANCE_US_MIN = 4_000;
/** Longest wait for a late packet: beyond it a repair is faster than patience. */
export const TOLERANCE_US_MAX = 40_000;
/** The tolerance covers the worst lateness seen lately, and a quarter more. */
const LATENESS_MARGIN = 1.25;
/** Without new lateness the tolerance halves in this time. */
const TOLERANCE_HALF_LIFE_US = 10_000_000;

/** Watches the gap at the front of a reorder buffer. */
export class LossDetector {
  #gapId: number | undefined;
  #gapSinceUs = 0;
  #toleranceUs = TOLERANCE_US_MIN;
  #learnedAtUs = 0;

  /** How long a gap is waited for, in microseconds, at `nowUs`. */
  toleranceUs(nowUs: number): number {
    const age = Math.max(0, nowUs - this.#learnedAtUs);
    const decayed = this.#toleranceUs * 0.5 ** (age / TOLERANCE_HALF_LIFE_US);
    return Math.max(TOLERANCE_US_MIN, Math.min(TOLERANCE_US_MAX, decayed));
  }

  /** When the gap counts as lost, or undefined without a gap. */
  get deadline(): number | undefined {
    if (this.#gapId === undefined) return undefined;
    return this.#gapSinceUs + this.toleranceUs(this.#gapSinceUs);
  }

  /** Reports the first missing id, or undefined when nothing is missing; true when it is lost. */
  observe(missingId: number | undefined, nowUs: number): boolean {
    if (missingId !== this.#gapId) {
      if (this.#gapId !== undefined) this.#learn(nowUs - this.#gapSinceUs, nowUs);
      this.#gapId = missingId;
      this.#gapSinceUs = nowUs;
    }
    return this.deadline !== undefined && nowUs >= this.deadline;
  }

  /** The gap was given up; it teaches nothing. */
  abandon(): void {
    this.#gapId = undefined;
  }

  /** A packet arrived `latenessUs` after its gap had been given up: patience was too short. */
  observeTooLate(latenessUs: number, nowUs: number): void {
    this.#learn(latenessUs, nowUs);
  }

  /** When the gap that is open was first seen, or undefined. */
  get gapSinceUs(): number | undefined {
    return this.#gapId === undefined ? undefined : this.#gapSinceUs;
  }

  #learn(latenessUs: number, nowUs: number): void {
    const wanted = Math.min(TOLERANCE_US_MAX, latenessUs * LATENESS_MARGIN);
    if (wanted <= this.toleranceUs(nowUs)) return;
    this.#toleranceUs = wanted;
    this.#learnedAtUs = nowUs;
  }
}
