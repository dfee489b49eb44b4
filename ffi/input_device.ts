/**
 * InputDevice: injects keys, buttons, wheel and motion into an X display over its own connection.
 * Input step of the sentence, the way back; it tracks what is held so that all can be released.
 */

import { decodeCText, encodeCText, ERROR_TEXT_BYTES } from "./c_text.ts";
import { nativeLibrary } from "./library.ts";
import type { InputPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

const DISPLAY_BYTES = 64;

/** Owner of one native input connection. Every call is sent at once and waits for nothing. */
export class InputDevice implements Disposable {
  #pointer: InputPointer | undefined;

  private constructor(pointer: InputPointer) {
    this.#pointer = pointer;
  }

  /** Opens display `name`; throws `NativeError` when it does not answer or lacks XTEST. */
  static async open(name: string): Promise<InputDevice> {
    const error = new Uint8Array(ERROR_TEXT_BYTES);
    const pointer = await nativeLibrary().wv_input_open(
      encodeCText(name, DISPLAY_BYTES),
      error,
      error.length,
    );
    if (pointer === null) {
      const [, status, text] = /^(-\d+) (.*)$/s.exec(decodeCText(error)) ?? [];
      throw nativeError(`open input on "${name}"`, Number(status ?? STATUS.failed), text);
    }
    return new InputDevice(pointer);
  }

  /** Presses or releases the key of Linux evdev `code` (1 to 247). */
  key(code: number, down: boolean): void {
    const status = nativeLibrary().wv_input_key(this.#live, code, down ? 1 : 0);
    checkStatus(`send key ${code}`, status);
  }

  /** Moves the pointer to pixel (`x`, `y`) of the screen; the server clamps it. */
  pointerAbsolute(x: number, y: number): void {
    const status = nativeLibrary().wv_input_pointer_absolute(this.#live, x, y);
    checkStatus(`move the pointer to ${x}, ${y}`, status);
  }

  /** Moves the pointer by (`dx`, `dy`) pixels. */
  pointerRelative(dx: number, dy: number): void {
    const status = nativeLibrary().wv_input_pointer_relative(this.#live, dx, dy);
    checkStatus(`move the pointer by ${dx}, ${dy}`, status);
  }

  /** Presses or releases X button 1 to 9 (1 left, 2 middle, 3 right, 8 back, 9 forward). */
  button(button: number, down: boolean): void {
    const status = nativeLibrary().wv_input_button(this.#live, button, down ? 1 : 0);
    checkStatus(`send button ${button}`, status);
  }

  /**
   * Turns the wheel by 1/120 notches, positive `dx120` to the right, positive `dy120` down; parts of
   * a notch add up until one is full.
   */
  wheel(dx120: number, dy120: number): void {
    const status = nativeLibrary().wv_input_wheel(this.#live, dx120, dy120);
    checkStatus(`turn the wheel by ${dx120}, ${dy120}`, status);
  }

  /** Releases every key and button that this connection holds; gives how many. */
  releaseAll(): number {
    return checkStatus("release keys", nativeLibrary().wv_input_release_all(this.#live));
  }

  /** Releases what is held and closes the connection; idempotent. */
  [Symbol.dispose](): void {
    if (this.#pointer === undefined) return;
    nativeLibrary().wv_input_close(this.#pointer);
    this.#pointer = undefined;
  }

  get #live(): InputPointer {
    if (this.#pointer === undefined) throw nativeError("use closed input", STATUS.invalid);
    return this.#pointer;
  }
}
