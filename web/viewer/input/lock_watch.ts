/**
 * LockWatch: which of the lock keys are on at this computer, read from whatever event comes, so that
 * the host's can be made the same: a Caps Lock that was pressed elsewhere would turn all letters.
 */

import { LOCK_CAPS, LOCK_NUM, LOCK_SCROLL } from "../../../src/wire/typing.ts";
import type { LockState } from "../../../src/wire/typing.ts";

/** An event of a key or a mouse. */
export interface LockReader {
  getModifierState(key: string): boolean;
}

const LOCKS = [["CapsLock", LOCK_CAPS], ["NumLock", LOCK_NUM], [
  "ScrollLock",
  LOCK_SCROLL,
]] as const;

/** Tells a change from what is known. */
export class LockWatch {
  #known: number;
  #told: number | undefined;
  readonly #isApple: boolean;

  /** Apple's keyboards have Caps Lock alone. */
  constructor(isApple: boolean) {
    this.#isApple = isApple;
    this.#known = isApple ? LOCK_CAPS : LOCK_CAPS | LOCK_NUM;
  }

  /** The state, when it is another than before or the first. */
  look(event: LockReader): LockState | undefined {
    // Many platforms have none and say that it is off: it is known once it was on.
    if (!this.#isApple && event.getModifierState("ScrollLock")) this.#known |= LOCK_SCROLL;
    let on = 0;
    for (const [name, bit] of LOCKS) {
      if ((this.#known & bit) !== 0 && event.getModifierState(name)) on |= bit;
    }
    if (on === this.#told) return undefined;
    this.#told = on;
    return { on, known: this.#known };
  }

  /** The next look is the first. */
  forget(): void {
    this.#told = undefined;
  }
}
