/**
 * FrameTee: hands one encoded frame to many sinks that want it whole, as those who note where its time
 * went do. Viewers get its packets from MediaFanout. At most 64 sinks.
 */

import type { EncodedFrame } from "../wire/frame.ts";

/** Most sinks of one stream. */
export const MAX_SINKS = 64;

/** Takes frames as they come, at once; the payload is valid only during the call. */
export type FrameSink<F extends EncodedFrame = EncodedFrame> = (frame: F, nowUs: number) => void;

/** One stream's fan-out. */
export class FrameTee<F extends EncodedFrame = EncodedFrame> {
  readonly #sinks = new Set<FrameSink<F>>();
  readonly #onFault: (error: unknown) => void;

  /** `onFault` hears of a sink that threw; the other sinks still get the frame. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Sinks attached now. */
  get size(): number {
    return this.#sinks.size;
  }

  /** Attaches `sink`; returns what detaches it. Undefined when `MAX_SINKS` are attached. */
  add(sink: FrameSink<F>): (() => void) | undefined {
    if (this.#sinks.size >= MAX_SINKS) return undefined;
    this.#sinks.add(sink);
    return () => void this.#sinks.delete(sink);
  }

  /** Gives `frame` to each sink in the order they were attached. */
  push(frame: F, nowUs: number): void {
    for (const sink of this.#sinks) {
      try {
        sink(frame, nowUs);
      } catch (error) {
        this.#onFault(error);
      }
    }
  }
}
