/**
 * RunProfile: what a run's memory did as a whole: where it began, its peak, where it is, and its
 * slope over time by least squares. It keeps sums and no samples, so it may run for a year.
 */

import { showBytes } from "../core/byte_size.ts";

/** A slope over less would be what the start costs, many times over. */
const SLOPE_SECONDS_MIN = 60;

/** The figures of a run. */
export interface RunFigures {
  readonly samples: number;
  readonly elapsedSeconds: number;
  readonly baselineBytes: number;
  readonly peakBytes: number;
  readonly endBytes: number;
  /** Slope of the bytes; 0 with fewer than two samples. */
  readonly growthBytesPerHour: number;
}

/** Takes samples of a run. */
export class RunProfile {
  #samples = 0;
  #startMs = 0;
  #elapsedHours = 0;
  #baselineBytes = 0;
  #peakBytes = 0;
  #endBytes = 0;
  // Means and co-moments of hours and bytes, updated so that nothing large is subtracted.
  #meanHours = 0;
  #meanBytes = 0;
  #hoursHours = 0;
  #hoursBytes = 0;

  /** Takes the next sample; times must not go back. */
  push({ timeMs, bytes }: { readonly timeMs: number; readonly bytes: number }): void {
    if (this.#samples === 0) {
      this.#startMs = timeMs;
      this.#baselineBytes = bytes;
    }
    this.#samples++;
    this.#elapsedHours = (timeMs - this.#startMs) / 3_600_000;
    this.#peakBytes = Math.max(this.#peakBytes, bytes);
    this.#endBytes = bytes;
    const hoursOff = this.#elapsedHours - this.#meanHours;
    this.#meanHours += hoursOff / this.#samples;
    this.#meanBytes += (bytes - this.#meanBytes) / this.#samples;
    this.#hoursHours += hoursOff * (this.#elapsedHours - this.#meanHours);
    this.#hoursBytes += hoursOff * (bytes - this.#meanBytes);
  }

  /** The figures so far. */
  get figures(): RunFigures {
    return {
      samples: this.#samples,
      elapsedSeconds: this.#elapsedHours * 3600,
      baselineBytes: this.#baselineBytes,
      peakBytes: this.#peakBytes,
      endBytes: this.#endBytes,
      growthBytesPerHour: this.#hoursHours === 0 ? 0 : this.#hoursBytes / this.#hoursHours,
    };
  }
}

/** The figures of `what` in one line, without a newline. */
export function runText(what: string, figures: RunFigures): string {
  const { samples, elapsedSeconds, baselineBytes, peakBytes, endBytes } = figures;
  const slope = elapsedSeconds < SLOPE_SECONDS_MIN
    ? "too short for a slope"
    : `slope ${showBytes(Math.round(figures.growthBytesPerHour))} an hour`;
  return `${what} memory over ${elapsedSeconds.toFixed(0)} s: ` +
    `baseline ${showBytes(baselineBytes)}, peak ${showBytes(peakBytes)}, ` +
    `end ${showBytes(endBytes)}, ${slope} (${samples} samples)`;
}
