/**
 * Presenter: the render step's newest-wins rule. A picture is drawn the moment it is decoded, unless
 * one was drawn since the display's last tick: then the newest waits for the tick, so that nothing
 * is drawn that would not be seen. It holds at most one picture and closes each exactly once.
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
  #tickRequested = false;

  /** `onPresented` is called right after drawing, while the picture is still open. */
  constructor(clock: Clock, onPresented: (record: FrameRecord, frame: VideoFrame) => void) {
    this.#clock = clock;
    this.#onPresented = onPresented;
  }

  get stats(): Readonly<PresenterStats> {
    return this.#stats;
  }

  /** Draws with `renderer` from now on. */
  use(renderer: Renderer | undefined): void {
    this.#renderer?.close();
    this.#renderer = renderer;
  }

  /** Takes a decoded picture and owns it. */
  push(frame: VideoFrame, record: FrameRecord): void {
    this.#drop();
    if (this.#tickRequested || this.#renderer === undefined) {
      this.#pending = { frame, record };
      return;
    }
    this.#draw(frame, record);
  }

  /** Forgets the picture that waits. */
  clear(): void {
    this.#drop();
  }

  #drop(): void {
    if (this.#pending === undefined) return;
    this.#pending.frame.close();
    this.#pending.record.outcome = "superseded";
    this.#pending = undefined;
    this.#stats.superseded++;
  }

  #draw(frame: VideoFrame, record: FrameRecord): void {
    try {
      record.drawUs = this.#clock.nowUs();
      this.#renderer?.draw(frame);
      record.presentedUs = this.#clock.nowUs();
      record.outcome = "presented";
      this.#stats.presented++;
      this.#onPresented(record, frame);
    } finally {
      frame.close();
    }
    this.#tickRequested = true;
    requestAnimationFrame(() => this.#tick());
  }

  #tick(): void {
    this.#tickRequested = false;
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#draw(pending.frame, pending.record);
  }
}
