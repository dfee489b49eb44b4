/**
 * Loss matrix: which cells and schemes `bench loss` runs, as data. The default run has every channel at
 * one place and, on three channels, every other place one step away; the full run has all of them.
 */

import { CHANNELS } from "../simulator/profiles.ts";
import { BASELINES } from "../simulator/repair_baselines.ts";
import type { LossScheme } from "./loss_experiment.ts";

/** Where a stream is sent, besides the losses. */
export interface Place {
  readonly oneWayMs: number;
  readonly fps: number;
  readonly framePackets: number;
}

/** One row's channel and place. */
export interface MatrixCell extends Place {
  readonly channel: string;
}

const ONE_WAY_MS = [1, 10, 25, 50] as const;
const FPS = [60, 120] as const;
const FRAME_PACKETS = [1, 3, 5, 20, 52, 260] as const;
/** Where every channel is run. */
export const USUAL: Place = { oneWayMs: 10, fps: 60, framePackets: 20 };
/** Channels that are run at every place in the default run as well. */
const TRAVELLED = ["random_2", "bursts_2_of_3", "outages_10ms"] as const;

/** All ways of repair, by name. */
export const SCHEMES: Readonly<Record<string, LossScheme>> = {
  "window, adaptive": { kind: "window" },
  "window, 20 %": { kind: "window", redundancy: 0.2 },
  ...Object.fromEntries(
    Object.keys(BASELINES)
      // Half of the redundancy is for the varying channel alone.
      .filter((name) => name !== "Reed-Solomon 20+2")
      .map((name) => [name, { kind: "baseline", name }]),
  ),
};

/** The cells of a run. */
export function matrixCells(isFull: boolean): readonly MatrixCell[] {
  const places = isFull ? allPlaces() : placesAround(USUAL);
  const cells: MatrixCell[] = [];
  for (const channel of Object.keys(CHANNELS)) {
    const travels = isFull || (TRAVELLED as readonly string[]).includes(channel);
    for (const place of travels ? places : [USUAL]) cells.push({ channel, ...place });
  }
  return cells;
}

function allPlaces(): Place[] {
  return ONE_WAY_MS.flatMap((oneWayMs) =>
    FPS.flatMap((fps) => FRAME_PACKETS.map((framePackets) => ({ oneWayMs, fps, framePackets })))
  );
}

/** A place and those that differ from it in one respect. */
function placesAround(place: Place): Place[] {
  return allPlaces().filter((other) => {
    const differences = (["oneWayMs", "fps", "framePackets"] as const)
      .filter((name) => other[name] !== place[name]);
    return differences.length <= 1;
  });
}
