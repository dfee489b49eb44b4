/**
 * DeviceMotions: which datagrams of pads and fingers are news. Each pad and each finger counts by
 * itself: a datagram that is not newer than the last one there, or than what a record said of the same
 * device since, is old. Holds one number for each.
 */

import { distance32 } from "../core/sequence.ts";
import { MAX_TOUCHES, touchOf } from "../wire/contact.ts";
import type { InputEvent } from "../wire/input.ts";
import { PAD_SLOTS, padAxisOf } from "../wire/pad.ts";

/** Newest motion of every pad and finger of one session. */
export class DeviceMotions {
  readonly #pads = new Uint32Array(PAD_SLOTS);
  readonly #touches = new Uint32Array(MAX_TOUCHES);

  /** Notes what a record says of a pad or a finger; others mean nothing here. */
  noteRecord(event: InputEvent): void {
    const { kind, code, pointerSequence } = event;
    if (kind === "pad_axis") advance(this.#pads, padAxisOf(code).slot, pointerSequence);
    else if (kind === "touch") advance(this.#touches, touchOf(event).id, pointerSequence);
    else if (kind === "touch_cancel") advance(this.#touches, code, pointerSequence);
  }

  /** True for a datagram of a pad that is news, which it is no more after that. */
  takePad(slot: number, sequence: number): boolean {
    return advance(this.#pads, slot, sequence);
  }

  /** True for a datagram of a finger that is news, which it is no more after that. */
  takeTouch(id: number, sequence: number): boolean {
    return advance(this.#touches, id, sequence);
  }
}

function advance(newest: Uint32Array, index: number, sequence: number): boolean {
  if (distance32(newest[index] ?? 0, sequence) <= 0) return false;
  newest[index] = sequence;
  return true;
}
