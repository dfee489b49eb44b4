/**
 * PictureSource: the pictures of the source that is published, one at a time: it reads a track's frames
 * or takes them one by one, tells when each was captured, and keeps the newest one, so that a still
 * screen can be shown to who begins to watch. It holds one frame.
 */

import type { Clock } from "../../src/core/clock.ts";
import { TrackClock } from "./track_clock.ts";

/** The processor of tracks, which the compiler's types do not know. */
interface TrackProcessor {
  readonly readable: ReadableStream<VideoFrame>;
}
type TrackProcessorClass = new (
  init: { readonly track: MediaStreamTrack; readonly maxBufferSize?: number },
) => TrackProcessor;

/** Takes a frame, which it closes or hands on. */
export type FrameTaker = (frame: VideoFrame, captureUs: number) => void;

/** Yields the pictures of one publication. */
export class PictureSource {
  readonly #clock: Clock;
  readonly #take: FrameTaker;
  #reader: ReadableStreamDefaultReader<VideoFrame> | undefined;
  #trackClock = new TrackClock();
  #newest: VideoFrame | undefined;

  constructor(clock: Clock, take: FrameTaker) {
    this.#clock = clock;
    this.#take = take;
  }

  /** Reads `readable` from now on. */
  read(readable: ReadableStream<VideoFrame>): void {
    this.clear();
    const reader = readable.getReader();
    this.#reader = reader;
    this.#loop(reader);
  }

  /** Reads a track itself; false when this browser's workers cannot. */
  readTrack(track: MediaStreamTrack): boolean {
    const { MediaStreamTrackProcessor: Processor } = globalThis as unknown as {
      MediaStreamTrackProcessor?: TrackProcessorClass;
    };
    if (Processor === undefined) return false;
    this.read(new Processor({ track, maxBufferSize: 1 }).readable);
    return true;
  }

  /** Takes one frame that somebody else read. */
  push(frame: VideoFrame): void {
    const nowUs = this.#clock.nowUs();
    this.#trackClock.note(frame.timestamp, nowUs);
    const captureUs = Math.min(nowUs, this.#trackClock.toPageUs(frame.timestamp) ?? nowUs);
    this.#keep(frame);
    this.#take(frame, captureUs);
  }

  /**
   * The newest picture once more, with a time of its own; undefined when there was none. Whoever asks
   * closes it.
   */
  again(): VideoFrame | undefined {
    const newest = this.#newest;
    if (newest === undefined) return undefined;
    // Times only grow: half an interval after it is before whatever comes next.
    const again = new VideoFrame(newest, { timestamp: newest.timestamp + 5000 });
    newest.close();
    this.#newest = again.clone();
    return again;
  }

  /** The source is gone. */
  clear(): void {
    const before = this.#reader;
    this.#reader = undefined;
    before?.cancel().catch(() => {});
    this.#newest?.close();
    this.#newest = undefined;
    this.#trackClock = new TrackClock();
  }

  #keep(frame: VideoFrame): void {
    this.#newest?.close();
    this.#newest = frame.clone();
  }

  async #loop(reader: ReadableStreamDefaultReader<VideoFrame>): Promise<void> {
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        if (reader === this.#reader) this.push(value);
        else value.close();
      }
    } catch {
      // The track has ended; the page, which owns it, says so.
    }
  }
}
