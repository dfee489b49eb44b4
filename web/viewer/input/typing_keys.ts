/**
 * TypingKeys: keys that make no text while text is typed: arrows, Escape, Control and a letter. Keys
 * that only change which character comes, such as Shift, stay here until such a key needs them.
 */

/** What of a KeyboardEvent is used. */
export interface TypingKey {
  readonly key: string;
  readonly shiftKey: boolean;
}

/** Where keys go. */
export interface KeyTaker<K extends TypingKey> {
  down(event: K): boolean;
  up(event: K): boolean;
  press(code: string, down: boolean): void;
  dropControl(): void;
}

const SHIFT = "ShiftLeft";

/** Keys beside text. */
export class TypingKeys<K extends TypingKey> {
  readonly #keyboard: KeyTaker<K>;
  readonly #characterKeys: ReadonlySet<string>;
  #hasShift = false;

  /** `isApple`: Option makes characters there. */
  constructor(keyboard: KeyTaker<K>, isApple: boolean) {
    this.#keyboard = keyboard;
    this.#characterKeys = new Set(["Shift", "AltGraph", ...(isApple ? ["Alt"] : [])]);
  }

  /** A key that makes no text went down or up; true when it is the host's. */
  key(event: K, down: boolean): boolean {
    if (this.#characterKeys.has(event.key)) {
      if (event.key === "Shift" && !down) this.#shift(false);
      // Windows has pressed a Control with it that nobody meant.
      if (event.key === "AltGraph") this.#keyboard.dropControl();
      return true;
    }
    if (down) this.#shift(event.shiftKey);
    return down ? this.#keyboard.down(event) : this.#keyboard.up(event);
  }

  /** Everything was let go of. */
  forget(): void {
    this.#hasShift = false;
  }

  #shift(down: boolean): void {
    if (this.#hasShift === down) return;
    this.#hasShift = down;
    this.#keyboard.press(SHIFT, down);
  }
}
