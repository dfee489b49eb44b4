/**
 * InputSender: turns what hands do into the records and datagrams of wire/input, in sequence, for one
 * connection at a time. It knows which keys, buttons and fingers are down so that it can let go of all
 * of them; it sends nothing while it is disabled.
 */

import { encodePen, encodeTouch, encodeTouchMotion } from "../../../src/wire/contact.ts";
import type { Pen, Touch } from "../../../src/wire/contact.ts";
import { encodeInputEvent, encodePointerMotion } from "../../../src/wire/input.ts";
import type { InputEvent, InputKind } from "../../../src/wire/input.ts";
import { encodePadAxis, encodePadMotion } from "../../../src/wire/pad.ts";
import type { PadAxes } from "../../../src/wire/pad.ts";
import { encodeLocks } from "../../../src/wire/typing.ts";
import type { LockState } from "../../../src/wire/typing.ts";
import { ALL_HANDS } from "../people/people_rights.ts";
import type { Hands } from "../people/people_rights.ts";

/** Relative motion of one record or datagram step, as the wire bounds it. */
const MAX_RELATIVE = 32_767;
/** Wheel motion of one record. */
const MAX_WHEEL = 12_000;

/** Whose right it takes to send a kind; the others are anybody's who may send something. */
const HANDS_OF: Readonly<Partial<Record<InputKind, keyof Hands>>> = {
  ...{ key: "keyboard", text: "keyboard", locks: "keyboard" },
  ...{ button: "pointer", wheel: "pointer", absolute: "pointer", relative: "pointer" },
  ...{ touch: "pointer", touch_cancel: "pointer", pen: "pointer" },
  ...{ pad: "pad", pad_axis: "pad" },
};

/** Takes encoded input: a record for the input stream, a pointer datagram. */
export type InputSink = (
  record: Uint8Array<ArrayBuffer> | undefined,
  datagram: Uint8Array<ArrayBuffer> | undefined,
) => void;

/** A position in the picture, 0-65,535 each way. */
export interface PicturePosition {
  readonly x: number;
  readonly y: number;
}

/** What hands hold down. */
export interface HeldInput {
  readonly keys: readonly number[];
  readonly buttons: readonly number[];
}

/** Encodes input. */
export class InputSender {
  readonly #sink: InputSink;
  readonly #keys = new Set<number>();
  readonly #buttons = new Set<number>();
  readonly #touches = new Set<number>();
  #isPenNear = false;
  #hands = ALL_HANDS;
  #isEnabled = false;
  #isPaused = false;
  #streamId = 0;
  #sequence = 0;
  #pointerSequence = 0;
  #sumX = 0;
  #sumY = 0;
  #position: PicturePosition = { x: 0, y: 0 };

  constructor(sink: InputSink) {
    this.#sink = sink;
  }

  /** True between `begin` and `end`, unless it is paused. */
  get isEnabled(): boolean {
    return this.#isEnabled && !this.#isPaused;
  }

  /** True between `begin` and `end`. */
  get isBegun(): boolean {
    return this.#isEnabled;
  }

  /** Hands that count on the host; what others do is not sent. */
  get hands(): Hands {
    return this.#hands;
  }

  /** Sets whose hands count; those that no longer do let go first. */
  setHands(hands: Hands): void {
    const now = this.#hands;
    const isLess = (now.keyboard && !hands.keyboard) || (now.pointer && !hands.pointer) ||
      (now.pad && !hands.pad);
    if (isLess && this.isEnabled) this.release();
    this.#hands = hands;
  }

  /** Last absolute position that was sent. */
  get position(): PicturePosition {
    return this.#position;
  }

  /** Keys, buttons and fingers that are down. */
  get heldCount(): number {
    return this.#keys.size + this.#buttons.size + this.#touches.size + (this.#isPenNear ? 1 : 0);
  }

