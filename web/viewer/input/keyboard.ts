/**
 * Keyboard: physical keys to XT scancodes, whatever the layout says: the host's layout gives them
 * their meaning. Repeats are dropped, the host makes its own. It holds no state but the sender's.
 */

import scancodeTable from "@novnc/novnc/xtscancodes";
import type { InputSender } from "./input_sender.ts";

/** What of a KeyboardEvent is used. */
export interface KeyPress {
  /** Physical key, such as KeyA. */
  readonly code: string;
  readonly repeat: boolean;
}

/** The table has the code of Alt+PrintScreen, which is SysRq; the key alone is this one. */
const PRINT_SCREEN = 0xe037;
const META_KEYS = new Set(["MetaLeft", "MetaRight"]);
const MODIFIER_CODES = new Set([
  "ShiftLeft",
  "ShiftRight",
  "ControlLeft",
  "ControlRight",
  "AltLeft",
  "AltRight",
].map((code) => scancodeOf(code)));

/** XT scancode (set 1, 0xE0xx when extended) of a physical key, or undefined for none. */
export function scancodeOf(code: string): number | undefined {
  if (code === "PrintScreen") return PRINT_SCREEN;
  const table: Readonly<Record<string, number>> = scancodeTable;
  return Object.hasOwn(table, code) ? table[code] : undefined;
}

/** Feeds keys to a sender. */
export class Keyboard {
  readonly #sender: InputSender;
  readonly #isApple: boolean;

  /** `isApple`: the platform reports Caps Lock and keys under Command in its own way. */
  constructor(sender: InputSender, isApple: boolean) {
    this.#sender = sender;
    this.#isApple = isApple;
  }

  /** A key went down; true when it is the host's. */
  down(press: KeyPress): boolean {
    const scancode = scancodeOf(press.code);
    if (scancode === undefined) return false;
    if (press.repeat) return true;
    this.#sender.key(scancode, true);
    // There, Caps Lock reports one end per change of its light, not one per press.
    if (this.#isApple && press.code === "CapsLock") this.#sender.key(scancode, false);
    return true;
  }

  /** A key went up; true when it is the host's. */
  up(press: KeyPress): boolean {
    const scancode = scancodeOf(press.code);
    if (scancode === undefined) return false;
    if (this.#isApple && press.code === "CapsLock") this.#sender.key(scancode, true);
    this.#sender.key(scancode, false);
    // The ends of keys pressed together with Command are never reported.
    if (this.#isApple && META_KEYS.has(press.code)) {
      this.#sender.releaseKeys((held) => MODIFIER_CODES.has(held));
    }
    return true;
  }
}
