/**
 * Presenter: the render step's newest-wins rule. A picture is drawn the moment it is decoded, unless
 * one was drawn since the display's last tick: then the newest waits for the tick, so that nothing
 * is drawn that would not be seen. (Drawing at once and drawing in the tick show a picture equally
 * soon.) It holds at most one picture and closes each exactly once.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { FrameRecord } from "../receive/frame_record.ts";

/** A decoded picture as far as the rule is concerned. */
export interface Picture {
  /** Gives its memory back; called exactly once. */
  close(): void;
}

/** Draws pictures; see Renderer. */
export interface PictureDrawer<Frame> {
  /** True when the picture is on the canvas; may throw or reject when the browser fails. */
  draw(frame: Frame): Promise<boolean> | boolean;
  close(): void;
}

/** What a presenter works with. */
export interface PresenterParts<Frame> {
  readonly clock: Clock;
  /** Calls back at the display's next tick. */
  readonly nextTick: (run: () => void) => void;
  /** Called right after drawing, while the picture is still open. */
  readonly presented: (record: FrameRecord, frame: Frame) => void;
}

/** A picture and what is known of it. */
interface Held<Frame> {
  readonly frame: Frame;
  readonly record: FrameRecord;
}

/** Counters of a presenter. */
export interface PresenterStats {
  presented: number;
  /** Pictures replaced by a newer one before they were drawn. */
  superseded: number;
}

/** Shows decoded pictures. */
export class Presenter<Frame extends Picture> {
  readonly #parts: PresenterParts<Frame>;
  readonly #stats: PresenterStats = { presented: 0, superseded: 0 };
  #renderer: PictureDrawer<Frame> | undefined;
  #pending: Held<Frame> | undefined;
  /** A picture is being drawn. */
  #isDrawing = false;
  /** A picture was drawn that the display's next tick will show. */
  #hasDrawn = false;

  constructor(parts: PresenterParts<Frame>) {
    this.#parts = parts;
  }

  get stats(): Readonly<PresenterStats> {
    return this.#stats;
  }

  /** Draws with `renderer` from now on. */
  use(renderer: PictureDrawer<Frame>): void {
    this.#renderer?.close();
    this.#renderer = renderer;
    this.#drawPending();
  }

  /** Takes a decoded picture and owns it. */
  push(frame: Frame, record: FrameRecord): void {
    if (this.#pending !== undefined) {
      this.#pending.frame.close();
      this.#pending.record.outcome = "superseded";
      this.#stats.superseded++;
    }
    this.#pending = { frame, record };
    this.#drawPending();
  }

  #drawPending(isTick = false): void {
    const renderer = this.#renderer;
    const pending = this.#pending;
    if (this.#isDrawing || this.#hasDrawn || renderer === undefined || pending === undefined) {
      return;
    }
    this.#pending = undefined;
    this.#isDrawing = true;
    pending.record.drawUs = this.#parts.clock.nowUs();
    const finish = (isDrawn: boolean) => this.#finish(pending, isDrawn, isTick);
    let drawing: Promise<boolean> | boolean = false;
    try {
      drawing = renderer.draw(pending.frame);
    } catch {
      // Counted as lost below: the next picture may fare better.
    }
    if (typeof drawing === "boolean") finish(drawing);
    else drawing.then(finish, () => finish(false));
  }

  #finish({ frame, record }: Held<Frame>, isDrawn: boolean, isTick: boolean): void {
    this.#isDrawing = false;
    if (isDrawn) {
      record.presentedUs = this.#parts.clock.nowUs();
      this.#stats.presented++;
      this.#parts.presented(record, frame);
    }
    record.outcome = isDrawn ? "presented" : "lost";
    frame.close();
    // What was drawn in a tick is shown by that tick; the next picture has the interval to itself.
    if (isTick || !isDrawn) return this.#drawPending();
    this.#hasDrawn = true;
    this.#parts.nextTick(() => {
      this.#hasDrawn = false;
      this.#drawPending(true);
    });
  }
}
