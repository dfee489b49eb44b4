/**
 * SegmentPlan: what keyframes that only begin a segment of what is held may cost, so that who watches
 * live sees nothing of them. Encode step; pure. One takes at most what leaves for a viewer at once,
 * 50 ms of the rate, and is hardly coarser than the frames around it, or it comes more rarely; its
 * bytes are taken from the frames between, evenly.
 */

import { keyframeQpFor } from "./picture_cost.ts";
import type { KeyframeCost } from "./picture_cost.ts";

/** Longest segment of a picture whose keyframes are too large to go unseen. */
export const SEGMENT_US_MAX = 4_000_000;
/** The same on a path that is the limit. */
export const NARROW_SEGMENT_US_MAX = 10_000_000;
/** How much coarser than the frames around it such a keyframe may be before that, and then. */
const QP_STEP_MAX = 4;
const LATE_QP_STEP_MAX = 6;
/** What it may take, microseconds of the target rate: a pacer lets so much go at once. */
const KEYFRAME_US = 50_000;
/** Part of that which is aimed at: what takes more is encoded once more. */
const AIM = 0.85;
const QP_MAX = 51;
/** Share of the rate that is set aside at most. */
const SHARE_MAX = 0.3;
/** Without one for this long nothing is set aside any more. */
const FORGET_US = 2 * NARROW_SEGMENT_US_MAX;

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
  /** Quantiser of the frames around it. */
  readonly qp: number;
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
  const { keyframe, keyframeUs, qp, bitrateBps, isNarrow, nowUs } = situation;
  const bytesMax = Math.round(bitrateBps / 8e6 * KEYFRAME_US);
  const fitting = Math.max(qp, Math.ceil(keyframeQpFor(keyframe, bytesMax * AIM)));
  if (fitting <= Math.min(QP_MAX, qp + QP_STEP_MAX)) return { qp: fitting, bytesMax };
  if (nowUs - keyframeUs < (isNarrow ? NARROW_SEGMENT_US_MAX : SEGMENT_US_MAX)) return undefined;
  if (isNarrow) return { qp: Math.min(QP_MAX, fitting), bytesMax };
  // Once in a while a picture that comes a few frames late is better than one that is coarse.
  return { qp: Math.min(QP_MAX, fitting, qp + LATE_QP_STEP_MAX), bytesMax: 0 };
}
