/**
 * InputControl: decides when keys and pointer belong to the host: while the picture has the focus,
 * the connection takes input and the person has not released them. Every toggle, every loss of focus
 * and every end lets go of all keys and buttons.
 */

import type { RemoteCursor } from "../ui/remote_cursor.ts";
import { shortcutOf } from "../ui/shortcuts.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import { InputSender } from "./input_sender.ts";
import type { InputSink } from "./input_sender.ts";
import { Keyboard } from "./keyboard.ts";
import { containPicture, positionInPicture } from "./picture_geometry.ts";
import type { Box, PictureSize } from "./picture_geometry.ts";
import { Pointer } from "./pointer.ts";

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
  readonly #stage: HTMLElement;
  readonly #cursor: RemoteCursor;
  readonly #handlers: InputControlHandlers;
  readonly #sender: InputSender;
  readonly #keyboard: Keyboard;
  readonly #pointer: Pointer;
  readonly #listening = new AbortController();
  readonly #resizes = new ResizeObserver(() => this.#place());
  #picture: PictureSize = { width: 0, height: 0 };
  #area: Box = { left: 0, top: 0, width: 0, height: 0 };
  #isReleased = false;

  constructor(stage: HTMLElement, cursor: RemoteCursor, handlers: InputControlHandlers) {
    this.#stage = stage;
    this.#cursor = cursor;
    this.#handlers = handlers;
    this.#sender = new InputSender((record, datagram) => handlers.send(record, datagram));
    this.#keyboard = new Keyboard(this.#sender, isApplePlatform());
    this.#pointer = new Pointer(this.#sender, {
      target: stage,
      isCaptured: () => this.#sender.isEnabled && !this.#isReleased,
      locate: (x, y) => positionInPicture(x, y, this.#area, this.#picture),
      moved: (event, isRelative) => {
        if (isRelative) cursor.moveBy(event.movementX, event.movementY);
        else cursor.moveTo(event.clientX, event.clientY);
      },
    });
    this.#listen();
  }

  /** True under pointer lock. */
  get isRelative(): boolean {
    return this.#pointer.isRelative;
  }

  /** A connection takes input for `streamId`. */
  begin(streamId: number): void {
    this.#sender.begin(streamId);
  }

  /** Another stream is on its way: what hands do until its picture is there is for no device. */
  pause(): void {
    this.#sender.pause();
  }

  /** The picture of a stream is there that input is for from now on. */
  resume(streamId: number): void {
    this.#sender.resume(streamId);
  }

  /** The connection is gone. */
  end(): void {
    this.#sender.end();
    if (this.isRelative) document.exitPointerLock();
  }

  /** Stops listening; idempotent. */
  close(): void {
    this.end();
    this.#listening.abort();
    this.#resizes.disconnect();
    this.#pointer.close();
  }

  /** Shows the host that the viewer is alive. */
  beat(): void {
    this.#sender.beat();
  }

  /** Lets go of all keys and buttons. */
  release(): void {
    if (this.#sender.heldCount > 0) this.#sender.release();
  }

  /** The picture has another size. */
  resizePicture(width: number, height: number): void {
    this.#picture = { width, height };
    this.#place();
  }

  /** Releases keyboard and mouse, or takes them again; true when they are the host's. */
  toggleCapture(): boolean {
    this.#sender.release();
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
    if (!this.#sender.isEnabled || this.#isReleased) return "Take the mouse first";
    this.#stage.focus();
    try {
      // Without the system's acceleration where the platform allows it: games want raw motion.
      await lockPointer(this.#stage, true).catch(() => lockPointer(this.#stage, false));
      return undefined;
    } catch {
      return "The browser did not hand over the mouse: click the picture and try again";
    }
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
      if (this.#keyboard.down(event)) event.preventDefault();
    } else if (this.#handlers.otherKey(event)) event.preventDefault();
  }

  #keyUp(event: KeyboardEvent): void {
    if (this.#isHosts(event) && this.#keyboard.up(event)) event.preventDefault();
  }

  /** Keys belong to the host while the picture has the focus. */
  #isHosts(event: KeyboardEvent): boolean {
    return event.target === this.#stage && this.#sender.isEnabled && !this.#isReleased;
  }

  #place(): void {
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    this.#area = containPicture({ left, top, width, height }, this.#picture);
    this.#cursor.place(this.#area, this.#picture);
  }
}

async function lockPointer(target: HTMLElement, unadjustedMovement: boolean): Promise<void> {
  const options = unadjustedMovement ? { unadjustedMovement } : undefined;
  const request = target.requestPointerLock as (options?: object) => Promise<void> | undefined;
  await request.call(target, options);
}

function isApplePlatform(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
