/**
 * Pointer: mouse, pen and touch over the picture, absolute or, under pointer lock, relative. Motion
 * goes out as fast as the browser reports it but at most every `MOTION_INTERVAL_MS`: of places only the
 * newest waits, distances add up. It is said once more when the pointer rests. It owns its listeners
 * and two timers.
 */

import type { InputSender, PicturePosition } from "./input_sender.ts";
import type { LockReader } from "./lock_watch.ts";
import { MotionMeter } from "./motion_meter.ts";
import { PenTracker } from "./pen.ts";
import { WheelMeter } from "./wheel.ts";

/** Least time between two motions: 500 a second, above what a display can show. */
const MOTION_INTERVAL_MS = 2;
/** The pointer rests when nothing has moved for this long. */
const REST_MS = 40;
/** MouseEvent.button to X's numbers; 4 to 7 are the wheel there. */
const BUTTONS = [1, 2, 3, 8, 9];

/** What the pointer asks of the viewer. */
export interface PointerSurface {
  /** The element that hears the events. */
  readonly target: HTMLElement;
  /** True while input goes to the host. */
  isCaptured(): boolean;
  /** True when the host takes a pen as a pen. */
  takesPen(): boolean;
  /** Where in the picture a point of the page is. */
  locate(clientX: number, clientY: number): PicturePosition;
  /** The pointer moved over the picture; deltas under pointer lock. */
  moved(event: PointerEvent, isRelative: boolean): void;
  /** A mouse shows the state of the keyboard's locks. */
  looked(event: LockReader): void;
  /** Takes a finger's event; false while nobody reads fingers. */
  finger(event: PointerEvent): boolean;
}

/** Feeds pointer events to a sender. */
export class Pointer {
  readonly meter = new MotionMeter();
  readonly #sender: InputSender;
  readonly #surface: PointerSurface;
  readonly #wheel = new WheelMeter();
  readonly #pen: PenTracker;
  readonly #listening = new AbortController();
  #waiting: (() => void) | undefined;
  #lastSentMs = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
  #sumX = 0;
  #sumY = 0;

  constructor(sender: InputSender, surface: PointerSurface) {
    this.#sender = sender;
    this.#surface = surface;
    this.#pen = new PenTracker(sender, (x, y) => surface.locate(x, y));
    this.#listen();
  }

  /** True under pointer lock. */
  get isRelative(): boolean {
    return document.pointerLockElement === this.#surface.target;
  }

  /** Stops listening; idempotent. */
  close(): void {
    this.#listening.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#restTimer);
  }

