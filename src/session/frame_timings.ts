/**
 * FrameTimings: where the time of each frame went, for one viewer that asked, in batches of half a
 * second at 60 frames a second. A frame counts as sent when its last packet has left the pacer.
 */

import { encodeServerMessage, MAX_FRAME_TIMINGS } from "../wire/control.ts";
import type { FrameTiming } from "../wire/frame.ts";
import type { HostFrame, SessionHost } from "./session_host.ts";

/** Frames in one batch. */
const BATCH = 30;
const U32_MAX = 0xffff_ffff;

/** What timings are made of. */
export interface FrameTimingsOptions {
  readonly streamId: number;
  readonly host: Pick<SessionHost, "hostTimeUs">;
  readonly nowUs: () => number;
  /** Takes framed messages. */
  readonly send: (framed: Uint8Array) => void;
}

interface SentFrame {
  readonly timing: Omit<FrameTiming, "sendUs">;
  readonly receivedUs: number;
}

/** The timings of one viewer. */
export class FrameTimings {
  readonly #options: FrameTimingsOptions;
  /** Frames whose last packet may still wait. */
  #pending: SentFrame[] = [];
  #timings: FrameTiming[] = [];

  constructor(options: FrameTimingsOptions) {
    this.#options = options;
  }

  /** A frame was given to the sender at `receivedUs`. */
  note(frame: HostFrame, receivedUs: number): void {
    // The payload is not the viewer's to keep.
    const { frameId, captureTimeUs, grabUs, convertUs, firstSliceUs, encodeUs, emitUs, qp } = frame;
    const bytes = frame.payload.byteLength;
    const stages = { grabUs, convertUs, firstSliceUs, encodeUs, emitUs };
    const timing = { frameId, captureTimeUs, ...stages, bytes, qp };
    if (this.#pending.length < MAX_FRAME_TIMINGS) this.#pending.push({ timing, receivedUs });
  }

  /** Nothing waits any more: all frames noted so far are on their way. */
  flush(): void {
    if (this.#pending.length === 0) return;
    const sentUs = this.#options.nowUs();
    const hostUs = this.#options.host.hostTimeUs(sentUs);
    for (const { timing, receivedUs } of this.#pending) {
      // Without the host's clock the way through the pipe is missing from the sum.
      const sendUs = hostUs === undefined
        ? timing.emitUs + sentUs - receivedUs
        : hostUs - timing.captureTimeUs;
      const bounded = Math.max(0, Math.min(U32_MAX, Math.round(sendUs)));
      this.#timings.push({ ...timing, sendUs: bounded });
    }
    this.#pending = [];
    if (this.#timings.length < BATCH) return;
    const frames = this.#timings.slice(0, MAX_FRAME_TIMINGS);
    this.#timings = [];
    const { streamId, send } = this.#options;
    send(encodeServerMessage({ type: "frame_timings", streamId, frames }));
  }
}
