/**
 * Rate allocator: shares what may be sent to one viewer between sound, picture and repairs; part of
 * send. Repairs come out of the target, never on top of it: recovery adds no load to a full path.
 */

/** Largest share of the target that sound takes from the picture. */
const SOUND_SHARE_MAX = 0.25;

/** What the target is to be shared for. */
export interface RateDemand {
  /** What sound takes with its copies, bits a second; 0 while nobody listens. */
  readonly soundBps: number;
  /** Repair packets per source packet. */
  readonly redundancy: number;
}

/** Bits a second of each kind; their sum is the target. */
export interface RateShares {
  readonly audioBps: number;
  readonly videoBps: number;
  readonly repairBps: number;
}

/** Sound first, up to a quarter; the picture and its repairs share the rest. */
export function allocateRate(targetBps: number, demand: RateDemand): RateShares {
  const audioBps = Math.min(Math.max(0, demand.soundBps), targetBps * SOUND_SHARE_MAX);
  const restBps = targetBps - audioBps;
  const videoBps = restBps / (1 + Math.max(0, demand.redundancy));
  return { audioBps, videoBps, repairBps: restBps - videoBps };
}
