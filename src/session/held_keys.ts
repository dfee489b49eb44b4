/**
 * HeldKeys: the keys and buttons that one session holds down, so that a viewer that goes silent,
 * leaves or loses focus never leaves a key stuck. At most `MAX_HELD` are held; `deadlineUs` says
 * when silence ends them.
 */

import { HEARTBEAT_TIMEOUT_MS } from "../wire/control.ts";
import type { InputEvent } from "../wire/input.ts";

/** Keys and buttons held at once: more than any keyboard and hand can hold. */
export const MAX_HELD = 64;

/** What one session holds down. */
export class HeldKeys {
  readonly #held = new Set<number>();
  #lastHeardUs = 0;

  /** Keys and buttons down now. */
  get size(): number {
    return this.#held.size;
  }

  /** When silence releases everything, in microseconds; undefined while nothing is held. */
  get deadlineUs(): number | undefined {
    return this.#held.size === 0 ? undefined : this.#lastHeardUs + HEARTBEAT_TIMEOUT_MS * 1000;
  }

  /** True when key `code` is down. */
  isKeyDown(code: number): boolean {
    return this.#held.has(code);
  }

  /** Notes that the viewer is alive. */
  heard(nowUs: number): void {
    this.#lastHeardUs = nowUs;
  }

  /**
   * Notes a key or button event; false when it changes nothing and must not be passed on: a repeat
   * of a key that is down, the end of one that is up, or one key too many.
   */
  apply(event: InputEvent): boolean {
    const id = heldId(event.kind, event.code);
    if (!event.down) return this.#held.delete(id);
    if (this.#held.has(id) || this.#held.size >= MAX_HELD) return false;
    this.#held.add(id);
    return true;
  }

  /** Forgets all and returns one event per key or button that raises it. */
  release(): InputEvent[] {
    const events = [...this.#held].map(raise);
    this.#held.clear();
    return events;
  }
}

// Key codes end below 2^16; buttons live above.
const BUTTON_BASE = 0x1_0000;

function heldId(kind: InputEvent["kind"], code: number): number {
  return kind === "button" ? BUTTON_BASE + code : code;
}

function raise(id: number): InputEvent {
  const isButton = id >= BUTTON_BASE;
  return {
    kind: isButton ? "button" : "key",
    down: false,
    code: isButton ? id - BUTTON_BASE : id,
    sequence: 0,
    pointerSequence: 0,
    x: 0,
    y: 0,
  };
}
