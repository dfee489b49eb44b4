/**
 * WindowFit: asks for a screen of the window's size while that is wanted: once when it begins and
 * whenever the window has another size, after it has stood still for a moment. It never argues: a
 * screen that somebody else gave a size keeps it until this window changes.
 */

import { MAX_PICTURE_SIDE } from "../../../src/wire/codec.ts";
import { MAX_SCREEN_SCALE, MIN_SCREEN_SCALE } from "../../../src/wire/monitor_messages.ts";

/** A window that stood still for this long has its size. */
export const SETTLE_MS = 250;

/** What a screen is asked to be. */
export interface WindowSize {
  /** Device pixels. */
  readonly width: number;
  readonly height: number;
  /** Device pixels for each of CSS. */
  readonly scale: number;
}

/** What it needs of the page. */
export interface WindowFitOptions<T> {
  /** The part of the window that the picture has, in CSS pixels, and the device's pixels for each. */
  readonly measure: () => WindowSize;
  readonly ask: (size: WindowSize) => void;
  readonly setTimer: (run: () => void, waitMs: number) => T;
  readonly clearTimer: (timer: T) => void;
}

/** Fits one screen to one window. */
export class WindowFit<T> {
  readonly #options: WindowFitOptions<T>;
  #timer: T | undefined;
  #isOn = false;
  #asked: WindowSize | undefined;

  constructor(options: WindowFitOptions<T>) {
    this.#options = options;
  }

  /** True while the screen follows the window. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Begins, or ends; the screen keeps the size that it has. */
  toggle(isOn: boolean): void {
    this.#isOn = isOn;
    this.#cancel();
    this.#asked = undefined;
    if (isOn) this.#ask();
  }

  /** The window may have another size. */
  windowChanged(): void {
    if (!this.#isOn) return;
    this.#cancel();
    this.#timer = this.#options.setTimer(() => {
      this.#timer = undefined;
      this.#ask();
    }, SETTLE_MS);
  }

  /** Another screen is shown, or the host is a new one: it must be asked anew. */
  screenChanged(): void {
    this.#asked = undefined;
    if (this.#isOn) this.#ask();
  }

  /** Ends the timer. */
  close(): void {
    this.#isOn = false;
    this.#cancel();
  }

  #cancel(): void {
    if (this.#timer !== undefined) this.#options.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #ask(): void {
    const { width, height, scale } = this.#options.measure();
    const pixels = (value: number): number =>
      Math.min(MAX_PICTURE_SIDE, Math.max(1, Math.round(value * scale)));
    const size = {
      width: pixels(width),
      height: pixels(height),
      scale: Math.min(MAX_SCREEN_SCALE, Math.max(MIN_SCREEN_SCALE, scale)),
    };
    // A window that is hidden or not laid out yet has no size.
    if (!(width >= 1 && height >= 1)) return;
    if (isSame(size, this.#asked)) return;
    this.#asked = size;
    this.#options.ask(size);
  }
}

function isSame(a: WindowSize, b: WindowSize | undefined): boolean {
  return a.width === b?.width && a.height === b.height && a.scale === b.scale;
}
