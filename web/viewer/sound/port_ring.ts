/**
 * PortRing: the producer's end of a ring that the audio thread holds alone, for pages that may not
 * share memory: samples and wishes go as messages, what was played comes back as messages some
 * hundred times a second. What happened since the last one is worked out by the clock.
 */

import type { Clock } from "../../../src/core/clock.ts";
import type { RingWriter } from "./play_control.ts";
import { SampleRing } from "./sample_ring.ts";
import type { RingMemory } from "./sample_ring.ts";

/** A word from the audio thread comes after so many frames that it played. */
export const REPORT_FRAMES = 512;

/** From the producer. */
export interface RingChunk {
  readonly planes: readonly Float32Array<ArrayBuffer>[];
  readonly ratio: number;
  readonly resumeFrames: number;
  readonly isLive: boolean;
  /** What came before is not to be played any more. */
  readonly discards?: true;
}

/** From the audio thread. */
export interface RingReport {
  readonly read: number;
  readonly isPlaying: boolean;
  readonly underruns: number;
  readonly missedFrames: number;
  readonly burstFrames: number;
}

/** What of a MessagePort is used. */
export interface RingPort {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

/** Writes to a ring by messages. */
export class PortRing implements RingWriter {
  readonly channels: number;
  readonly #capacity: number;
  readonly #frameRate: number;
  readonly #port: RingPort;
  readonly #clock: Clock;
  #written = 0;
  #discardedTo = 0;
  #reportedUs = 0;
  #report: RingReport = {
    ...{ read: 0, isPlaying: false, underruns: 0, missedFrames: 0, burstFrames: 0 },
  };
  ratio = 1;
  resumeFrames = 0;
  isLive = false;

  constructor(
    port: RingPort,
    size: { readonly channels: number; readonly frames: number; readonly frameRate: number },
    clock: Clock,
  ) {
    this.channels = size.channels;
    this.#capacity = size.frames;
    this.#frameRate = size.frameRate;
    this.#port = port;
    this.#clock = clock;
    port.onmessage = (event) => {
      this.#report = event.data as RingReport;
      this.#reportedUs = clock.nowUs();
    };
  }

  get fill(): number {
    const waiting = this.#written - Math.max(this.#report.read, this.#discardedTo);
    if (!this.isPlaying) return waiting;
    const sinceUs = Math.max(0, this.#clock.nowUs() - this.#reportedUs);
    return Math.max(0, Math.round(waiting - sinceUs * this.#frameRate / 1e6));
  }

  get isPlaying(): boolean {
    return this.#report.isPlaying && this.#report.read >= this.#discardedTo;
  }

  get underruns(): number {
    return this.#report.underruns;
  }

  get missedFrames(): number {
    return this.#report.missedFrames;
  }

  get burstFrames(): number {
    return this.#report.burstFrames;
  }

  discard(): void {
    this.#discardedTo = this.#written;
    const { ratio, resumeFrames, isLive } = this;
    const chunk: RingChunk = { planes: [], ratio, resumeFrames, isLive, discards: true };
    this.#port.postMessage(chunk);
  }

  write(channels: readonly Float32Array[], from: number, to: number): number {
    const count = Math.min(to - from, this.#capacity - (this.#written - this.#report.read));
    if (count <= 0) return 0;
    const planes = channels.slice(0, this.channels).map((plane) => plane.slice(from, from + count));
    const { ratio, resumeFrames, isLive } = this;
    const chunk: RingChunk = { planes, ratio, resumeFrames, isLive };
    this.#written += count;
    this.#port.postMessage(chunk, planes.map(({ buffer }) => buffer));
    return count;
  }
}

/** The audio thread's side: takes what comes, and tells what was played. */
export class PortRingEnd {
  readonly ring: SampleRing;
  readonly #port: RingPort;
  #sinceReport = 0;

  constructor(port: RingPort, memory: RingMemory) {
    this.ring = new SampleRing(memory);
    this.#port = port;
    port.onmessage = (event) => this.#take(event.data as RingChunk);
  }

  /** So many frames were played. */
  played(frames: number): void {
    this.#sinceReport += frames;
    if (this.#sinceReport < REPORT_FRAMES) return;
    this.#sinceReport = 0;
    this.#tell();
  }

  #take({ planes, ratio, resumeFrames, isLive, discards }: RingChunk): void {
    this.ring.ratio = ratio;
    this.ring.resumeFrames = resumeFrames;
    this.ring.isLive = isLive;
    if (discards) this.ring.discard();
    else this.ring.write(planes, 0, planes[0]!.length);
  }

  #tell(): void {
    const { read, isPlaying, underruns, missedFrames, burstFrames } = this.ring;
    const report: RingReport = { read, isPlaying, underruns, missedFrames, burstFrames };
    this.#port.postMessage(report);
  }
}
