/**
 * Presenter: the render step's newest-wins rule. A picture is drawn the moment it is decoded, unless
 * one was drawn since the display's last tick: then the newest waits for the tick, so that nothing
 * is drawn that would not be seen. (Drawing at once and drawing in the tick show a picture equally
 * soon.) It holds at most one picture and closes each exactly once.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { FrameRecord } from "../receive/frame_log.ts";
import type { Renderer } from "./renderer.ts";

/** Counters of a presenter. */
export interface PresenterStats {
  presented: number;
  /** Pictures replaced by a newer one before they were drawn. */
  superseded: number;
}

/** Shows decoded pictures. */
export class Presenter {
  readonly #clock: Clock;
  readonly #onPresented: (record: FrameRecord, frame: VideoFrame) => void;
  readonly #stats: PresenterStats = { presented: 0, superseded: 0 };
  #renderer: Renderer | undefined;
  #pending: { frame: VideoFrame; record: FrameRecord } | undefined;
  /** A picture is being drawn. */
  #isDrawing = false;
  /** A picture was drawn that the display's next tick will show. */
  #hasDrawn = false;

  /** `onPresented` is called right after drawing, while the picture is still open. */
  constructor(clock: Clock, onPresented: (record: FrameRecord, frame: VideoFrame) => void) {
    this.#clock = clock;
    this.#onPresented = onPresented;
  }

  get stats(): Readonly<PresenterStats> {
    return this.#stats;
  }

  /** Draws with `renderer` from now on. */
  use(renderer: Renderer): void {
    this.#renderer?.close();
    this.#renderer = renderer;
    this.#drawPending();
  }

  /** Takes a decoded picture and owns it. */
  push(frame: VideoFrame, record: FrameRecord): void {
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
    pending.record.drawUs = this.#clock.nowUs();
    const drawing = renderer.draw(pending.frame);
    if (drawing === undefined) this.#drawn(pending.frame, pending.record, isTick);
    else drawing.then(() => this.#drawn(pending.frame, pending.record, isTick));
  }

  #drawn(frame: VideoFrame, record: FrameRecord, isTick: boolean): void {
    record.presentedUs = this.#clock.nowUs();
    record.outcome = "presented";
    this.#stats.presented++;
    this.#onPresented(record, frame);
    frame.close();
    this.#isDrawing = false;
    // What was drawn in a tick is shown by that tick; the next picture has the interval to itself.
    if (isTick) return this.#drawPending();
    this.#hasDrawn = true;
    requestAnimationFrame(() => {
      this.#hasDrawn = false;
      this.#drawPending(true);
    });
  }
}
