/**
 * FakeControl: Windows reports AltGr as a left Control that nobody pressed and the right Alt. So a left
 * Control waits there until the next key tells, a tenth of a second at most. It holds one timer.
 */

/** What of a KeyboardEvent is used. */
export interface TimedKey {
  readonly code: string;
  readonly repeat: boolean;
  readonly timeStamp: number;
}

/** Both halves of AltGr come within this. */
const TOGETHER_MS = 20;
/** A Control that comes alone is passed on after this. */
const WAIT_MS = 100;

/** Holds back one Control key. */
export class FakeControl {
  readonly #isNeeded: boolean;
  readonly #press: () => void;
  #waitingSince: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `press` presses the left Control that was meant. */
  constructor(isNeeded: boolean, press: () => void) {
    this.#isNeeded = isNeeded;
    this.#press = press;
  }

  /** A key went down; true when it waits. */
  down({ code, repeat, timeStamp }: TimedKey): boolean {
    if (!this.#isNeeded) return false;
    const since = this.#waitingSince;
    if (code === "ControlLeft" && !repeat && since === undefined) {
      this.#waitingSince = timeStamp;
      this.#timer = setTimeout(() => this.flush(), WAIT_MS);
      return true;
    }
    if (since === undefined) return false;
    if (code === "ControlLeft") return true;
    if (code === "AltRight" && timeStamp - since <= TOGETHER_MS) this.drop();
    else this.flush();
    return false;
  }

  /** A key went up. */
  up({ code }: TimedKey): void {
    // Pressed and gone: it was meant.
    if (code === "ControlLeft") this.flush();
  }

  /** The Control that waits was meant. */
  flush(): void {
    if (this.#waitingSince === undefined) return;
    this.drop();
    this.#press();
  }

  /** The Control that waits was not meant. */
  drop(): void {
    this.#waitingSince = undefined;
    clearTimeout(this.#timer);
  }
}
