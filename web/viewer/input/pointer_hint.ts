/**
 * PointerHint: tells when a program wants the mouse for itself: a hand moves it, and the program hides
 * the pointer or holds it, all the time. Editors hide it too, but show it again when it moves.
 */

/** A hand that moves for so long without a pointer is in a game. */
const WANTED_MS = 1200;
/** Motions further apart are no motion. */
const PAUSE_MS = 300;
/** Somebody who does not want it is not told again so soon. */
const AGAIN_MS = 120_000;

/** Watches one viewer's mouse. */
export class PointerHint {
  #sinceMs: number | undefined;
  #lastMs = -Infinity;
  #toldMs = -Infinity;

  /** The mouse moved; true when a person should be told how to give it to the program. */
  moved(isTaken: boolean, nowMs: number): boolean {
    const isPaused = nowMs - this.#lastMs > PAUSE_MS;
    this.#lastMs = nowMs;
    if (!isTaken || isPaused) this.#sinceMs = undefined;
    if (!isTaken) return false;
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs < WANTED_MS || nowMs - this.#toldMs < AGAIN_MS) return false;
    this.#toldMs = nowMs;
    return true;
  }
}
