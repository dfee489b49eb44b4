/**
 * TouchSurface: fingers on the picture: as they are, as a mouse that is where the finger is, or as a
 * trackpad. It feeds the gesture recogniser with events and time, and does what that says: to the host
 * through the sender, to the picture in sight through the view. It owns the recogniser's timers.
 */

import { POINTER_SCALE, WHEEL_NOTCH } from "../../../src/wire/input.ts";
import type { RemoteCursor } from "../ui/remote_cursor.ts";
import type { InputControl } from "./input_control.ts";
import { MultiTouch } from "./multi_touch.ts";
import { TouchGestures } from "./touch_gestures.ts";
import type { PagePoint } from "./touch_gestures.ts";

/** How fingers are read; `touch` needs a host that takes several. */
export const FINGER_MODES = ["touch", "pointer", "trackpad"] as const;
/** One of `FINGER_MODES`. */
export type FingerMode = (typeof FINGER_MODES)[number];

/** What a surface needs of the viewer. */
export interface TouchSurfaceParts {
  readonly input: InputControl;
  readonly cursor: RemoteCursor;
  openToolbar(): void;
  /** A button was let go of. */
  clicked(): void;
  /** Another part of the picture is in sight. */
  viewChanged(): void;
}

/** The trackpad's pointer stays so far from the edge of what is in sight. */
const REVEAL_PX = 48;
/** Pixels of the host that a program scrolls with one notch, as most do. */
const PIXELS_PER_NOTCH = 54;
/** A small picture scrolls faster than the finger, but not more than this. */
const SCROLL_SCALE_MAX = 3;
const REST_MS = 40;
const FELT_MS = 12;

/** Reads fingers. */
export class TouchSurface {
  readonly #parts: TouchSurfaceParts;
  readonly #gestures: TouchGestures;
  readonly #fingers: MultiTouch;
  /** Looks on while fingers go as they are: three that tap still open the toolbar. */
  readonly #watch: TouchGestures;
  #mode: FingerMode = "pointer";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  /** The trackpad's pointer, as shares of the picture. */
  #x = 0.5;
  #y = 0.5;
  #wheelX = 0;
  #wheelY = 0;
  #isScrolling = false;

