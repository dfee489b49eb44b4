/**
 * Keyboard: physical keys to XT scancodes, whatever the layout says: the host's layout gives them
 * their meaning. Repeats are dropped, the host makes its own. A character that comes without a
 * physical key goes as text. It holds no state but the sender's and one Control key that waits.
 */

import scancodeTable from "@novnc/novnc/xtscancodes";
import { isTextCodePoint } from "../../../src/wire/typing.ts";
import { FakeControl } from "./fake_control.ts";
import type { InputSender } from "./input_sender.ts";
import { LockWatch } from "./lock_watch.ts";
import type { LockReader } from "./lock_watch.ts";

/** What of a KeyboardEvent is used. */
export interface KeyPress extends LockReader {
  /** Physical key, such as KeyA; empty when there is none. */
  readonly code: string;
  /** What the key means here: a character or a name. */
  readonly key: string;
  readonly repeat: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly timeStamp: number;
}

/** What the keyboards of a platform do in their own way. */
export type KeyboardPlatform = "apple" | "windows" | "other";

/** The table has the code of Alt+PrintScreen, which is SysRq; the key alone is this one. */
const PRINT_SCREEN = 0xe037;
const META_KEYS = new Set(["MetaLeft", "MetaRight"]);
const LOCK_KEYS = new Set(["CapsLock", "NumLock", "ScrollLock"]);
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
  readonly #platform: KeyboardPlatform;
  readonly #locks: LockWatch;
  readonly #control: FakeControl;
  readonly #heldLocks = new Set<string>();

  constructor(sender: InputSender, platform: KeyboardPlatform) {
    this.#sender = sender;
    this.#platform = platform;
    this.#locks = new LockWatch(platform === "apple");
    this.#control = new FakeControl(platform === "windows", () => {
      sender.key(scancodeOf("ControlLeft") ?? 0, true);
    });
  }

  /** A key went down; true when it is the host's. */
  down(press: KeyPress): boolean {
    if (this.#control.down(press)) return true;
    if (LOCK_KEYS.has(press.code)) this.#heldLocks.add(press.code);
    this.look(press);
    const scancode = scancodeFor(press);
    if (scancode === undefined) return this.#type(press);
    if (press.repeat) return true;
    this.#sender.key(scancode, true);
    // There, Caps Lock reports one end per change of its light, not one per press.
    if (this.#isApple && press.code === "CapsLock") {
      this.#sender.key(scancode, false);
      this.#heldLocks.clear();
    }
    return true;
  }

  /** A key went up; true when it is the host's. */
  up(press: KeyPress): boolean {
    this.#control.up(press);
    this.#heldLocks.delete(press.code);
    const scancode = scancodeFor(press);
    if (scancode === undefined) return false;
    if (this.#isApple && press.code === "CapsLock") this.#sender.key(scancode, true);
    this.#sender.key(scancode, false);
    // The ends of keys pressed together with Command are never reported.
    if (this.#isApple && META_KEYS.has(press.code)) {
      this.#sender.releaseKeys((held) => MODIFIER_CODES.has(held));
    }
    return true;
  }

  /** Presses or releases a physical key by its name, for keys on the screen. */
  press(code: string, down: boolean): void {
    const scancode = scancodeOf(code);
    if (scancode !== undefined) this.#sender.key(scancode, down);
  }

  /** A key or the mouse shows which locks are on; the host is told when that is news. */
  look(event: LockReader): void {
    // Platforms change a lock with one end of its key or the other: until both are over, and where the
    // key itself tells, the state means nothing yet.
    if (this.#heldLocks.size > 0) return;
    const state = this.#locks.look(event);
    if (state !== undefined) this.#sender.locks(state);
  }

  /** What follows is no key: a Control that waits was meant. */
  flush(): void {
    this.#control.flush();
  }

  /** A Control that waits was not meant. */
  dropControl(): void {
    this.#control.drop();
  }

  /** The focus is new or the host is: what it knows of the locks may be old. */
  forget(): void {
    this.#locks.forget();
    this.#control.drop();
    this.#heldLocks.clear();
  }

  get #isApple(): boolean {
    return this.#platform === "apple";
  }

  /** Keys of remappers, scanners and screen keyboards have a character and no place. */
  #type({ key, code, ctrlKey, metaKey }: KeyPress): boolean {
    if (ctrlKey || metaKey || (code !== "" && code !== "Unidentified")) return false;
    const [character = "", ...more] = key;
    const codePoint = character.codePointAt(0);
    if (more.length > 0 || codePoint === undefined || !isTextCodePoint(codePoint)) return false;
    this.#sender.text(codePoint);
    return true;
  }
}

/** Keys without a place that have a name, such as Enter of a screen keyboard, are the keys named so. */
function scancodeFor({ code, key }: KeyPress): number | undefined {
  const hasPlace = code !== "" && code !== "Unidentified";
  return hasPlace ? scancodeOf(code) : key.length > 1 ? scancodeOf(key) : undefined;
}
