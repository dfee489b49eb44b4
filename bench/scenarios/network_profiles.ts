/**
 * Network profiles: the paths that `bench network` puts between host and browser, as links of the
 * relay and events at times. A path that is always alike is so from the first packet of the session;
 * where something happens, time starts with the measurement, after a warm-up on a clean path.
 */

import { LinkModel, type LinkOptions } from "../simulator/link_model.ts";
import type { RelayLinks } from "../relay/udp_relay.ts";

/** Names of the profiles; the clean one first, since the others are compared with it. */
export const PROFILES = [
  "clean",
  "random",
  "bursts",
  "onset",
  "capacity",
  "blackhole",
  "rebind",
  "wifi",
] as const;
/** One of `PROFILES`. */
export type ProfileName = (typeof PROFILES)[number];

/** A path over the time of a measurement. */
export interface NetworkProfile {
  readonly down: Omit<LinkOptions, "delayUs">;
  readonly up: Omit<LinkOptions, "delayUs">;
  /** Ends of times in which nothing passes. */
  readonly holesEndUs: readonly number[];
  /** When clients go on from a new address. */
  readonly rebindsUs: readonly number[];
  /** When the rate of the bottleneck changes. */
  readonly stepsUs: readonly number[];
  /** The path is the same all the time, and so from the start of the session. */
  readonly isSteady: boolean;
}

const SECOND_US = 1_000_000;
const HOLE_US = SECOND_US;
/** A hole in each span of this length: three a minute. */
const HOLE_EVERY_US = 20 * SECOND_US;
const STEP_US = 15 * SECOND_US;
const WIDE_BPS = 20_000_000;
const NARROW_BPS = 4_000_000;
const QUIET: NetworkProfile = {
  down: {},
  up: {},
  holesEndUs: [],
  rebindsUs: [],
  stepsUs: [],
  isSteady: true,
};

/** A profile for a measurement of `seconds`. */
export function networkProfile(name: ProfileName, seconds: number): NetworkProfile {
  const lengthUs = seconds * SECOND_US;
  switch (name) {
    case "clean":
      return QUIET;
    case "random":
      return { ...QUIET, down: { losses: [{ kind: "independent", rate: 0.02 }] } };
    case "bursts":
      return { ...QUIET, down: { losses: [{ kind: "bursts", rate: 0.02, meanBurst: 3 }] } };
    case "onset": {
      const random = { kind: "independent", rate: 0.02 } as const;
      const nothing = { kind: "independent", rate: 0 } as const;
      const lengthOfPartUs = Math.floor(lengthUs / 4);
      const segments = [nothing, random, nothing, random];
      const losses = [{ kind: "segments" as const, lengthUs: lengthOfPartUs, segments }];
      return { ...QUIET, down: { losses }, isSteady: false };
    }
    case "capacity": {
      const stepUs = Math.min(STEP_US, Math.floor(lengthUs / 3));
      const rates = [
        { fromUs: 0, bps: WIDE_BPS },
        { fromUs: stepUs, bps: NARROW_BPS },
        { fromUs: 2 * stepUs, bps: WIDE_BPS },
      ];
      return { ...QUIET, down: { rates }, stepsUs: [stepUs, 2 * stepUs], isSteady: false };
    }
    case "blackhole":
      return blackholes(lengthUs);
    case "rebind":
      return { ...QUIET, rebindsUs: [lengthUs / 2], isSteady: false };
    case "wifi": {
      const air = {
        jitterUs: 3000,
        reorderShare: 0.01,
        reorderUs: 4000,
        duplicateShare: 0.002,
      };
      return { ...QUIET, down: air, up: air };
    }
  }
}

function blackholes(lengthUs: number): NetworkProfile {
  const everyUs = Math.min(HOLE_EVERY_US, lengthUs);
  const holes = [];
  for (let middleUs = everyUs / 2; middleUs < lengthUs; middleUs += everyUs) {
    holes.push({ fromUs: middleUs - HOLE_US / 2, toUs: middleUs + HOLE_US / 2 });
  }
  const losses = holes.map((hole) => ({ kind: "blackhole" as const, ...hole }));
  return {
    ...QUIET,
    down: { losses },
    up: { losses },
    holesEndUs: holes.map(({ toUs }) => toUs),
    isSteady: false,
  };
}

/** Links of a profile with `delayUs` in each direction. */
export function linksOf(profile: NetworkProfile, delayUs: number, seed: number): RelayLinks {
  return {
    down: new LinkModel({ ...profile.down, delayUs }, { seed, name: "down" }),
    up: new LinkModel({ ...profile.up, delayUs }, { seed, name: "up" }),
  };
}
