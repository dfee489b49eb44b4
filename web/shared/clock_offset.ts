/**
 * ClockOffset: from probe replies to round-trip time and to the offset between the host's clock and
 * the page's. The reply with the shortest round trip of the last `PROBES_KEPT` gives the offset: its
 * error is at most half of that round trip. Holds that many samples and no more.
 */

import type { ProbeReply } from "../../src/wire/probe.ts";

/** Probes looked back on: 16 s at one a second, short enough to follow a clock that drifts. */
export const PROBES_KEPT = 16;

/** Round trips that the mean is taken over: the last seconds, not the busy start of a page. */
const ROUND_TRIPS_SHOWN = 5;

/** One answered probe, in microseconds. */
export interface ProbeSample {
  readonly atUs: number;
  readonly rttUs: number;
  /** Host clock minus page clock. */
  readonly offsetUs: number;
}

/** Filters probe replies. */
export class ClockOffset {
  readonly #samples: ProbeSample[] = [];
  #best: ProbeSample | undefined;

  /** Takes a reply that arrived at `nowUs`; undefined when it cannot be true. */
  push(reply: ProbeReply, nowUs: number): ProbeSample | undefined {
    const heldUs = reply.serverSendUs - reply.serverReceiveUs;
    const rttUs = nowUs - reply.viewerSendUs - heldUs;
    if (heldUs < 0 || rttUs < 0) return undefined;
    const offsetUs = Math.round(
      (reply.serverReceiveUs - reply.viewerSendUs + (reply.serverSendUs - nowUs)) / 2,
    );
    const sample = { atUs: nowUs, rttUs, offsetUs };
    this.#samples.push(sample);
    if (this.#samples.length > PROBES_KEPT) this.#samples.shift();
    this.#best = this.#samples.reduce((a, b) => (b.rttUs < a.rttUs ? b : a));
    return sample;
  }

  /** Host clock minus page clock in microseconds, or undefined before the first reply. */
  get offsetUs(): number | undefined {
    return this.#best?.offsetUs;
  }

  /** Shortest recent round trip in microseconds. */
  get rttUsMin(): number | undefined {
    return this.#best?.rttUs;
  }

  /** Mean and mean deviation of the last round trips, in microseconds. */
  get rtt(): { readonly meanUs: number; readonly deviationUs: number } | undefined {
    const shown = this.#samples.slice(-ROUND_TRIPS_SHOWN);
    const count = shown.length;
    if (count === 0) return undefined;
    const meanUs = shown.reduce((sum, sample) => sum + sample.rttUs, 0) / count;
    const spread = shown.reduce((sum, sample) => sum + Math.abs(sample.rttUs - meanUs), 0);
    return { meanUs, deviationUs: spread / count };
  }

  /** The samples that are kept, oldest first. */
  get samples(): readonly ProbeSample[] {
    return this.#samples;
  }
}