  #listen(): void {
    const { target } = this.#surface;
    const options = { signal: this.#listening.signal };
    const motion = "onpointerrawupdate" in target ? "pointerrawupdate" : "pointermove";
    const moved = (event: Event) => this.#moved(event as PointerEvent);
    target.addEventListener(motion, moved, { ...options, passive: true });
    target.addEventListener("pointerdown", (event) => this.#down(event), options);
    target.addEventListener("pointerup", (event) => this.#up(event), options);
    target.addEventListener("pointercancel", (event) => this.#up(event), options);
    target.addEventListener("pointerleave", (event) => {
      if (this.#isPen(event) && this.#surface.isCaptured()) this.#pen.push(event);
    }, options);
    target.addEventListener("mousedown", (event) => this.#button(event, true), options);
    target.addEventListener("mouseup", (event) => this.#button(event, false), options);
    target.addEventListener("wheel", (event) => this.#turned(event), {
      ...options,
      passive: false,
    });
    target.addEventListener("contextmenu", (event) => event.preventDefault(), options);
    // Side buttons would otherwise leave the page.
    target.addEventListener("auxclick", (event) => event.preventDefault(), options);
  }

  #moved(event: PointerEvent): void {
    if (event.pointerType === "touch" && this.#surface.finger(event)) return;
    const isRelative = this.isRelative;
    this.#surface.moved(event, isRelative);
    if (!this.#surface.isCaptured()) return;
    const reports = Math.max(1, event.getCoalescedEvents?.().length ?? 1);
    this.meter.report(reports, event.timeStamp);
    if (this.#isPen(event)) {
      this.#pen.push(event);
      this.meter.sent(performance.now());
    } else if (isRelative) {
      // The event's distance is that of all reports that it stands for.
      this.#sumX += event.movementX;
      this.#sumY += event.movementY;
      this.#offer(() => this.#sendRelative());
    } else {
      const position = this.#surface.locate(event.clientX, event.clientY);
      this.#offer(() => this.#sender.moveTo(position));
    }
  }

  #isPen(event: PointerEvent): boolean {
    return event.pointerType === "pen" && this.#surface.takesPen();
  }

  #sendRelative(): void {
    const x = Math.trunc(this.#sumX);
    const y = Math.trunc(this.#sumY);
    this.#sumX -= x;
    this.#sumY -= y;
    if (x !== 0 || y !== 0) this.#sender.moveBy(x, y);
  }

  /** Sends now, or when the interval is over; only the newest waits. */
  #offer(send: () => void): void {
    this.#waiting = send;
    const nowMs = performance.now();
    const waitMs = this.#lastSentMs + MOTION_INTERVAL_MS - nowMs;
    if (waitMs <= 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), waitMs);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const send = this.#waiting;
    this.#waiting = undefined;
    if (send === undefined) return;
    this.#lastSentMs = performance.now();
    send();
    this.meter.sent(this.#lastSentMs);
    clearTimeout(this.#restTimer);
    const isRelative = this.isRelative;
    this.#restTimer = setTimeout(() => {
      if (this.#surface.isCaptured()) this.#sender.settle(isRelative);
    }, REST_MS);
  }

  #button(event: MouseEvent, down: boolean): void {
    const button = BUTTONS[event.button];
    if (button === undefined) return;
    // Side buttons would leave the page, the middle one would scroll it; only the focus is wanted.
    if (event.button !== 0) event.preventDefault();
    if (down) this.#surface.target.focus();
    if (!this.#surface.isCaptured()) return;
    this.#surface.looked(event);
    this.#flush();
    const position = this.isRelative
      ? undefined
      : this.#surface.locate(event.clientX, event.clientY);
    this.#sender.button(button, down, position);
  }

  /** A drag goes on outside of the picture; a lone finger and a pen may act as the left button. */
  #down(event: PointerEvent): void {
    if (event.pointerType === "mouse") {
      if (!this.isRelative) this.#surface.target.setPointerCapture(event.pointerId);
      return;
    }
    // Keeps the browser from making mouse events of it, which would press twice.
    event.preventDefault();
    if (event.pointerType === "touch" && this.#surface.finger(event)) return;
    if (!event.isPrimary) return;
    this.#surface.target.focus();
    if (!this.#surface.isCaptured()) return;
    if (this.#isPen(event)) return void this.#pen.push(event);
    const position = this.#surface.locate(event.clientX, event.clientY);
    this.#sender.moveTo(position);
    this.#sender.button(1, true, position);
  }

  #up(event: PointerEvent): void {
    if (event.pointerType === "mouse") return;
    if (event.pointerType === "touch" && this.#surface.finger(event)) return;
    if (!event.isPrimary || !this.#surface.isCaptured()) return;
    if (this.#isPen(event)) return void this.#pen.push(event);
    this.#flush();
    this.#sender.button(1, false, this.#surface.locate(event.clientX, event.clientY));
  }

  #turned(event: WheelEvent): void {
    if (!this.#surface.isCaptured()) return;
    event.preventDefault();
    this.#surface.looked(event);
    const { x, y } = this.#wheel.push(event as WheelEvent & { wheelDeltaX?: number });
    this.#sender.wheel(x, y);
  }
}
