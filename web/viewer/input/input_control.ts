/**
 * InputControl: decides when keys, pointer and fingers belong to the host: while the picture has the
 * focus, the connection takes input and the person has not released them. Every toggle, every loss of
 * focus and every end lets go of all keys and buttons.
 */

import type { Hands } from "../people/people_rights.ts";
import type { RemoteCursor } from "../ui/remote_cursor.ts";
import { shortcutOf } from "../ui/shortcuts.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import type { HandsHook } from "./hands_hook.ts";
import { InputSender } from "./input_sender.ts";
import type { InputSink, PicturePosition } from "./input_sender.ts";
import { Keyboard } from "./keyboard.ts";
import { keyboardPlatform } from "./keyboard_platform.ts";
import type { MotionStats } from "./motion_meter.ts";
import { positionInPicture } from "./picture_geometry.ts";
import type { PictureSize } from "./picture_geometry.ts";
import { PictureView } from "./picture_view.ts";
import { Pointer } from "./pointer.ts";
import { PointerHint } from "./pointer_hint.ts";
import { lockPointer } from "./pointer_lock.ts";
import { RecordHold } from "./record_hold.ts";

/** What input control gives and asks for. */
export interface InputControlHandlers {
  readonly send: InputSink;
  /** A shortcut of the viewer was pressed. */
  shortcut(action: ShortcutAction): void;
  /** A key went down that is not the host's; true when it is used. */
  otherKey(event: KeyboardEvent): boolean;
  /** Mouse mode changed. */
  changed(): void;
}

/** Joins keyboard and pointer with the sender. */
export class InputControl {
  readonly sender: InputSender;
  readonly keyboard: Keyboard;
  /** What of the picture is in sight; `place` shows a change of it. */
  readonly view = new PictureView();
  /** Who reads fingers and gamepads, once somebody does. */
  hands: HandsHook | undefined;
  /** Sees the host's keys before the host; true leaves the browser its part of a key, such as to paste. */
  keyHook: ((event: KeyboardEvent) => boolean) | undefined;
  /** The way of records to the host. */
  readonly records: RecordHold;
  /** The host's place of each gamepad of this viewer that has one, both counted from 0. */
  players: ReadonlyMap<number, number> = new Map();
  /** True while the host's device takes a pen as a pen. */
  takesPen = false;
  /** A program on the host wants the mouse for itself. */
  wantsMouse: () => void = () => {};
  readonly #hint = new PointerHint();
  readonly #stage: HTMLElement;
  readonly #cursor: RemoteCursor;
  readonly #handlers: InputControlHandlers;
  readonly #pointer: Pointer;
  readonly #listening = new AbortController();
  readonly #resizes = new ResizeObserver(() => this.place());
  #picture: PictureSize = { width: 0, height: 0 };
  #isReleased = false;

