/**
 * HostClock: the offset between the server process's clock and the host's CLOCK_MONOTONIC, which
 * capture times count. Both tick alike, so of the last `SAMPLES` probes the one with the shortest
 * round trip is the truest (RFC 5905, section 10); its error is at most half that round trip.
 */

import { Ring } from "../core/ring.ts";

/** Probes that are remembered. */
export const SAMPLES = 16;

interface Sample {
  readonly roundTripUs: number;
  readonly offsetUs: number;
}

/** Converts times of the server process into times of the host. */
export class HostClock {
  readonly #samples = new Ring<Sample>(SAMPLES);
  #best: Sample | undefined;

  /** Round trip of the sample in use, microseconds; undefined before the first. */
  get roundTripUs(): number | undefined {
    return this.#best?.roundTripUs;
  }

  /** Takes one probe: sent and answered at server times, `monotonicUs` read in between. */
  push(sentUs: number, receivedUs: number, monotonicUs: number): void {
    const roundTripUs = receivedUs - sentUs;
    if (roundTripUs < 0) return;
    this.#samples.push({ roundTripUs, offsetUs: monotonicUs - (sentUs + roundTripUs / 2) });
    let best: Sample | undefined;
    for (let index = 0; index < this.#samples.size; index++) {
      const sample = this.#samples.at(index);
      if (sample === undefined) continue;
      if (best === undefined || sample.roundTripUs < best.roundTripUs) best = sample;
    }
    this.#best = best;
  }

  /** The host's time at `serverUs`, in integer microseconds; undefined before the first probe. */
  hostTimeUs(serverUs: number): number | undefined {
    return this.#best === undefined ? undefined : Math.round(serverUs + this.#best.offsetUs);
  }
}
