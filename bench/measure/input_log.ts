/**
 * InputLog: what the X client of a measurement saw of input, as its program logs it: every event with
 * its time on the host's monotonic clock. Holds as many events as the run makes.
 */

import { wait } from "./wait.ts";

/** One event. */
export interface SeenInput {
  readonly type: string;
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly timeUs: number;
  readonly down?: boolean;
  readonly keycode?: number;
  readonly button?: number;
  readonly repeat?: boolean;
  /** What the key typed. */
  readonly text?: string;
  readonly x?: number;
  readonly y?: number;
}

/** Keycodes of X are evdev codes and this. */
export const X_KEYCODE_OFFSET = 8;

/** Every event so far, in order. */
export class InputLog {
  readonly seen: SeenInput[] = [];
  #changes = 0;
  #lastMs = performance.now();

  /** Takes a line of the program; give it as `onInput`. */
  readonly note = (line: string): void => {
    if (!line.startsWith("{")) return;
    const event = JSON.parse(line) as SeenInput;
    this.seen.push(event);
    if (isChange(event)) this.#changes++;
    this.#lastMs = performance.now();
  };

  /** Keys and buttons so far, without the repeats that the X server makes. */
  get changeCount(): number {
    return this.#changes;
  }

  /** Waits until there are `changes` of them; false when that takes longer than `timeoutMs`. */
  async reach(changes: number, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    while (this.#changes < changes && performance.now() < endMs) await wait(5, signal);
    return this.#changes >= changes;
  }

  /** Waits until nothing has come for `quietMs`, at most `timeoutMs`. */
  async settle(quietMs: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const startMs = performance.now();
    for (;;) {
      const nowMs = performance.now();
      const isQuiet = nowMs - Math.max(this.#lastMs, startMs) >= quietMs;
      if (isQuiet || nowMs - startMs >= timeoutMs) return;
      await wait(20, signal);
    }
  }

  /** Keys and buttons from event `from` on, without the repeats that the X server makes. */
  changes(from: number): string[] {
    return this.seen.slice(from).filter(isChange).map(({ type, down, keycode, button }) => {
      return `${type} ${type === "key" ? keycode : button} ${down}`;
    });
  }
}

function isChange({ type, repeat }: SeenInput): boolean {
  return (type === "key" && repeat !== true) || type === "button";
}
