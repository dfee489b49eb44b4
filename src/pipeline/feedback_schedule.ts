/**
 * FeedbackSchedule: when a viewer reports: part of the way back from receive to send. At each frame,
 * soon after any arrival, again and again while something is wrong, twice more after the last packet
 * so that a lost report does not matter, and then not at all.
 */

/** No two reports are closer than this. */
export const FEEDBACK_INTERVAL_US_MIN = 5_000;
/** An arrival is reported at the latest after this time. */
export const FEEDBACK_DELAY_US_MAX = 10_000;
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
  #trailing = 0;

  /** When the next report is due, or undefined when none is until something happens. */
  get deadline(): number | undefined {
    const arrivalUs = this.#lastArrivalUs;
    if (arrivalUs === undefined) return undefined;
    const silentUs = this.#lastSentUs - arrivalUs;
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
    return Math.max(dueUs, this.#lastSentUs + FEEDBACK_INTERVAL_US_MIN);
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

  /** Whether something is missing or damaged; that it begins is urgent. */
  setTrouble(isTrouble: boolean): void {
    if (isTrouble && !this.#isTrouble) this.#isUrgent = true;
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
    return true;
  }
}