  constructor(parts: TouchSurfaceParts) {
    this.#parts = parts;
    const { input } = parts;
    this.#fingers = new MultiTouch(input.sender, (x, y) => input.locate(x, y));
    const nothing = () => {};
    this.#watch = new TouchGestures("pointer", {
      ...{ moveTo: nothing, moveBy: nothing, button: nothing, scroll: nothing },
      ...{ zoom: nothing, pan: nothing, felt: nothing, toolbar: () => parts.openToolbar() },
    });
    this.#gestures = new TouchGestures("pointer", {
      moveTo: (at) => this.#moveTo(at),
      moveBy: (x, y) => this.#moveBy(x, y),
      button: (button, down, at) => this.#button(button, down, at),
      scroll: (x, y, around) => this.#scroll(x, y, around),
      zoom: (factor, { x, y }) => {
        input.view.zoomBy(factor, x, y);
        this.#place();
      },
      pan: (x, y) => {
        input.view.panBy(x, y);
        this.#place();
      },
      toolbar: () => parts.openToolbar(),
      felt: () => void navigator.vibrate?.(FELT_MS),
    });
  }

  get mode(): FingerMode {
    return this.#mode;
  }

  /** Reads fingers in another way. */
  setMode(mode: FingerMode): void {
    this.cancel();
    this.#mode = mode;
    if (mode !== "touch") this.#gestures.setMode(mode);
    const isTrackpad = mode === "trackpad";
    this.#parts.cursor.setTrackpad(isTrackpad);
    if (!isTrackpad) return;
    const { x, y } = this.#parts.input.sender.position;
    // Where nothing was pointed at yet, the middle is nearer to everything than a corner.
    const isNew = x === 0 && y === 0;
    this.#x = isNew ? 0.5 : x / POINTER_SCALE;
    this.#y = isNew ? 0.5 : y / POINTER_SCALE;
    this.follow();
  }

  /** Takes an event of a finger. */
  push(event: PointerEvent): void {
    if (event.type === "pointercancel" && this.#mode !== "touch") return this.cancel();
    const isDirect = this.#mode === "touch";
    if (isDirect) this.#fingers.push(event);
    feed(isDirect ? this.#watch : this.#gestures, event);
    if (isDirect) return;
    if (event.type === "pointerup") this.#settleView();
    this.#schedule();
  }

  /** Lets go of everything. */
  cancel(): void {
    clearTimeout(this.#restTimer);
    this.#gestures.cancel();
    this.#watch.cancel();
    this.#fingers.cancel();
    this.#isScrolling = false;
    this.#schedule();
  }

  /** The picture lies elsewhere: the trackpad's pointer moves with it. */
  follow(): void {
    if (this.#mode !== "trackpad") return;
    const { x, y } = this.#pointerPoint();
    this.#parts.cursor.moveTo(x, y);
  }

  #settleView(): void {
    this.#isScrolling = false;
    const { view } = this.#parts.input;
    const before = view.zoom;
    view.settle();
    if (view.zoom !== before) this.#place();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const { deadlineUs } = this.#gestures;
    if (deadlineUs === undefined) return;
    const waitMs = Math.max(0, deadlineUs / 1000 - performance.now());
    this.#timer = setTimeout(() => {
      this.#gestures.expire(Math.max(deadlineUs, performance.now() * 1000));
      this.#schedule();
    }, waitMs);
  }

  #place(): void {
    this.#parts.input.place();
    this.follow();
    this.#parts.viewChanged();
  }

  #moveTo(at: PagePoint): void {
    const { input } = this.#parts;
    input.sender.moveTo(input.locate(at.x, at.y));
    this.#settleLater(false);
  }

  /** Programs that hide their pointer want distances; all others get the place that is drawn. */
  #moveBy(x: number, y: number): void {
    const { input, cursor } = this.#parts;
    const { width, height } = input.view.area;
    if (width === 0 || height === 0) return;
    // Somebody else has moved it, or a program holds it: a trackpad goes on from where it is.
    const { elsewhere } = cursor;
    if (elsewhere !== undefined) {
      this.#x = elsewhere.x / POINTER_SCALE;
      this.#y = elsewhere.y / POINTER_SCALE;
    }
    this.#x = clampShare(this.#x + x / width);
    this.#y = clampShare(this.#y + y / height);
    const { picture, view, sender } = input;
    if (cursor.isHiddenByHost) {
      sender.moveBy(x * picture.width / width, y * picture.height / height);
      return this.#settleLater(true);
    }
    const { x: pageX, y: pageY } = this.#pointerPoint();
    const moved = view.reveal(pageX, pageY, REVEAL_PX);
    if (moved.x !== 0 || moved.y !== 0) this.#place();
    else this.follow();
    this.#moveTo(this.#pointerPoint());
  }

  #pointerPoint(): PagePoint {
    const { left, top, width, height } = this.#parts.input.view.area;
    return { x: left + this.#x * width, y: top + this.#y * height };
  }

  #settleLater(isRelative: boolean): void {
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => this.#parts.input.sender.settle(isRelative), REST_MS);
  }

  #button(button: number, down: boolean, at: PagePoint | undefined): void {
    const { input, clicked } = this.#parts;
    // What is to settle is where the button goes down anyway.
    clearTimeout(this.#restTimer);
    input.sender.button(button, down, at === undefined ? undefined : input.locate(at.x, at.y));
    if (!down) clicked();
  }

  /** What is under the fingers goes with them. */
  #scroll(x: number, y: number, around: PagePoint): void {
    const { input } = this.#parts;
    if (!this.#isScrolling && this.#mode === "pointer") this.#moveTo(around);
    this.#isScrolling = true;
    const { width } = input.view.area;
    const scale = width === 0 ? 1 : Math.min(SCROLL_SCALE_MAX, input.picture.width / width);
    const units = WHEEL_NOTCH * Math.max(1, scale) / PIXELS_PER_NOTCH;
    this.#wheelX -= x * units;
    this.#wheelY -= y * units;
    const wholeX = Math.trunc(this.#wheelX);
    const wholeY = Math.trunc(this.#wheelY);
    this.#wheelX -= wholeX;
    this.#wheelY -= wholeY;
    input.sender.wheel(wholeX, wholeY);
  }
}

/** Gives a recogniser an event of a finger. */
function feed(gestures: TouchGestures, event: PointerEvent): void {
  const { type, pointerId, clientX: x, clientY: y } = event;
  const nowUs = event.timeStamp * 1000;
  if (type === "pointerdown") gestures.down(pointerId, { x, y }, nowUs);
  else if (type === "pointerup") gestures.up(pointerId, nowUs);
  else if (type === "pointercancel") gestures.cancel();
  else gestures.move(pointerId, { x, y }, nowUs);
}

function clampShare(share: number): number {
  return Math.max(0, Math.min(1, share));
}
