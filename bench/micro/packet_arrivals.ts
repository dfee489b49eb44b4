/**
 * Packet arrivals: the ids of packets in the order in which they arrive over a path, good or hostile,
 * by a seed. Ids begin just below 2^32, so that every list wraps.
 */

import { add32 } from "../../src/core/sequence.ts";
import type { SeededRandom } from "../../tests/seeded.ts";
import { burstLoss } from "../simulator/loss_process.ts";

/** First id of every list. */
export const FIRST_ID = 0xffff_f000;

/** Kinds of paths. */
export const ARRIVAL_KINDS = ["in order", "reordered", "bursts lost", "hostile"] as const;
/** One of them. */
export type ArrivalKind = (typeof ARRIVAL_KINDS)[number];

/** Packets that arrive late do so by up to this many others. */
const LATE_BY_MAX = 50;
const LATE_SHARE = 0.05;
const BURSTS = { rate: 0.02, meanBurst: 5 };
/** Jumps of a peer that wants memory held: over the window, back, and to where ids wrap. */
const HOSTILE_JUMPS = [
  ...[1, 1, 1, 2, 3, -1, 700, 1023, 1024, 1025, 5000, 100_000],
  ...[2 ** 31 - 1, -(2 ** 31), -1024],
];
const HOSTILE_RANDOM_SHARE = 0.1;

/** The ids of `count` packets, or of somewhat fewer where some are lost. */
export function packetArrivals(
  kind: ArrivalKind,
  count: number,
  random: SeededRandom,
): Uint32Array {
  switch (kind) {
    case "in order":
      return Uint32Array.from({ length: count }, (_, at) => add32(FIRST_ID, at));
    case "reordered":
      return reordered(count, random);
    case "bursts lost": {
      const isLost = burstLoss(random, BURSTS);
      const offsets = Array.from({ length: count }, (_, at) => at).filter((at) => !isLost(at));
      return Uint32Array.from(offsets, (at) => add32(FIRST_ID, at));
    }
    case "hostile":
      return hostile(count, random);
  }
}

function reordered(count: number, random: SeededRandom): Uint32Array {
  const arrivals = Array.from({ length: count }, (_, at) => ({
    id: add32(FIRST_ID, at),
    // A late packet arrives between two others.
    place: random.next() < LATE_SHARE ? at + random.int(LATE_BY_MAX) + 0.5 : at,
  }));
  arrivals.sort((left, right) => left.place - right.place);
  return Uint32Array.from(arrivals, ({ id }) => id);
}

function hostile(count: number, random: SeededRandom): Uint32Array {
  let id = FIRST_ID;
  return Uint32Array.from({ length: count }, () => {
    if (random.next() < HOSTILE_RANDOM_SHARE) return random.int(2 ** 32);
    id = add32(id, random.pick(HOSTILE_JUMPS));
    return id;
  });
}
