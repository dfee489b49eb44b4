/**
 * HeldKeys: what one session holds down: keys, buttons, fingers, the pen and pads that are not at rest,
 * so that a viewer that goes silent, leaves or loses focus never leaves anything stuck. Keys and
 * buttons are at most `MAX_HELD`, the others what the wire can name; `deadlineUs` says when silence
 * ends them.
 */

import { HEARTBEAT_TIMEOUT_MS } from "../wire/control.ts";
import { touchOf } from "../wire/contact.ts";
import type { InputEvent } from "../wire/input.ts";
import { encodePadAxis, PAD_AXES, PAD_SLOTS, padAxisOf } from "../wire/pad.ts";

/** Keys and buttons held at once: more than any keyboard and hand can hold. */
export const MAX_HELD = 64;

interface HeldPad {
  isPlugged: boolean;
  buttons: number;
  readonly axes: number[];
}

/** What one session holds down. */
export class HeldKeys {
  /** Keys and buttons. */
  readonly #held = new Set<number>();
  readonly #touches = new Set<number>();
  readonly #pads: readonly HeldPad[] = Array.from({ length: PAD_SLOTS }, () => ({
    isPlugged: false,
    buttons: 0,
    axes: PAD_AXES.map(() => 0),
  }));
  #isPenNear = false;
  #lastHeardUs = 0;

  /** Keys, buttons, fingers and pads that are held, and the pen. */
  get size(): number {
    const pads = this.#pads.filter((pad) => !isAtRest(pad)).length;
    return this.#held.size + this.#touches.size + pads + (this.#isPenNear ? 1 : 0);
  }

  /** When silence releases everything, in microseconds; undefined while nothing is held. */
  get deadlineUs(): number | undefined {
    return this.size === 0 ? undefined : this.#lastHeardUs + HEARTBEAT_TIMEOUT_MS * 1000;
  }

  /** True when key `code` is down. */
  isKeyDown(code: number): boolean {
    return this.#held.has(code);
  }

  /** True when finger `id` is down: only such a one moves. */
  isTouching(id: number): boolean {
    return this.#touches.has(id);
  }

  /** True when there is a pad in slot `slot` of the session. */
  hasPad(slot: number): boolean {
    return this.#pads[slot]?.isPlugged === true;
  }

  /** Notes that the viewer is alive. */
  heard(nowUs: number): void {
    this.#lastHeardUs = nowUs;
  }

  /**
   * Notes an event of something that can be held; false when it changes nothing and must not be passed
   * on: a repeat of a key that is down, the end of what is up, or one key too many.
   */
  apply(event: InputEvent): boolean {
    switch (event.kind) {
      case "touch":
        return this.#applyTouch(touchOf(event).id, event.down);
      case "touch_cancel":
        return this.#touches.delete(event.code);
      case "pen": {
        const wasNear = this.#isPenNear;
        this.#isPenNear = (event.code & 1) !== 0;
        return wasNear || this.#isPenNear;
      }
      case "pad":
        return this.#applyPad(event);
      case "pad_axis": {
        const { slot, axis } = padAxisOf(event.code);
        return this.moveAxis(slot, axis, event.x);
      }
      default:
        return this.#applyKey(event);
    }
  }

  /** Notes an axis of a pad; false when it is there already, or there is no pad. */
  moveAxis(slot: number, axis: number, value: number): boolean {
    const pad = this.#pads[slot];
    if (pad === undefined || !pad.isPlugged || pad.axes[axis] === value) return false;
    pad.axes[axis] = value;
    return true;
  }

  /** Forgets all that is held and returns the events that end it; pads stay plugged in, at rest. */
  release(): InputEvent[] {
    const events = [...this.#held].map(raise);
    this.#held.clear();
    for (const id of this.#touches) events.push(end("touch_cancel", id));
    this.#touches.clear();
    if (this.#isPenNear) events.push(end("pen", 0));
    this.#isPenNear = false;
    this.#pads.forEach((pad, slot) => events.push(...rest(pad, slot)));
    return events;
  }

  /** The events that unplug every pad, or plug those that are there in again. Changes nothing. */
  padEvents(down: boolean): InputEvent[] {
    return this.#pads.flatMap((pad, slot) => {
      return pad.isPlugged ? [{ ...end("pad", slot), down }] : [];
    });
  }

  #applyTouch(id: number, down: boolean): boolean {
    if (!down) return this.#touches.delete(id);
    this.#touches.add(id);
    return true;
  }

  #applyPad({ code, down, x }: InputEvent): boolean {
    const pad = this.#pads[code];
    if (pad === undefined || (pad.isPlugged === down && pad.buttons === x)) return false;
    pad.isPlugged = down;
    pad.buttons = x;
    if (!down) pad.axes.fill(0);
    return true;
  }

  #applyKey(event: InputEvent): boolean {
    const id = heldId(event.kind, event.code);
    if (!event.down) return this.#held.delete(id);
    if (this.#held.has(id) || this.#held.size >= MAX_HELD) return false;
    this.#held.add(id);
    return true;
  }
}

// Key codes end below 2^16; buttons live above.
const BUTTON_BASE = 0x1_0000;

function heldId(kind: InputEvent["kind"], code: number): number {
  return kind === "button" ? BUTTON_BASE + code : code;
}

function isAtRest(pad: HeldPad): boolean {
  return pad.buttons === 0 && pad.axes.every((value) => value === 0);
}

/** Brings a pad to rest; the events that do so. */
function rest(pad: HeldPad, slot: number): InputEvent[] {
  const events: InputEvent[] = pad.buttons === 0 ? [] : [{ ...end("pad", slot), down: true }];
  pad.axes.forEach((value, axis) => {
    if (value !== 0) events.push(end("pad_axis", encodePadAxis(slot, axis)));
  });
  pad.buttons = 0;
  pad.axes.fill(0);
  return events;
}

function raise(id: number): InputEvent {
  const isButton = id >= BUTTON_BASE;
  return end(isButton ? "button" : "key", isButton ? id - BUTTON_BASE : id);
}

function end(kind: InputEvent["kind"], code: number): InputEvent {
  return { kind, down: false, code, sequence: 0, pointerSequence: 0, x: 0, y: 0 };
}