  constructor(stage: HTMLElement, cursor: RemoteCursor, handlers: InputControlHandlers) {
    this.#stage = stage;
    this.#cursor = cursor;
    this.#handlers = handlers;
    this.records = new RecordHold((record, datagram) => handlers.send(record, datagram));
    this.sender = new InputSender(this.records.send);
    this.keyboard = new Keyboard(this.sender, keyboardPlatform(navigator.userAgent));
    this.#pointer = new Pointer(this.sender, {
      target: stage,
      isCaptured: () => this.isCaptured,
      takesPen: () => this.takesPen,
      locate: (x, y) => this.locate(x, y),
      moved: (event, isRelative) => {
        if (isRelative) return cursor.moveBy(event.movementX, event.movementY);
        cursor.moveTo(event.clientX, event.clientY);
        if (event.pointerType !== "mouse" || !cursor.isPointing()) return;
        if (this.#hint.moved(cursor.isTaken, event.timeStamp)) this.wantsMouse();
      },
      looked: (event) => {
        this.keyboard.flush();
        this.keyboard.look(event);
      },
      finger: (event) => this.hands?.finger(event) === true,
    });
    cursor.isPointing = () => this.isCaptured && this.sender.hands.pointer;
    this.#listen();
  }

  /** True while what hands do goes to the host. */
  get isCaptured(): boolean {
    const { isEnabled, hands } = this.sender;
    return isEnabled && (hands.keyboard || hands.pointer) && !this.#isReleased;
  }

  /** True while gamepads go to the host. */
  get takesPads(): boolean {
    return this.sender.isEnabled && this.sender.hands.pad && !this.#isReleased;
  }

  /** True under pointer lock. */
  get isRelative(): boolean {
    return this.#pointer.isRelative;
  }

  /** Size of the host's screen in its pixels. */
  get picture(): PictureSize {
    return this.#picture;
  }

  /** How motion went out since the last call. */
  takeMotionStats(): MotionStats {
    return this.#pointer.meter.take();
  }

  /** Where in the picture a point of the page is. */
  locate(clientX: number, clientY: number): PicturePosition {
    return positionInPicture(clientX, clientY, this.view.area, this.#picture);
  }

  /** A connection takes input for `streamId`. */
  begin(streamId: number): void {
    this.records.clear();
    this.sender.begin(streamId);
    this.keyboard.forget();
    this.hands?.begin();
  }

  /**
   * The session goes on over another connection, which takes input for `streamId` after `moved` was
   * called: what is held down is pressed there again. Fingers and pads begin anew.
   */
  move(streamId: number, moved: () => void): void {
    const { held, isBegun } = this.sender;
    this.hands?.release();
    this.records.release();
    moved();
    // Who sends no input has none to go on with; rights that come later begin it.
    if (!isBegun) return;
    this.sender.begin(streamId);
    this.sender.press(held);
    this.hands?.begin();
  }

  /** Another stream is on its way: what hands do until its picture is there is for no device. */
  pause(): void {
    this.hands?.release();
    this.sender.pause();
  }

  /** The picture of a stream is there that input is for from now on. */
  resume(streamId: number): void {
    this.sender.resume(streamId);
    this.hands?.begin();
  }

  /** The connection is gone. */
  end(): void {
    this.hands?.release();
    this.sender.end();
    this.records.clear();
    if (this.isRelative) document.exitPointerLock();
  }

  /** Sets whose hands count on the host; those that no longer do let go. */
  setHands(hands: Hands): void {
    if (!hands.keyboard && !hands.pointer) this.release();
    this.sender.setHands(hands);
    if (!hands.pointer && this.isRelative) document.exitPointerLock();
  }

  /** Stops listening; idempotent. */
  close(): void {
    this.end();
    this.#listening.abort();
    this.#resizes.disconnect();
    this.#pointer.close();
    this.keyboard.forget();
  }

  /** Shows the host that the viewer is alive. */
  beat(): void {
    this.sender.beat();
  }

  /** Lets go of everything. */
  release(): void {
    this.keyboard.forget();
    this.hands?.release();
    if (this.sender.heldCount > 0) this.sender.release();
  }

  /** The picture has another size. */
  resizePicture(width: number, height: number): void {
    this.#picture = { width, height };
    this.place();
  }

  /** Releases keyboard and mouse, or takes them again; true when they are the host's. */
  toggleCapture(): boolean {
    this.hands?.release();
    this.sender.release();
    this.#isReleased = !this.#isReleased;
    if (this.#isReleased && this.isRelative) document.exitPointerLock();
    if (this.#isReleased) this.#stage.blur();
    else this.#stage.focus();
    this.#stage.classList.toggle("released", this.#isReleased);
    return !this.#isReleased;
  }

  /** Switches between absolute and relative mouse; returns what went wrong, for people. */
  async toggleRelative(): Promise<string | undefined> {
    this.release();
    if (this.isRelative) {
      document.exitPointerLock();
      return undefined;
    }
    if (!this.isCaptured) return "Take the mouse first";
    this.#stage.focus();
    return await lockPointer(this.#stage);
  }

  /** Lays the picture out anew: its box, its size or what of it is in sight is another. */
  place(): void {
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    this.view.place({ left, top, width, height }, this.#picture);
    this.#stage.style.setProperty("--picture-transform", this.view.transform || "none");
    this.#cursor.place(this.view.area, this.#picture);
  }

  #listen(): void {
    const { signal } = this.#listening;
    const first = { capture: true, signal };
    globalThis.addEventListener("keydown", (event) => this.#keyDown(event), first);
    globalThis.addEventListener("keyup", (event) => this.#keyUp(event), first);
    globalThis.addEventListener("blur", () => this.release(), { signal });
    this.#stage.addEventListener("blur", () => this.release(), { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.release();
    }, { signal });
    document.addEventListener("pointerlockchange", () => {
      this.release();
      this.#cursor.setLocked(this.isRelative);
      this.#handlers.changed();
    }, { signal });
    this.#resizes.observe(this.#stage);
  }

  #keyDown(event: KeyboardEvent): void {
    const action = shortcutOf(event);
    if (action !== undefined) {
      event.preventDefault();
      event.stopPropagation();
      // The modifiers went to the host before the letter came.
      this.release();
      if (!event.repeat) this.#handlers.shortcut(action);
      return;
    }
    if (this.#isHosts(event)) {
      const isShared = this.keyHook?.(event) === true;
      if (this.keyboard.down(event) && !isShared) event.preventDefault();
    } else if (this.#handlers.otherKey(event)) event.preventDefault();
  }

  #keyUp(event: KeyboardEvent): void {
    if (this.#isHosts(event) && this.keyboard.up(event)) event.preventDefault();
  }

  /** Keys belong to the host while the picture has the focus. */
  #isHosts(event: KeyboardEvent): boolean {
    return event.target === this.#stage && this.isCaptured;
  }
}
