/**
 * WheelMeter: wheel events to 1/120 notches. Browsers report pixels, lines or pages; what is less
 * than one unit is kept for the next event, so that slow scrolling is not lost.
 */

import { WHEEL_NOTCH } from "../../../src/wire/input.ts";

/** What of a WheelEvent is used; `wheelDelta` fields are 120 a notch where browsers have them. */
export interface WheelMotion {
  readonly deltaX: number;
  readonly deltaY: number;
  /** 0 pixels, 1 lines, 2 pages. */
  readonly deltaMode: number;
  readonly wheelDeltaX?: number;
  readonly wheelDeltaY?: number;
}

/** A notch is three lines or a third of a page in every browser that reports those. */
const UNITS_PER_LINE = WHEEL_NOTCH / 3;
const UNITS_PER_PAGE = WHEEL_NOTCH * 3;
/** Pixels of a notch where the browser gives nothing better. */
const PIXELS_PER_NOTCH = 100;

/** Measures one viewer's wheel. */
export class WheelMeter {
  #restX = 0;
  #restY = 0;

  /** Whole units of 1/120 notch that `motion` completes, right and down positive. */
  push(motion: WheelMotion): { readonly x: number; readonly y: number } {
    this.#restX += unitsOf(motion.deltaX, motion.deltaMode, motion.wheelDeltaX);
    this.#restY += unitsOf(motion.deltaY, motion.deltaMode, motion.wheelDeltaY);
    const x = Math.trunc(this.#restX);
    const y = Math.trunc(this.#restY);
    this.#restX -= x;
    this.#restY -= y;
    return { x, y };
  }
}

function unitsOf(delta: number, mode: number, wheelDelta: number | undefined): number {
  if (mode === 1) return delta * UNITS_PER_LINE;
  if (mode === 2) return delta * UNITS_PER_PAGE;
  // The older field is exact for wheels, whatever the page zoom does to pixels.
  if (wheelDelta !== undefined && wheelDelta % WHEEL_NOTCH === 0 && wheelDelta !== 0) {
    return -wheelDelta;
  }
  return delta * WHEEL_NOTCH / PIXELS_PER_NOTCH;
}
