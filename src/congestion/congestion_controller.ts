/**
 * CongestionController: decides the target bitrate of one viewer from what its feedback says of the
 * path; part of send. Two implementations share this shape, so that benchmarks can compare them. A
 * controller owns no clock and no queue.
 */

/** Names of the controllers: "trend" follows the delay trend and loss, "delta" the queue delay. */
export const CONTROLLER_NAMES = ["trend", "delta"] as const;
/** One of `CONTROLLER_NAMES`. */
export type ControllerName = typeof CONTROLLER_NAMES[number];

/** One packet that arrived: the last of a frame or burst. */
export interface PacketArrival {
  /** When it was given to the transport, microseconds of the sender's clock. */
  readonly sentUs: number;
  /** When it arrived, microseconds of the viewer's clock, unwrapped: only differences mean anything. */
  readonly arrivalUs: number;
}

/** What one feedback datagram says of the path since the one before. */
export interface PathReport {
  /** Sender's clock, microseconds, as all times here unless said otherwise. */
  readonly nowUs: number;
  /** Newest round trip, without the time that the viewer held it, and its averages. */
  readonly rttUs: number;
  readonly rttUsSmoothed: number;
  /** Shortest of the last 10 s. */
  readonly rttUsMin: number;
  /** Oldest first. */
  readonly arrivals: readonly PacketArrival[];
  /** Packets whose fate is known now: `packets` of them, `lost` lost in `bursts` runs. */
  readonly packets: number;
  readonly lost: number;
  readonly bursts: number;
  /** Bytes newly known to have arrived, and their rate over the last half second. */
  readonly ackedBytes: number;
  readonly ackedBps: number;
  /** Bytes sent whose fate is not known. */
  readonly bytesInFlight: number;
  /** The sender had less to send than the target allowed: the path's limit was not tried. */
  readonly isApplicationLimited: boolean;
}

/** Decides the target of one viewer. */
export interface CongestionController {
  readonly name: ControllerName;
  /** What may be sent to this viewer in all: media, repairs and sound, bits a second. */
  readonly targetBps: number;
  /** Queue delay rises or is above its limit: losses count as congestion. */
  readonly isCongested: boolean;
  /** Delay above the shortest seen, microseconds. */
  readonly queueDelayUs: number;
  /** Share of the full frame rate that the path can carry smoothly, 0 to 1; 1 by default. */
  readonly frameRateShare: number;
  /**
   * Rate that it wants tried for some tens of milliseconds, or undefined: whoever sends tops up what
   * it has with repairs to this rate, so that a source with little to send learns what the path
   * carries. Nothing breaks when nobody does: the probe is then judged as not made.
   */
  readonly wantedProbeBps?: number | undefined;
  /** Times that it cut the target. */
  readonly cuts: number;
  /** Takes one report. */
  observe(report: PathReport): void;
  /** No feedback came for so long that the path counts as broken; called once per silence. */
  onSilence(nowUs: number): void;
}

/** Bounds of a controller. */
export interface ControllerLimits {
  readonly startBps: number;
  readonly minBps: number;
  readonly maxBps: number;
}

/** `rateBps` as a whole number within the bounds; the least when it is no number at all. */
export function limitedRate(rateBps: number, limits: ControllerLimits): number {
  const bounded = Math.min(limits.maxBps, Math.max(limits.minBps, rateBps));
  return Number.isNaN(bounded) ? limits.minBps : Math.round(bounded);
}
