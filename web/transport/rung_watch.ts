/**
 * RungWatch: when a session should look for another way to its host: at once after a silence that no
 * working path has, and from time to time for a better one than it has. It decides only: it does no
 * I/O and owns no clock. What it starts is bounded by growing pauses.
 */

import { RUNGS } from "./ladder.ts";
import type { Rung } from "./ladder.ts";

/** How often to ask it. */
export const WATCH_INTERVAL_US = 125_000;
/** A host says something twice a second: after this silence it is asked to. */
const ASK_US = 500_000;
/** After this silence another way is dialled, and used once the silence has lasted `MOVE_US`. */
export const STANDBY_US = 1_000_000;
/**
 * A path that was dark for a second is often back: its session goes on sooner than one elsewhere. Much
 * longer, and the picture would not be back within 3 s.
 */
export const MOVE_US = 1_600_000;
/** Looks that came so late say nothing of the path: this thread stood still, or the machine slept. */
const LATE_US = 4 * WATCH_INTERVAL_US;
/** Pauses between two dials while it is silent, growing by half up to the second. */
const STANDBY_PAUSE_US = 1_000_000;
const STANDBY_PAUSE_US_MAX = 15_000_000;
/** Pauses before looks for a better rung; each is three times the one before. */
export const BETTER_PAUSE_US = 5_000_000;
const BETTER_PAUSE_US_MAX = 300_000_000;
/** A session that lasted so long on a better rung makes the pauses short again. */
const STABLE_US = 60_000_000;

/** What is known at a look. */
export interface RungView {
  readonly rung: Rung;
  /** When the host was last heard. */
  readonly heardUs: number;
  /** The host has another way than this one, or a better one. */
  readonly hasOther: boolean;
  readonly hasBetter: boolean;
  readonly isVisible: boolean;
  /** A connection that was dialled for a silence is ready. */
  readonly isStandby: boolean;
  /** A dial or a move goes on. */
  readonly isBusy: boolean;
}

/** What to do. */
export type RungStep =
  /** Nothing, or ask the host for a sign of life. */
  | "rest"
  | "ask"
  /** Dial other rungs and keep what is ready. */
  | "standby"
  /** Go on over what is kept. */
  | "move"
  /** The path is back: close what was kept. */
  | "drop"
  /** Dial better rungs and go on over what is ready. */
  | "better";

/** Watches one session through all of its connections. */
export class RungWatch {
  #rung: Rung = RUNGS[0];
  #sinceUs = 0;
  #lookedUs: number | undefined;
  #graceUntilUs = 0;
  #standbyUs = -Infinity;
  #standbyPauseUs = STANDBY_PAUSE_US;
  #betterUs = Infinity;
  #betterPauseUs = BETTER_PAUSE_US;

  /** A connection over `rung` is in use from now on. */
  begin(rung: Rung, nowUs: number): void {
    const wasStable = RUNGS.indexOf(this.#rung) === 0 && nowUs - this.#sinceUs >= STABLE_US;
    if (wasStable) this.#betterPauseUs = BETTER_PAUSE_US;
    this.#rung = rung;
    this.#sinceUs = nowUs;
    this.#lookedUs = undefined;
    this.#standbyPauseUs = STANDBY_PAUSE_US;
    this.#standbyUs = -Infinity;
    this.#betterUs = nowUs + this.#betterPauseUs;
  }

  /** Pause before the next look for a better rung. */
  get betterPauseUs(): number {
    return this.#betterPauseUs;
  }

  /** What to do now. */
  look(view: RungView, nowUs: number): RungStep {
    const lateUs = this.#lookedUs === undefined ? 0 : nowUs - this.#lookedUs;
    this.#lookedUs = nowUs;
    if (lateUs > LATE_US) this.#graceUntilUs = nowUs + STANDBY_US;
    const silentUs = nowUs - Math.max(view.heardUs, this.#sinceUs);
    if (silentUs < ASK_US) {
      if (view.isStandby) return "drop";
      return this.#mayLookUp(view, nowUs) ? "better" : "rest";
    }
    if (nowUs < this.#graceUntilUs || !view.hasOther) return "ask";
    if (view.isStandby) return silentUs >= MOVE_US && !view.isBusy ? "move" : "ask";
    const isDue = silentUs >= STANDBY_US && nowUs - this.#standbyUs >= this.#standbyPauseUs;
    if (!isDue || view.isBusy) return "ask";
    if (this.#standbyUs !== -Infinity) {
      this.#standbyPauseUs = Math.min(STANDBY_PAUSE_US_MAX, this.#standbyPauseUs * 1.5);
    }
    this.#standbyUs = nowUs;
    return "standby";
  }

  #mayLookUp(view: RungView, nowUs: number): boolean {
    if (!view.hasBetter || !view.isVisible || view.isBusy || nowUs < this.#betterUs) return false;
    this.#betterPauseUs = Math.min(BETTER_PAUSE_US_MAX, this.#betterPauseUs * 3);
    this.#betterUs = nowUs + this.#betterPauseUs;
    return true;
  }
}
