/**
 * SegmentPlan: what keyframes that only begin a segment of what is held may cost, so that who watches
 * live sees nothing of them. Encode step; pure. Their bytes are taken from the frames between them,
 * evenly; where a path is the limit they fit into 50 ms of it, or come more rarely.
 */

import { keyframeQpFor } from "./picture_cost.ts";
import type { KeyframeCost } from "./picture_cost.ts";

/** Longest segment, on a path that takes its keyframes only much coarser than its other frames. */
export const SEGMENT_US_MAX = 10_000_000;
/** How much coarser than the frames around it such a keyframe may be before that. */
const QP_STEP_MAX = 6;
/** What it may take of a path that is the limit, microseconds of the target rate. */
const NARROW_SEGMENT_US = 50_000;
/** One that exceeds this by more is encoded once more. */
const EXCESS = 1.3;
const QP_MAX = 51;
/** Share of the rate that is set aside at most. */
const SHARE_MAX = 0.3;
/** Without one for this long nothing is set aside any more. */
const FORGET_US = 2 * SEGMENT_US_MAX;

/** How the encoder is to make such a keyframe. */
export interface SegmentKeyframe {
  readonly qp: number;
  /** Above this it is encoded once more; 0 for no limit. */
  readonly bytesMax: number;
}

/** What rate control knows when a segment is due. */
export interface SegmentSituation {
  /** The newest keyframe, and when it was captured. */
  readonly keyframe: KeyframeCost;
  readonly keyframeUs: number;
  /** Quantiser of the frames around it, and of a keyframe that somebody waits for. */
  readonly qp: number;
  readonly keyframeQp: number;
  readonly bitrateBps: number;
  /** A path is the limit. */
  readonly isNarrow: boolean;
  readonly nowUs: number;
}

/** Plans the segments of one stream. */
export class SegmentPlan {
  #isAsked = false;
  #lastUs: number | undefined;
  #bps = 0;

  /** The keyframe to ask for, or undefined while it would be seen. */
  ask(situation: SegmentSituation): SegmentKeyframe | undefined {
    const keyframe = segmentKeyframe(situation);
    if (keyframe !== undefined) this.#isAsked = true;
    return keyframe;
  }

  /** Takes a keyframe; gives the bytes of it that the frames around it pay for. */
  push(bytes: number, captureTimeUs: number, bitrateBps: number): number {
    const sinceUs = captureTimeUs - (this.#lastUs ?? -Infinity);
    const isPlanned = this.#isAsked && sinceUs < FORGET_US;
    this.#lastUs = captureTimeUs;
    this.#isAsked = false;
    if (!isPlanned || sinceUs <= 0) return 0;
    const share = Math.min(bytes * 8e6 / sinceUs, SHARE_MAX * bitrateBps);
    this.#bps = share;
    return Math.min(bytes, share / 8e6 * sinceUs);
  }

  /** Bits a second that are set aside. */
  setAsideBps(nowUs: number): number {
    if (this.#lastUs === undefined || nowUs - this.#lastUs > FORGET_US) return 0;
    return this.#bps;
  }
}

function segmentKeyframe(situation: SegmentSituation): SegmentKeyframe | undefined {
  const { keyframe, keyframeUs, qp, keyframeQp, bitrateBps, isNarrow, nowUs } = situation;
  if (!isNarrow) return { qp: keyframeQp, bytesMax: 0 };
  const bytes = bitrateBps / 8e6 * NARROW_SEGMENT_US;
  const fitting = Math.max(qp, Math.min(QP_MAX, Math.ceil(keyframeQpFor(keyframe, bytes))));
  if (fitting > qp + QP_STEP_MAX && nowUs - keyframeUs < SEGMENT_US_MAX) return undefined;
  return { qp: fitting, bytesMax: Math.round(bytes * EXCESS) };
}
