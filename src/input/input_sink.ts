/**
 * InputSink: a device that a viewer's keys and pointer go to, in the units of the device: Linux key
 * codes and pixels of the screen. The last step of the way back; every call returns at once.
 */

/** Where input ends. Calls throw `NativeError` when the device is gone. */
export interface InputSink extends Disposable {
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
  /** Releases every key and button that is held; gives how many. */
  releaseAll(): number;
}
