/**
 * InputDevice: what hands do, into an X display over a connection of its own or into devices of the
 * kernel, whichever does each kind of it best. Input step of the sentence, the way back; it tracks what
 * is held so that all can be released.
 */

import { decodeCText, encodeCText, ERROR_TEXT_BYTES } from "./c_text.ts";
import { nativeLibrary } from "./library.ts";
import type { InputPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

const DISPLAY_BYTES = 64;
const DESCRIPTION_BYTES = 4096;
const RUMBLES_MAX = 32;
const RUMBLE_WORDS = 4;

/** `WV_INPUT_*`. */
const CHOICES = { auto: 0, xtest: 1, uinput: 2 } as const;
/** `WV_TOUCH_*`. */
const TOUCH_PHASES = { up: 0, down: 1, cancel: 2 } as const;
const PEN_NEAR = 1;
const PEN_DOWN = 2;
const PEN_ERASER = 4;
const PEN_BUTTON_SHIFT = 3;

/** Back-end of the device: the best for each kind of input, or one for all. */
export type InputChoice = keyof typeof CHOICES;

/** What to open. */
export interface InputDeviceOptions {
  /** Default auto. */
  readonly choice?: InputChoice;
  /** Size of the screen in pixels, which absolute devices of the kernel need; default 0. */
  readonly width?: number;
  readonly height?: number;
}

/** One thing that the device can or cannot do. */
export interface DeviceAbility {
  /** As in src/wire/input_messages.ts. */
  readonly name: string;
  readonly state: "full" | "emulated" | "none";
  /** Back-end that does it, empty for none. */
  readonly device: string;
  /** Why it is not full; empty when it is. */
  readonly reason: string;
}

/** A finger. */
export interface DeviceTouch {
  /** 0-9. */
  readonly id: number;
  /** down: it is set down or moves. */
  readonly phase: keyof typeof TOUCH_PHASES;
  /** Pixels of the screen. */
  readonly x: number;
  readonly y: number;
  /** 0-4,095. */
  readonly pressure: number;
}

/** A pen. */
export interface DevicePen {
  readonly isNear: boolean;
  readonly isDown: boolean;
  readonly isEraser: boolean;
  /** Bit 0 the lower button, bit 1 the upper one. */
  readonly buttons: number;
  /** Pixels of the screen. */
  readonly x: number;
  readonly y: number;
  /** 0-4,095. */
  readonly pressure: number;
  /** Degrees from upright. */
  readonly tiltX: number;
  readonly tiltY: number;
}

/** A pad is to shake; both strengths 0 end it. */
export interface DeviceRumble {
  readonly slot: number;
  /** 0-65,535. */
  readonly strong: number;
  readonly weak: number;
  readonly durationMs: number;
}

/** Owner of one native input handle. Every call is sent at once and waits for nothing. */
export class InputDevice implements Disposable {
  readonly #rumbles = new Uint32Array(RUMBLES_MAX * RUMBLE_WORDS);
  #pointer: InputPointer | undefined;

  private constructor(pointer: InputPointer) {
    this.#pointer = pointer;
  }

  /** Opens input for display `name`; throws `NativeError` when no back-end can do anything. */
  static async open(name: string, options: InputDeviceOptions = {}): Promise<InputDevice> {
    const error = new Uint8Array(ERROR_TEXT_BYTES);
    const pointer = await nativeLibrary().wv_input_open(
      encodeCText(name, DISPLAY_BYTES),
      CHOICES[options.choice ?? "auto"],
      options.width ?? 0,
      options.height ?? 0,
      error,
      error.length,
    );
    if (pointer === null) {
      const [, status, text] = /^(-\d+) (.*)$/s.exec(decodeCText(error)) ?? [];
      throw nativeError(`open input on "${name}"`, Number(status ?? STATUS.failed), text);
    }
    return new InputDevice(pointer);
  }

  /** What it can do on this display, and why not more. */
  get abilities(): readonly DeviceAbility[] {
    const json = new Uint8Array(DESCRIPTION_BYTES);
    const status = nativeLibrary().wv_input_describe(this.#live, json, json.length);
    checkStatus("describe input", status);
    return JSON.parse(decodeCText(json)) as DeviceAbility[];
  }

  /** The screen has another size, in pixels. */
  setScreen(width: number, height: number): void {
    const status = nativeLibrary().wv_input_set_screen(this.#live, width, height);
    checkStatus(`fit input to ${width}x${height}`, status);
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

  /** Sets a finger down, moves it or lifts it. */
  touch({ id, phase, x, y, pressure }: DeviceTouch): void {
    const code = TOUCH_PHASES[phase];
    const status = nativeLibrary().wv_input_touch(this.#live, id, code, x, y, pressure);
    checkStatus(`send touch ${id}`, status);
  }

  /** Says where and how the pen is. */
  pen(pen: DevicePen): void {
    const flags = (pen.isNear ? PEN_NEAR : 0) | (pen.isDown ? PEN_DOWN : 0) |
      (pen.isEraser ? PEN_ERASER : 0) | (pen.buttons << PEN_BUTTON_SHIFT);
    const { x, y, pressure, tiltX, tiltY } = pen;
    const status = nativeLibrary().wv_input_pen(this.#live, flags, x, y, pressure, tiltX, tiltY);
    checkStatus(`send the pen at ${x}, ${y}`, status);
  }

  /** Plugs gamepad 0 to 3 in or out; `buttons` by bit in the order of the Gamepad API. */
  pad(slot: number, isPresent: boolean, buttons: number): void {
    const status = nativeLibrary().wv_input_pad(this.#live, slot, isPresent ? 1 : 0, buttons);
    checkStatus(`send pad ${slot}`, status);
  }

  /** Moves axis 0 to 3 (sticks, -32,767 to 32,767) or 4 and 5 (triggers, 0 to 32,767) of a gamepad. */
  padAxis(slot: number, axis: number, value: number): void {
    const status = nativeLibrary().wv_input_pad_axis(this.#live, slot, axis, value);
    checkStatus(`send axis ${axis} of pad ${slot}`, status);
  }

  /** Types a character; gives 0, or after how many microseconds to ask again. */
  text(codePoint: number): number {
    const status = nativeLibrary().wv_input_text(this.#live, codePoint);
    return checkStatus(`type character ${codePoint}`, status);
  }

  /** Sets the lock keys: bits 0 to 2 Caps, Num and Scroll; those not in `known` stay. */
  locks(on: number, known: number): void {
    checkStatus("set lock keys", nativeLibrary().wv_input_locks(this.#live, on, known));
  }

  /** What programs asked of gamepads since the last call, oldest first; never waits. */
  takeRumbles(): DeviceRumble[] {
    const words = this.#rumbles;
    const taken = nativeLibrary().wv_input_take_rumbles(this.#live, words, RUMBLES_MAX);
    const at = (word: number): number => words[word] ?? 0;
    return Array.from({ length: checkStatus("ask gamepads", taken) }, (_, index) => {
      const first = index * RUMBLE_WORDS;
      return {
        slot: at(first),
        strong: at(first + 1),
        weak: at(first + 2),
        durationMs: at(first + 3),
      };
    });
  }

  /** Releases everything that is held and brings gamepads to rest; gives how many. */
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
