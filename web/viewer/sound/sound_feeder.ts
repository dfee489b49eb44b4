/**
 * SoundFeeder: decoded frames and gaps to a ring, at the time that a control finds right: what is
 * missing is concealed, what is left out is blended over. A step: it owns no clock, and its buffers are
 * made once.
 */

import { Concealer } from "./concealer.ts";
import { PlayControl } from "./play_control.ts";
import type { FrameTimes, RingWriter } from "./play_control.ts";

/** Frames that are filled in at once; longer gaps take several turns. */
const FILL_FRAMES = 480;

/** What decoded sound is like. */
export interface SoundFormat {
  readonly frameRate: number;
  readonly frameUs: number;
}

/** Counters of a feeder. */
export interface SoundFeederStats {
  /** Gaps that were concealed. */
  gaps: number;
  /** Microseconds of sound that were made up for them. */
  concealedUs: number;
  /** Frames of samples that found no room. */
  refused: number;
}

/** Writes one sound to one ring. */
export class SoundFeeder {
  readonly control: PlayControl;
  readonly ring: RingWriter;
  readonly #concealer: Concealer;
  readonly #fill: readonly Float32Array[];
  readonly #frameRate: number;
  readonly #stats: SoundFeederStats = { gaps: 0, concealedUs: 0, refused: 0 };

  constructor(ring: RingWriter, format: SoundFormat) {
    this.ring = ring;
    this.control = new PlayControl(ring, format);
    this.#concealer = new Concealer(ring.channels);
    this.#frameRate = format.frameRate;
    this.#fill = Array.from({ length: ring.channels }, () => new Float32Array(FILL_FRAMES));
  }

  get stats(): Readonly<SoundFeederStats> {
    return this.#stats;
  }

  /** Takes `frames` decoded frames; they may be changed where they are blended in. */
  frame(channels: readonly Float32Array[], frames: number, times: FrameTimes): void {
    const { fillIn, isLeftOut } = this.control.place(times);
    if (isLeftOut) return this.#concealer.skip();
    this.#fillIn(fillIn);
    this.#concealer.heard(channels, { from: 0, to: frames });
    this.#write(channels, frames);
  }

  /** Conceals what is missing. */
  gap(gap: { readonly captureUs: number; readonly durationUs: number }, nowUs: number): void {
    const frames = this.control.gap(gap.captureUs, gap.durationUs, nowUs);
    this.#stats.gaps++;
    this.#stats.concealedUs += frames * 1e6 / this.#frameRate;
    if (frames === 0) this.#concealer.skip();
    else this.#fillIn(frames);
  }

  #fillIn(frames: number): void {
    for (let left = frames; left > 0; left -= FILL_FRAMES) {
      const count = Math.min(left, FILL_FRAMES);
      this.#concealer.conceal(this.#fill, { from: 0, to: count });
      this.#write(this.#fill, count);
    }
  }

  #write(channels: readonly Float32Array[], frames: number): void {
    this.#stats.refused += frames - this.ring.write(channels, 0, frames);
  }
}
