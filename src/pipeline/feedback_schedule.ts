/**
 * FeedbackSchedule: when a viewer reports: part of the way back from receive to send. At each frame,
 * soon after any arrival, again and again while something is wrong, twice more after the last packet
 * so that a lost report does not matter, and then not at all.
 */

import { distance32 } from "../core/sequence.ts";

/** No two reports are closer than this. */
export const FEEDBACK_INTERVAL_US_MIN = 5_000;
/** An arrival is reported at the latest after this time. */
export const FEEDBACK_DELAY_US_MAX = 10_000;
/** The same while more and more is missing: repairs wait for these. */
const URGENT_INTERVAL_US = 1_000;
/** Longest wait of a report for what may still be on its way. */
const HOLD_US_MAX = 3_000;
/** Reports while something is missing or damaged: quick at first, slow when nothing arrives. */
const TROUBLE_INTERVAL_US = 15_000;
const SILENT_INTERVAL_US = 100_000;
/** Silence after which reports are slow, and after which there are none. */
const SILENCE_US = 2_000_000;
const ACTIVE_US = 10_000_000;
/** Reports after the last arrival when all is well. */
const TRAILING_US = [20_000, 60_000] as const;

/** Decides when a report is due. */
export class FeedbackSchedule {
  #lastArrivalUs: number | undefined;
  #lastSentUs = -Infinity;
  #unreportedSinceUs: number | undefined;
  #isUrgent = false;
  #isTrouble = false;
  /** One past the last id that is missing. */
  #missingEndId = 0;
  /** More is missing than was reported; and copies of that report that are due. */
  #isGrowing = false;
  #copies = 0;
  #holdUs = 0;
  #trailing = 0;

  /** When the next report is due, or undefined when none is until something happens. */
  get deadline(): number | undefined {
    const arrivalUs = this.#lastArrivalUs;
    if (arrivalUs === undefined) return undefined;
    const silentUs = this.#lastSentUs - arrivalUs;
    if (this.#copies > 0) return Math.max(this.#lastSentUs, this.#holdUs);
    if (this.#isGrowing) {
      return Math.max(arrivalUs, this.#holdUs, this.#lastSentUs + URGENT_INTERVAL_US);
    }
    let dueUs = Infinity;
    if (this.#isUrgent) dueUs = arrivalUs;
    else if (this.#unreportedSinceUs !== undefined) {
      dueUs = this.#unreportedSinceUs + FEEDBACK_DELAY_US_MAX;
    }
    if (this.#isTrouble && silentUs < ACTIVE_US) {
      const intervalUs = silentUs < SILENCE_US ? TROUBLE_INTERVAL_US : SILENT_INTERVAL_US;
      dueUs = Math.min(dueUs, this.#lastSentUs + intervalUs);
    }
    const trailingUs = TRAILING_US[this.#trailing];
    if (trailingUs !== undefined) dueUs = Math.min(dueUs, arrivalUs + trailingUs);
    if (dueUs === Infinity) return undefined;
    return Math.max(dueUs, this.#holdUs, this.#lastSentUs + FEEDBACK_INTERVAL_US_MIN);
  }

  /** A packet arrived. */
  noteArrival(nowUs: number): void {
    this.#lastArrivalUs = nowUs;
    this.#unreportedSinceUs ??= nowUs;
    this.#trailing = 0;
  }

  /** Something that the sender should know at once, such as the end of a frame. */
  noteUrgent(): void {
    this.#isUrgent = true;
  }

  /**
   * Something may be missing, which will be known at `untilUs`: a report just before that would say
   * nothing of it. Undefined: nothing may be.
   */
  hold(untilUs: number | undefined, nowUs: number): void {
    const isSoon = untilUs !== undefined && untilUs > nowUs && untilUs <= nowUs + HOLD_US_MAX;
    this.#holdUs = isSoon ? untilUs : 0;
  }

  /** Whether something is missing or damaged, and one past its last id; that it grows is urgent. */
  setTrouble(isTrouble: boolean, missingEndId = 0): void {
    if (!isTrouble) this.#copies = 0;
    const hasGrown = !this.#isTrouble || distance32(this.#missingEndId, missingEndId) > 0;
    this.#isGrowing = isTrouble && (this.#isGrowing || hasGrown);
    this.#missingEndId = missingEndId;
    this.#isTrouble = isTrouble;
  }

  /** True when a report is to be sent now, which the caller then does. */
  take(nowUs: number): boolean {
    const dueUs = this.deadline;
    if (dueUs === undefined || nowUs < dueUs) return false;
    const trailingUs = TRAILING_US[this.#trailing];
    if (trailingUs !== undefined && nowUs - this.#lastArrivalUs! >= trailingUs) this.#trailing++;
    this.#lastSentUs = nowUs;
    this.#unreportedSinceUs = undefined;
    this.#isUrgent = false;
    // Losing the report of a loss would cost the repair a frame or more, so it goes twice.
    if (this.#copies > 0) this.#copies--;
    else if (this.#isGrowing) this.#copies = 1;
    this.#isGrowing = false;
    return true;
  }
}
