/**
 * StreamViewers: who gets the frames of one stream: senders of packets, which share their cutting, and
 * viewers who are sent whole frames. At most `MAX_SENDERS` of each.
 */

import { MAX_SENDERS, MediaFanout } from "../../pipeline/media_fanout.ts";
import { MediaSender } from "../../pipeline/media_sender.ts";
import type { FrameViewer } from "../../session/frame_viewer.ts";
import type { HostFrame } from "../../session/session_host.ts";

/** One viewer of a stream. */
export type StreamViewer = MediaSender | FrameViewer;

/** The viewers of one stream. */
export class StreamViewers {
  /** Those who get packets. */
  readonly fanout: MediaFanout;
  readonly #frames = new Set<FrameViewer>();
  readonly #onFault: (error: unknown) => void;

  /** `onFault` hears of a viewer that threw: a defect, which must not end the others' picture. */
  constructor(options: { readonly streamId: number; readonly onFault: (error: unknown) => void }) {
    this.fanout = new MediaFanout(options);
    this.#onFault = options.onFault;
  }

  get size(): number {
    return this.fanout.size + this.#frames.size;
  }

  /** All of them, for who divides the rate. */
  get all(): Iterable<StreamViewer> {
    // Without viewers of frames, which is the rule, nothing is made.
    return this.#frames.size === 0
      ? this.fanout.senders
      : [...this.fanout.senders, ...this.#frames];
  }

  /** Attaches a viewer; false when there is no room. */
  add(viewer: StreamViewer): boolean {
    if (viewer instanceof MediaSender) return this.fanout.add(viewer);
    if (this.#frames.size >= MAX_SENDERS) return false;
    this.#frames.add(viewer);
    return true;
  }

  /** Detaches a viewer, which can be attached again. */
  remove(viewer: StreamViewer): void {
    if (viewer instanceof MediaSender) this.fanout.remove(viewer);
    else this.#frames.delete(viewer);
  }

  /** Sends a frame to all; its payload is read only during the call. */
  push(frame: HostFrame, nowUs: number): void {
    this.fanout.push(frame, nowUs);
    for (const viewer of this.#frames) {
      try {
        viewer.push(frame, nowUs);
      } catch (error) {
        this.#onFault(error);
        this.#frames.delete(viewer);
      }
    }
  }
}
