/**
 * XtestSink: injects input into an X display through the XTEST extension, over a connection of its
 * own, so that no grab of the screen delays a key. Synchronous: an event takes some microseconds.
 */

import { InputDevice } from "../../ffi/mod.ts";
import type { InputSink } from "./input_sink.ts";

/** Input into one display. */
export class XtestSink implements InputSink {
  readonly #device: InputDevice;

  private constructor(device: InputDevice) {
    this.#device = device;
  }

  /** Opens display `name`; throws `NativeError` when it does not answer or lacks XTEST. */
  static async open(name: string): Promise<XtestSink> {
    return new XtestSink(await InputDevice.open(name));
  }

  key(code: number, down: boolean): void {
    this.#device.key(code, down);
  }

  pointerAbsolute(x: number, y: number): void {
    this.#device.pointerAbsolute(x, y);
  }

  pointerRelative(dx: number, dy: number): void {
    this.#device.pointerRelative(dx, dy);
  }

  button(button: number, down: boolean): void {
    this.#device.button(button, down);
  }

  wheel(dx120: number, dy120: number): void {
    this.#device.wheel(dx120, dy120);
  }

  releaseAll(): number {
    return this.#device.releaseAll();
  }

  [Symbol.dispose](): void {
    this.#device[Symbol.dispose]();
  }
}
