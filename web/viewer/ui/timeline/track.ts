/**
 * Track: the seek bar itself: what can be watched, gaps, marks, the place that is shown, and the hand
 * that moves it. It knows the axis only as shares of its width; dragging works with mouse, pen and
 * finger alike.
 */

import type { TimeRange } from "../../playback/playback_messages.ts";
import { element } from "../element.ts";
import type { TimelineGap, WatchableSpan } from "./timeline_model.ts";

/** What a track shows; all on the timeline's axis. */
export interface TrackState {
  readonly view: TimeRange;
  readonly spans: readonly WatchableSpan[];
  readonly gaps: readonly TimelineGap[];
  readonly positionUs: number;
  readonly isLive: boolean;
  readonly inUs: number | undefined;
  readonly outUs: number | undefined;
}

/** What hands do on a track, as a share of its width from 0 to 1. */
export interface TrackHandlers {
  hover(share: number): void;
  leave(): void;
  /** The hand is down and moves. */
  drag(share: number): void;
  /** The hand rests for a moment, or was taken away. */
  settle(share: number): void;
}

/** A hand that does not move for so long rests. */
const REST_MS = 120;

/** The seek bar. */
export class Track {
  /** The slider. */
  readonly root: HTMLElement;
  readonly #lane = element("div", { class: "lane" });
  readonly #selection = element("div", { class: "selection", hidden: true });
  readonly #in = element("div", { class: "mark-line in", hidden: true });
  readonly #out = element("div", { class: "mark-line out", hidden: true });
  readonly #hover = element("div", { class: "hover-line", hidden: true });
  readonly #done = element("div", { class: "done" });
  readonly #head = element("div", { class: "playhead" });
  readonly #handlers: TrackHandlers;
  readonly #pieces: HTMLElement[] = [];
  #pointerId: number | undefined;
  #share = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(handlers: TrackHandlers) {
    this.#handlers = handlers;
    this.#lane.append(this.#done);
    this.root = element(
      "div",
      {
        class: "track",
        role: "slider",
        tabindex: "0",
        "aria-label": "Time",
        "aria-valuemin": "0",
        "aria-valuemax": "0",
        "aria-valuenow": "0",
      },
      ...[this.#lane, this.#selection, this.#in, this.#out, this.#hover, this.#head],
    );
    this.#listen();
  }

  /** True while a hand is on it. */
  get isHeld(): boolean {
    return this.#pointerId !== undefined;
  }

  /** Where it lies on the page. */
  get box(): DOMRect {
    return this.root.getBoundingClientRect();
  }

  /** Shows a state. */
  update(state: TrackState): void {
    const { view } = state;
    const pieces = [
      ...state.spans.map((span) => ({ className: span.kind, range: span })),
      ...state.gaps.map((gap) => ({ className: `gap ${gap.cause}`, range: gap })),
    ].filter(({ range }) => range.toUs > view.fromUs && range.fromUs < view.toUs);
    while (this.#pieces.length > pieces.length) this.#pieces.pop()!.remove();
    pieces.forEach(({ className, range }, index) => {
      const piece = this.#pieces[index] ??= this.#addPiece();
      const wanted = `piece ${className}`;
      if (piece.className !== wanted) piece.className = wanted;
      place(piece, view, range);
    });
    const { inUs, outUs, positionUs } = state;
    placeLine(this.#in, view, inUs);
    placeLine(this.#out, view, outUs);
    this.#selection.hidden = inUs === undefined || outUs === undefined;
    if (inUs !== undefined && outUs !== undefined) {
      place(this.#selection, view, { fromUs: inUs, toUs: outUs });
    }
    this.root.classList.toggle("live", state.isLive);
    const share = shareOf(view, positionUs);
    this.#head.style.left = `${100 * share}%`;
    const span = state.spans.findLast(({ fromUs, toUs }) =>
      fromUs <= positionUs && positionUs <= toUs
    );
    this.#done.hidden = span === undefined;
    if (span !== undefined) place(this.#done, view, { fromUs: span.fromUs, toUs: positionUs });
  }

  /** Says to those who listen where it stands. */
  describe(seconds: number, lengthSeconds: number, text: string): void {
    this.root.setAttribute("aria-valuemin", String(-Math.round(lengthSeconds)));
    this.root.setAttribute("aria-valuenow", (-seconds).toFixed(1));
    this.root.setAttribute("aria-valuetext", text);
  }

  #addPiece(): HTMLElement {
    const piece = element("div");
    this.#lane.append(piece);
    return piece;
  }

  #listen(): void {
    const { root } = this;
    root.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      event.preventDefault();
      root.focus();
      root.setPointerCapture(event.pointerId);
      this.#pointerId = event.pointerId;
      root.classList.add("held");
      this.#moved(event);
    });
    root.addEventListener("pointermove", (event) => this.#moved(event));
    root.addEventListener("pointerup", (event) => this.#released(event));
    root.addEventListener("pointercancel", (event) => this.#released(event));
    root.addEventListener("pointerleave", () => {
      if (!this.isHeld) this.#left();
    });
  }

  #moved(event: PointerEvent): void {
    const { left, width } = this.box;
    this.#share = Math.min(1, Math.max(0, (event.clientX - left) / Math.max(1, width)));
    this.#hover.hidden = false;
    this.#hover.style.left = `${100 * this.#share}%`;
    this.#handlers.hover(this.#share);
    if (!this.isHeld) return;
    this.#handlers.drag(this.#share);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#handlers.settle(this.#share), REST_MS);
  }

  #released(event: PointerEvent): void {
    if (event.pointerId !== this.#pointerId) return;
    this.#pointerId = undefined;
    this.root.classList.remove("held");
    clearTimeout(this.#timer);
    this.#handlers.settle(this.#share);
    if (event.pointerType !== "mouse") this.#left();
  }

  #left(): void {
    this.#hover.hidden = true;
    this.#handlers.leave();
  }
}

function shareOf({ fromUs, toUs }: TimeRange, timeUs: number): number {
  return Math.min(1, Math.max(0, (timeUs - fromUs) / Math.max(1, toUs - fromUs)));
}

function place(node: HTMLElement, view: TimeRange, range: TimeRange): void {
  const left = shareOf(view, range.fromUs);
  node.style.left = `${100 * left}%`;
  node.style.width = `${100 * (shareOf(view, range.toUs) - left)}%`;
}

function placeLine(node: HTMLElement, view: TimeRange, timeUs: number | undefined): void {
  node.hidden = timeUs === undefined || timeUs < view.fromUs || timeUs > view.toUs;
  if (timeUs !== undefined) node.style.left = `${100 * shareOf(view, timeUs)}%`;
}
