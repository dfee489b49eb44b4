/**
 * StreamStats: what is counted of a stream since the host began. Plain data.
 */

/** Counters of a stream. */
export interface StreamStats {
  frames: number;
  bytes: number;
  keyframes: number;
  keyframeRequests: number;
  /** Keyframes asked for so that a segment of the replay can begin. */
  segmentRequests: number;
  /** Requests that joined one under way. */
  keyframeRequestsJoined: number;
  invalidations: number;
  failures: number;
  restarts: number;
}

/** Counters at zero. */
export function newStreamStats(): StreamStats {
  return {
    frames: 0,
    bytes: 0,
    keyframes: 0,
    keyframeRequests: 0,
    segmentRequests: 0,
    keyframeRequestsJoined: 0,
    invalidations: 0,
    failures: 0,
    restarts: 0,
  };
}
