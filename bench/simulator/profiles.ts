/**
 * Profiles: the channels of the simulator by name, the same for benchmarks, tests and the fault relay.
 */

import type { LossSpec } from "./loss_process.ts";

const SECOND_US = 1_000_000;
const INDEPENDENT_RATES = [0.01, 0.02, 0.05, 0.1];
const MEAN_BURSTS = [2, 3, 4];
const OUTAGES_MS = [2, 10, 20];

/** A channel that is mostly good, with short bad states: after Tambur's figures. */
const TAMBUR: LossSpec = {
  kind: "two_state",
  enterBad: 0.068,
  leaveBad: 0.852,
  goodLoss: 0.04,
  badLoss: 0.5,
};

const QUIET: LossSpec = { kind: "independent", rate: 0.0005 };

/** One period of the varying channel: eight segments of 10 s, 1.44 % lost on average. */
export const VARYING_PERIOD_US = 80 * SECOND_US;

const VARYING: LossSpec = {
  kind: "segments",
  lengthUs: 10 * SECOND_US,
  segments: [
    QUIET,
    { kind: "independent", rate: 0.01 },
    QUIET,
    { kind: "bursts", rate: 0.02, meanBurst: 3 },
    QUIET,
    TAMBUR,
    QUIET,
    { kind: "bursts", rate: 0.01, meanBurst: 2 },
  ],
};

/** Losses of each channel by name; an empty list loses nothing. */
export const CHANNELS: Readonly<Record<string, readonly LossSpec[]>> = {
  clean: [],
  ...Object.fromEntries(
    INDEPENDENT_RATES.map((rate) => [`random_${percent(rate)}`, [{ kind: "independent", rate }]]),
  ),
  ...Object.fromEntries(
    INDEPENDENT_RATES.flatMap((rate) =>
      MEAN_BURSTS.map((meanBurst) => [
        `bursts_${percent(rate)}_of_${meanBurst}`,
        [{ kind: "bursts", rate, meanBurst }],
      ])
    ),
  ),
  ...Object.fromEntries(
    OUTAGES_MS.map((lengthMs) => [
      `outages_${lengthMs}ms`,
      [{ kind: "outages", everyUs: SECOND_US, lengthUs: 1000 * lengthMs }],
    ]),
  ),
  tambur: [TAMBUR],
  varying: [VARYING],
};

/** The losses of a channel. Throws RangeError for a name that there is not. */
export function channelLosses(name: string): readonly LossSpec[] {
  const losses = CHANNELS[name];
  if (losses === undefined) throw new RangeError(`Cannot simulate channel "${name}"`);
  return losses;
}

function percent(rate: number): string {
  return String(Math.round(rate * 100));
}
