/**
 * PenTracker: a pen over the picture to pen records: place, pressure, tilt, eraser and the buttons at
 * its side. A stroke has a shape, so every report of it goes out, also those that the browser put
 * together.
 */

import { MAX_TILT, PRESSURE_SCALE } from "../../../src/wire/contact.ts";
import type { Pen } from "../../../src/wire/contact.ts";
import type { InputSender, PicturePosition } from "./input_sender.ts";

/** What of a PointerEvent is used. */
export interface PenEvent {
  readonly type: string;
  readonly clientX: number;
  readonly clientY: number;
  readonly buttons: number;
  readonly pressure: number;
  readonly tiltX: number;
  readonly tiltY: number;
  getCoalescedEvents?(): PenEvent[];
}

const TIP = 1;
const BARREL = 2;
const UPPER = 4;
const ERASER = 32;
const GONE = new Set(["pointerleave", "pointerout", "pointercancel"]);

/** Feeds a pen to a sender. */
export class PenTracker {
  readonly #sender: InputSender;
  readonly #locate: (clientX: number, clientY: number) => PicturePosition;

  constructor(
    sender: InputSender,
    locate: (clientX: number, clientY: number) => PicturePosition,
  ) {
    this.#sender = sender;
    this.#locate = locate;
  }

  /** Takes an event of the pen; gives how many reports that were. */
  push(event: PenEvent): number {
    const together = event.getCoalescedEvents?.() ?? [];
    const reports = together.length > 0 ? together : [event];
    for (const report of reports) {
      const { pen, down } = penReport(report, !GONE.has(event.type));
      const { x, y } = this.#locate(report.clientX, report.clientY);
      this.#sender.pen({ ...pen, x, y }, down);
    }
    return reports.length;
  }
}

/** What an event says of a pen, but for its place. */
export function penReport(
  event: PenEvent,
  isNear: boolean,
): { readonly pen: Omit<Pen, "x" | "y">; readonly down: boolean } {
  const { buttons } = event;
  const pressure = Math.max(0, Math.min(1, event.pressure));
  // With the side button pressed browsers report that one instead of the tip.
  const touches = (buttons & (TIP | ERASER)) !== 0 || ((buttons & BARREL) !== 0 && pressure > 0);
  const down = isNear && touches;
  return {
    down,
    pen: {
      isNear,
      isEraser: (buttons & ERASER) !== 0,
      buttons: isNear ? ((buttons & BARREL) !== 0 ? 1 : 0) | ((buttons & UPPER) !== 0 ? 2 : 0) : 0,
      pressure: down ? Math.round(pressure * PRESSURE_SCALE) : 0,
      tiltX: tilt(event.tiltX),
      tiltY: tilt(event.tiltY),
    },
  };
}

function tilt(degrees: number): number {
  return Math.max(-MAX_TILT, Math.min(MAX_TILT, Math.round(degrees)));
}
