/**
 * MultiTouch: fingers as they are, for hosts whose device takes several: each has one of the wire's
 * ten numbers while it touches. It owns one timer, which says once more where resting fingers are.
 */

import { MAX_TOUCHES, PRESSURE_SCALE } from "../../../src/wire/contact.ts";
import type { Touch } from "../../../src/wire/contact.ts";
import type { InputSender, PicturePosition } from "./input_sender.ts";

/** A finger rests when it has not moved for this long. */
const REST_MS = 40;

/** What of a PointerEvent is used. */
export interface FingerEvent {
  readonly type: string;
  readonly pointerId: number;
  readonly clientX: number;
  readonly clientY: number;
  readonly pressure: number;
}

/** Feeds fingers to a sender. */
export class MultiTouch {
  readonly #sender: InputSender;
  readonly #locate: (clientX: number, clientY: number) => PicturePosition;
  readonly #fingers = new Map<number, Touch>();
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    sender: InputSender,
    locate: (clientX: number, clientY: number) => PicturePosition,
  ) {
    this.#sender = sender;
    this.#locate = locate;
  }

  /** Takes an event of a finger. */
  push(event: FingerEvent): void {
    const known = this.#fingers.get(event.pointerId);
    switch (event.type) {
      case "pointerdown":
        return this.#down(event);
      case "pointerup":
        if (known !== undefined) this.#sender.touch({ ...known, pressure: 0 }, false);
        this.#fingers.delete(event.pointerId);
        return;
      case "pointercancel":
        if (known !== undefined) this.#sender.cancelTouch(known.id);
        this.#fingers.delete(event.pointerId);
        return;
      default:
        if (known !== undefined) this.#move(event, known.id);
    }
  }

  /** Nothing that touches means anything. */
  cancel(): void {
    clearTimeout(this.#restTimer);
    for (const { id } of this.#fingers.values()) this.#sender.cancelTouch(id);
    this.#fingers.clear();
  }

  #down(event: FingerEvent): void {
    const taken = new Set([...this.#fingers.values()].map(({ id }) => id));
    const id = Array.from({ length: MAX_TOUCHES }, (_, index) => index)
      .find((index) => !taken.has(index));
    if (id === undefined || this.#fingers.has(event.pointerId)) return;
    const touch = this.#touch(event, id);
    this.#fingers.set(event.pointerId, touch);
    this.#sender.touch(touch, true);
  }

  #move(event: FingerEvent, id: number): void {
    const touch = this.#touch(event, id);
    this.#fingers.set(event.pointerId, touch);
    this.#sender.moveTouch(touch);
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => {
      for (const resting of this.#fingers.values()) this.#sender.settleTouch(resting);
    }, REST_MS);
  }

  #touch({ clientX, clientY, pressure }: FingerEvent, id: number): Touch {
    const share = Math.max(0, Math.min(1, pressure));
    return { id, ...this.#locate(clientX, clientY), pressure: Math.round(share * PRESSURE_SCALE) };
  }
}
