/**
 * Rate allocator: shares what may be sent to one viewer between sound, picture and repairs; part of
 * send. Repairs come out of the target, never on top of it: recovery adds no load to a full path.
 */

/** Sound gets at least this, in bits a second, unless the target is tiny. */
export const SOUND_BPS_MIN = 96_000;
/** Sound never gets more. */
export const SOUND_BPS_MAX = 128_000;
/** Largest share of the target for sound, and the share from which on it grows past its least. */
const SOUND_SHARE_MAX = 0.25;
const SOUND_SHARE = 0.02;

/** What the target is to be shared for. */
export interface RateDemand {
  readonly hasSound: boolean;
  /** Repair packets per source packet. */
  readonly redundancy: number;
}

/** Bits a second of each kind; their sum is the target. */
export interface RateShares {
  readonly audioBps: number;
  readonly videoBps: number;
  readonly repairBps: number;
}

/** Sound first, up to 128 kbit/s and a quarter; the picture and its repairs share the rest. */
export function allocateRate(targetBps: number, demand: RateDemand): RateShares {
  const wantedBps = Math.min(SOUND_BPS_MAX, Math.max(SOUND_BPS_MIN, targetBps * SOUND_SHARE));
  const audioBps = demand.hasSound ? Math.min(wantedBps, targetBps * SOUND_SHARE_MAX) : 0;
  const restBps = targetBps - audioBps;
  const videoBps = restBps / (1 + Math.max(0, demand.redundancy));
  return { audioBps, videoBps, repairBps: restBps - videoBps };
}