  /** Keys and buttons that are down, each in the order in which they went down. */
  get held(): HeldInput {
    return { keys: [...this.#keys], buttons: [...this.#buttons] };
  }

  /** Presses again what was down on another connection. */
  press({ keys, buttons }: HeldInput): void {
    for (const key of keys) this.key(key, true);
    for (const button of buttons) this.button(button, true, undefined);
  }

  /** A new connection, whose input is for `streamId`: all numbers start again. */
  begin(streamId: number): void {
    this.#isEnabled = true;
    this.#isPaused = false;
    this.#streamId = streamId;
    this.#sequence = 0;
    this.#pointerSequence = 0;
    this.#sumX = 0;
    this.#sumY = 0;
    this.#forget();
  }

  /** Lets go of everything and sends nothing but signs of life until `resume`. */
  pause(): void {
    this.release();
    this.#isPaused = true;
  }

  /** What follows is for the device of that stream. */
  resume(streamId: number): void {
    this.#isPaused = false;
    if (streamId === this.#streamId) return;
    this.#streamId = streamId;
    this.#record("target", false, streamId, 0, 0);
  }

  /** The connection is gone; the host lets go by itself. */
  end(): void {
    this.#isEnabled = false;
    this.#forget();
  }

  /** A key goes down or up, as XT scancode; a repeat or an unmatched end is not sent. */
  key(scancode: number, down: boolean): void {
    if (!this.#note(this.#keys, scancode, down)) return;
    this.#record("key", down, scancode, 0, 0);
  }

  /** A button goes down or up at a position, or where the pointer is. */
  button(button: number, down: boolean, position: PicturePosition | undefined): void {
    if (position !== undefined) this.#position = position;
    if (!this.#note(this.#buttons, button, down)) return;
    this.#record("button", down, button, this.#position.x, this.#position.y);
  }

  /** The wheel turns, in 1/120 notches, right and down positive. */
  wheel(x: number, y: number): void {
    if (x === 0 && y === 0) return;
    this.#record("wheel", false, 0, clamp(x, MAX_WHEEL), clamp(y, MAX_WHEEL));
  }

  /** The pointer is at a position. */
  moveTo(position: PicturePosition): void {
    if (!this.isEnabled) return;
    this.#position = position;
    this.#motion(false, position.x, position.y);
  }

  /** The pointer moved by pixels. */
  moveBy(x: number, y: number): void {
    if (!this.isEnabled) return;
    this.#sumX = (this.#sumX + clamp(x, MAX_RELATIVE)) | 0;
    this.#sumY = (this.#sumY + clamp(y, MAX_RELATIVE)) | 0;
    this.#motion(true, this.#sumX, this.#sumY);
  }

  /** The pointer has come to rest: says again what a lost datagram may have said. */
  settle(isRelative: boolean): void {
    if (isRelative) this.#motion(true, this.#sumX, this.#sumY);
    else this.#record("absolute", false, 0, this.#position.x, this.#position.y);
  }

  /** A finger touches, or lifts where it was last. */
  touch(touch: Touch, down: boolean): void {
    if (!this.#note(this.#touches, touch.id, down)) return;
    const { code, x, y } = encodeTouch(touch);
    this.#record("touch", down, code, x, y);
  }

  /** A finger that touches moved. */
  moveTouch(touch: Touch): void {
    if (!this.#mayPoint || !this.#touches.has(touch.id)) return;
    const sequence = this.#countMotion();
    this.#sink(undefined, encodeTouchMotion({ ...touch, streamId: this.#streamId, sequence }));
  }

  /** A finger that touches has come to rest: says again what a lost datagram may have said. */
  settleTouch(touch: Touch): void {
    if (!this.isEnabled || !this.#touches.has(touch.id)) return;
    const { code, x, y } = encodeTouch(touch);
    this.#record("touch", true, code, x, y);
  }

  /** A finger's touch ends and means nothing. */
  cancelTouch(id: number): void {
    if (this.#note(this.#touches, id, false)) this.#record("touch_cancel", false, id, 0, 0);
  }

  /** A pen is near, on the picture, or gone. */
  pen(pen: Pen, down: boolean): void {
    if (!this.isEnabled || (!pen.isNear && !this.#isPenNear)) return;
    this.#isPenNear = pen.isNear;
    const { code, x, y } = encodePen(pen);
    this.#record("pen", down, code, x, y);
  }

  /** A gamepad is there with these buttons down; undefined: it is gone. */
  pad(slot: number, buttons: number | undefined): void {
    if (this.isEnabled) this.#record("pad", buttons !== undefined, slot, buttons ?? 0, 0);
  }

  /** Sticks or triggers of a gamepad moved. */
  movePad(slot: number, axes: PadAxes): void {
    if (!this.isEnabled || !this.#hands.pad) return;
    const sequence = this.#countMotion();
    this.#sink(undefined, encodePadMotion({ slot, axes, streamId: this.#streamId, sequence }));
  }

  /** A stick axis or a trigger has come to rest: says again what a lost datagram may have said. */
  settlePad(slot: number, axis: number, value: number): void {
    if (this.isEnabled) this.#record("pad_axis", false, encodePadAxis(slot, axis), value, 0);
  }

  /** A character, whatever keys it takes there. */
  text(codePoint: number): void {
    if (this.isEnabled) this.#record("text", false, 0, codePoint, 0);
  }

  /** The lock keys are in this state here. */
  locks(state: LockState): void {
    if (this.isEnabled) this.#record("locks", false, encodeLocks(state), 0, 0);
  }

  /** Lets go of everything. */
  release(): void {
    this.#forget();
    this.#record("release", false, 0, 0, 0);
  }

  /** Lets go of the keys in `scancodes` that are down. */
  releaseKeys(keep: (scancode: number) => boolean): void {
    for (const scancode of [...this.#keys]) if (!keep(scancode)) this.key(scancode, false);
  }

  /** Shows the host that the viewer is alive. */
  beat(): void {
    this.#record("beat", false, 0, 0, 0);
  }

  /** Remembers what is down; false when nothing changes. */
  #note(held: Set<number>, code: number, down: boolean): boolean {
    if (!this.isEnabled || held.has(code) === down) return false;
    if (down) held.add(code);
    else held.delete(code);
    return true;
  }

  #forget(): void {
    this.#keys.clear();
    this.#buttons.clear();
    this.#touches.clear();
    this.#isPenNear = false;
  }

  #countMotion(): number {
    this.#pointerSequence = (this.#pointerSequence + 1) >>> 0;
    return this.#pointerSequence;
  }

  get #mayPoint(): boolean {
    return this.isEnabled && this.#hands.pointer;
  }

  #motion(relative: boolean, x: number, y: number): void {
    if (!this.#mayPoint) return;
    const sequence = this.#countMotion();
    this.#sink(
      undefined,
      encodePointerMotion({ relative, streamId: this.#streamId, sequence, x, y }),
    );
  }

  #record(kind: InputKind, down: boolean, code: number, x: number, y: number): void {
    if (!this.#isEnabled || (this.#isPaused && kind !== "beat")) return;
    const hand = HANDS_OF[kind];
    if (hand !== undefined && !this.#hands[hand]) return;
    this.#sequence = (this.#sequence + 1) >>> 0;
    const event: InputEvent = {
      kind,
      down,
      code,
      sequence: this.#sequence,
      pointerSequence: this.#pointerSequence,
      x,
      y,
    };
    this.#sink(encodeInputEvent(event), undefined);
  }
}

function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Math.round(value)));
}
