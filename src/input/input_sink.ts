/**
 * InputSink: a device that a viewer's hands go to, in the units of the device: Linux key codes and
 * pixels of the screen. The last step of the way back; every call returns at once.
 */

import type { DeviceAbility, DevicePen, DeviceRumble, DeviceTouch } from "../../ffi/mod.ts";

/** Where input ends. Calls throw `NativeError` when the device is gone or cannot do that. */
export interface InputSink extends Disposable {
  /** What it can do, and why not more. */
  readonly abilities: readonly DeviceAbility[];
  /** The screen has another size, in pixels. */
  setScreen(width: number, height: number): void;
  /** Presses or releases the key of Linux evdev `code`. */
  key(code: number, down: boolean): void;
  /** Moves the pointer to a pixel of the screen. */
  pointerAbsolute(x: number, y: number): void;
  /** Moves the pointer by pixels. */
  pointerRelative(dx: number, dy: number): void;
  /** Presses or releases button 1 left, 2 middle, 3 right, 8 back, 9 forward. */
  button(button: number, down: boolean): void;
  /** Turns the wheel by 1/120 notches, right and down positive. */
  wheel(dx120: number, dy120: number): void;
  /** Sets a finger down, moves it or lifts it. */
  touch(touch: DeviceTouch): void;
  /** Says where and how the pen is. */
  pen(pen: DevicePen): void;
  /** Plugs gamepad 0 to 3 in or out and sets its buttons. */
  pad(slot: number, isPresent: boolean, buttons: number): void;
  /** Moves an axis of a gamepad. */
  padAxis(slot: number, axis: number, value: number): void;
  /** Types a character; gives 0, or after how many microseconds to ask again. */
  text(codePoint: number): number;
  /** Sets the lock keys: bits Caps, Num, Scroll; those not in `known` stay. */
  locks(on: number, known: number): void;
  /** What programs asked of gamepads since the last call. */
  takeRumbles(): DeviceRumble[];
  /** Releases everything that is held and brings gamepads to rest; gives how many. */
  releaseAll(): number;
}
