/**
 * StickyKeys: modifiers that a thumb presses one after the other: down for the next key or click, or,
 * pressed twice, until pressed again. It holds them at the host, so that they act on whatever comes.
 */

/** What a modifier does: nothing, act on the next key, or stay. */
export type StickyState = "off" | "once" | "locked";

/** Modifiers of one keyboard. */
export class StickyKeys {
  readonly #press: (code: string, down: boolean) => void;
  readonly #changed: () => void;
  readonly #held = new Map<string, Exclude<StickyState, "off">>();

  /** `press` presses or releases a key by its name; `changed` hears of every other state. */
  constructor(press: (code: string, down: boolean) => void, changed: () => void) {
    this.#press = press;
    this.#changed = changed;
  }

  /** True while any of them is down. */
  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** What a modifier does. */
  stateOf(code: string): StickyState {
    return this.#held.get(code) ?? "off";
  }

  /** A modifier was tapped. */
  tap(code: string): void {
    const state = this.stateOf(code);
    if (state === "off") {
      this.#held.set(code, "once");
      this.#press(code, true);
    } else if (state === "once") {
      this.#held.set(code, "locked");
    } else {
      this.#held.delete(code);
      this.#press(code, false);
    }
    this.#changed();
  }

  /** A key or a click came: what was down for it goes up. */
  used(): void {
    let hasChanged = false;
    for (const [code, state] of [...this.#held]) {
      if (state !== "once") continue;
      this.#held.delete(code);
      this.#press(code, false);
      hasChanged = true;
    }
    if (hasChanged) this.#changed();
  }

  /** Everything goes up. */
  release(): void {
    if (!this.isHolding) return;
    for (const code of this.#held.keys()) this.#press(code, false);
    this.#held.clear();
    this.#changed();
  }
}
