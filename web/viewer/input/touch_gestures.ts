/**
 * TouchGestures: fingers on the picture to what a mouse would do, as a state machine: it owns no clock,
 * no timer and no element. `pointer` mode acts where the finger is, `trackpad` mode moves a pointer
 * from wherever it is. It holds at most `FINGERS_MAX` fingers and one button, and lets go of that
 * button in every way a gesture can end.
 */

/** Where the pointer follows from. */
export type TouchMode = "pointer" | "trackpad";

/** A point of the page in CSS pixels. */
export interface PagePoint {
  readonly x: number;
  readonly y: number;
}

/** What a gesture does. */
export interface GestureActions {
  /** The pointer is at a point of the page. */
  moveTo(at: PagePoint): void;
  /** The pointer moves by CSS pixels. */
  moveBy(x: number, y: number): void;
  /** Button 1 left, 3 right; `at` where the finger says where. */
  button(button: number, down: boolean, at?: PagePoint): void;
  /** Two fingers around a point of the page moved by CSS pixels. */
  scroll(x: number, y: number, around: PagePoint): void;
  /** The picture grows by a factor around a point of the page. */
  zoom(factor: number, around: PagePoint): void;
  /** The picture moves by CSS pixels. */
  pan(x: number, y: number): void;
  /** Three fingers tapped. */
  toolbar(): void;
  /** A long press counts from here on: the hand should feel it. */
  felt(): void;
}

/** Fingers that count; further ones do nothing. */
export const FINGERS_MAX = 5;
/** A finger that stays within this circle rests. */
const SLOP_PX = 10;
/** Fingers that spread or close by this pinch. */
const PINCH_SLOP_PX = 24;
/** Fingers of one hand report one after the other: so long, the second one may still follow. */
const TOGETHER_US = 40_000;
/** Longest tap. */
const TAP_US = 280_000;
/** Shortest long press. */
const LONG_PRESS_US = 500_000;
/** A finger that moves is a drag only after this: the second one of a pinch may be on its way. */
const DRAG_AFTER_US = 70_000;
/** A second tap within this follows the first: a drag or a double click. */
const AGAIN_US = 220_000;
/** A second tap in pointer mode hits what the first one hit when it is this near and this soon. */
const SAME_PLACE_PX = 28;
const SAME_PLACE_US = 450_000;
/** Slow fingers point finely, fast ones go far. */
const GAIN_MIN = 0.8;
const GAIN_MAX = 3;
const GAIN_PER_PX_MS = 0.9;

interface Finger {
  startX: number;
  startY: number;
  x: number;
  y: number;
  atUs: number;
}

/** What the fingers are doing. */
type Phase =
  | "idle"
  /** One finger, not moved yet. */
  | "one"
  /** One finger moves the pointer of a trackpad. */
  | "move"
  /** A tap has pressed the button, which stays down until it is clear whether a drag follows. */
  | "tapped"
  /** A finger is back after a tap, with the button down. */
  | "again"
  /** One finger with the button down. */
  | "drag"
  /** Several fingers, not moved yet. */
  | "many"
  | "scroll"
  | "pinch"
  | "pan"
  /** Nothing follows until all fingers are up. */
  | "spent";

/** The recogniser. */
export class TouchGestures {
  readonly #actions: GestureActions;
  readonly #fingers = new Map<number, Finger>();
  #mode: TouchMode;
  #phase: Phase = "idle";
  #isDown = false;
  #deadlineUs: number | undefined;
  #startUs = 0;
  #fingersMost = 0;
  #hasLifted = false;
  #firstMoveUs: number | undefined;
  #centre: PagePoint = { x: 0, y: 0 };
  #spread = 0;
  #startCentre: PagePoint = { x: 0, y: 0 };
  #startSpread = 0;
  #firstPoint: PagePoint = { x: 0, y: 0 };
  #lastTap: PagePoint & { readonly atUs: number } = { x: 0, y: 0, atUs: -Infinity };

  constructor(mode: TouchMode, actions: GestureActions) {
    this.#mode = mode;
    this.#actions = actions;
  }

  /** How fingers are read. */
  get mode(): TouchMode {
    return this.#mode;
  }

  /** When `expire` is due, microseconds; undefined for never. */
  get deadlineUs(): number | undefined {
    return this.#deadlineUs;
  }

  /** True while a button is down. */
  get isHolding(): boolean {
    return this.#isDown;
  }

  /** Reads fingers in another way from now on. */
  setMode(mode: TouchMode): void {
    this.cancel();
    this.#mode = mode;
  }

  /** A finger touches. */
  down(id: number, at: PagePoint, nowUs: number): void {
    this.expire(nowUs);
    if (this.#fingers.has(id) || this.#fingers.size >= FINGERS_MAX) return;
    this.#fingers.set(id, { startX: at.x, startY: at.y, x: at.x, y: at.y, atUs: nowUs });
    switch (this.#phase) {
      case "idle":
        this.#begin("one", at, nowUs);
        if (this.#mode === "pointer") this.#deadlineUs = nowUs + LONG_PRESS_US;
        return;
      case "tapped":
        return this.#begin("again", at, nowUs);
      case "one":
      case "many":
        return this.#addToMany(nowUs);
      case "again":
      case "drag":
        // A finger that comes late ends a drag: nobody means both.
        return this.#spend();
      default:
        return this.#rebase();
    }
  }

  /** A finger moves. */
  move(id: number, at: PagePoint, nowUs: number): void {
    this.expire(nowUs);
    const finger = this.#fingers.get(id);
    if (finger === undefined) return;
    const { x, y, atUs } = finger;
    finger.x = at.x;
    finger.y = at.y;
    finger.atUs = nowUs;
    if (this.#fingers.size > 1) return this.#moveMany(nowUs);
    if (isMoved(finger)) this.#startMoving(nowUs);
    this.#moveOne({ x: at.x - x, y: at.y - y }, finger, nowUs - atUs);
  }

  /** A finger leaves. */
  up(id: number, nowUs: number): void {
    this.expire(nowUs);
    const finger = this.#fingers.get(id);
    if (finger === undefined) return;
    this.#fingers.delete(id);
    const isLast = this.#fingers.size === 0;
    const isTap = nowUs - this.#startUs <= TAP_US;
    switch (this.#phase) {
      case "one":
        return this.#endOne(finger, isTap, nowUs);
      case "again":
        return this.#endAgain(isTap, nowUs);
      case "drag":
        this.#press(false, this.#mode === "pointer" ? finger : undefined);
        return this.#rest();
      case "many":
        this.#hasLifted = true;
        if (isLast) this.#endMany(isTap);
        return;
      default:
        if (isLast) this.#rest();
        else this.#rebase();
    }
  }

  /** The browser, the mode or the focus took the fingers away: everything is let go of. */
  cancel(): void {
    this.#fingers.clear();
    this.#press(false);
    this.#rest();
  }

  /** Does what is due at `nowUs`. */
  expire(nowUs: number): void {
    if (this.#deadlineUs === undefined || nowUs < this.#deadlineUs) return;
    this.#deadlineUs = undefined;
    if (this.#phase === "tapped") {
      this.#press(false);
      this.#phase = "idle";
    } else if (this.#phase === "one") {
      this.#actions.felt();
      this.#click(3);
      this.#spend();
    }
  }

  #begin(phase: Phase, at: PagePoint, nowUs: number): void {
    this.#phase = phase;
    this.#deadlineUs = undefined;
    this.#startUs = nowUs;
    this.#firstPoint = { x: at.x, y: at.y };
    this.#fingersMost = 1;
    this.#hasLifted = false;
  }

  #addToMany(nowUs: number): void {
    // One that comes after another left is no tap of three.
    if (this.#hasLifted) return this.#spend();
    this.#deadlineUs = undefined;
    if (this.#phase === "one") this.#startUs = Math.max(this.#startUs, nowUs - TAP_US / 2);
    this.#phase = "many";
    this.#fingersMost = Math.max(this.#fingersMost, this.#fingers.size);
    this.#rebase();
    this.#startCentre = this.#centre;
    this.#startSpread = this.#spread;
    this.#firstMoveUs = undefined;
    for (const finger of this.#fingers.values()) {
      finger.startX = finger.x;
      finger.startY = finger.y;
    }
  }

  /** A finger has left the place where it came down. */
  #startMoving(nowUs: number): void {
    if (this.#phase === "again") this.#phase = "drag";
    if (this.#phase !== "one") return;
    if (this.#mode === "trackpad") {
      this.#phase = "move";
    } else if (nowUs - this.#startUs >= DRAG_AFTER_US) {
      this.#phase = "drag";
      this.#press(true, this.#firstPoint);
    }
    this.#deadlineUs = undefined;
  }

  #moveOne(by: PagePoint, at: PagePoint, elapsedUs: number): void {
    const isPointing = this.#phase === "move" || this.#phase === "drag";
    if (!isPointing) return;
    if (this.#mode === "trackpad") this.#trackpad(by.x, by.y, elapsedUs);
    else this.#actions.moveTo({ x: at.x, y: at.y });
  }

  /** The only finger is up before it was clear what it does. */
  #endOne(finger: Finger, isTap: boolean, nowUs: number): void {
    if (!isMoved(finger) && (isTap || this.#mode === "pointer")) return this.#tap(nowUs);
    if (this.#mode === "pointer") {
      // A flick: a drag that was over before it could be told from a pinch.
      this.#press(true, this.#firstPoint);
      this.#press(false, finger);
    }
    this.#rest();
  }

  #trackpad(x: number, y: number, elapsedUs: number): void {
    const speed = Math.hypot(x, y) * 1000 / Math.max(1000, elapsedUs);
    const gain = Math.max(GAIN_MIN, Math.min(GAIN_MAX, GAIN_MIN + GAIN_PER_PX_MS * speed));
    this.#actions.moveBy(x * gain, y * gain);
  }

  #moveMany(nowUs: number): void {
    if (this.#hasLifted && this.#phase === "many") return;
    const before = this.#centre;
    const spreadBefore = this.#spread;
    this.#rebase();
    const { x, y } = this.#centre;
    if (this.#phase === "many") this.#decide(nowUs);
    switch (this.#phase) {
      case "scroll":
        return this.#actions.scroll(x - before.x, y - before.y, this.#startCentre);
      case "pan":
        return this.#actions.pan(x - before.x, y - before.y);
      case "pinch":
        if (spreadBefore > 0 && this.#spread > 0) {
          this.#actions.zoom(this.#spread / spreadBefore, this.#centre);
        }
        return this.#actions.pan(x - before.x, y - before.y);
    }
  }

  /** Several fingers have begun to move: as one, or from each other. */
  #decide(nowUs: number): void {
    const moved = distance(this.#centre, this.#startCentre);
    const spread = Math.abs(this.#spread - this.#startSpread);
    if (moved <= SLOP_PX && spread <= PINCH_SLOP_PX) return;
    this.#firstMoveUs ??= nowUs;
    const resting = [...this.#fingers.values()].some((finger) => !isMoved(finger, SLOP_PX / 2));
    if (resting && nowUs - this.#firstMoveUs < TOGETHER_US) return;
    if (this.#fingers.size > 2) this.#phase = "pan";
    else if (spread > moved && spread > PINCH_SLOP_PX) this.#phase = "pinch";
    else if (!resting && moved > SLOP_PX) this.#phase = "scroll";
  }

  /** A finger went up where it came down. */
  #tap(nowUs: number): void {
    this.#deadlineUs = undefined;
    if (this.#mode === "trackpad") {
      this.#press(true);
      this.#phase = "tapped";
      this.#deadlineUs = nowUs + AGAIN_US;
      return;
    }
    const { x, y, atUs } = this.#lastTap;
    const isSame = nowUs - atUs <= SAME_PLACE_US &&
      distance(this.#firstPoint, { x, y }) <= SAME_PLACE_PX;
    // The second half of a double click goes where the first one went.
    const at = isSame ? { x, y } : this.#firstPoint;
    this.#lastTap = { ...at, atUs: nowUs };
    this.#press(true, at);
    this.#press(false, at);
    this.#rest();
  }

  /** The second tap of a trackpad: the first click ends; a short one is another click. */
  #endAgain(isTap: boolean, nowUs: number): void {
    this.#press(false);
    if (!isTap) return this.#rest();
    this.#tap(nowUs);
  }

  #endMany(isTap: boolean): void {
    const fingers = this.#fingersMost;
    this.#rest();
    if (!isTap) return;
    if (fingers === 2) this.#click(3);
    else if (fingers === 3) this.#actions.toolbar();
  }

  #click(button: number): void {
    const at = this.#mode === "pointer" ? this.#firstPoint : undefined;
    this.#actions.button(button, true, at);
    this.#actions.button(button, false, at);
  }

  #press(down: boolean, at?: PagePoint): void {
    if (this.#isDown === down) return;
    this.#isDown = down;
    this.#actions.button(1, down, at === undefined ? undefined : { x: at.x, y: at.y });
  }

  /** What the fingers do from here on means nothing. */
  #spend(): void {
    this.#press(false);
    this.#deadlineUs = undefined;
    this.#phase = this.#fingers.size === 0 ? "idle" : "spent";
  }

  #rest(): void {
    this.#deadlineUs = undefined;
    this.#phase = this.#fingers.size === 0 ? "idle" : "spent";
  }

  /** Middle of the fingers and how far they are from it, so that one more or less moves nothing. */
  #rebase(): void {
    let x = 0;
    let y = 0;
    for (const finger of this.#fingers.values()) {
      x += finger.x;
      y += finger.y;
    }
    const count = Math.max(1, this.#fingers.size);
    this.#centre = { x: x / count, y: y / count };
    let spread = 0;
    for (const finger of this.#fingers.values()) spread += distance(finger, this.#centre);
    this.#spread = spread * 2 / count;
  }
}

function isMoved({ x, y, startX, startY }: Finger, slop = SLOP_PX): boolean {
  return Math.hypot(x - startX, y - startY) > slop;
}

function distance(a: PagePoint, b: PagePoint): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
