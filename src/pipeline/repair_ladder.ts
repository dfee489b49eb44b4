/**
 * RepairLadder: what is done about a viewer's damaged frames, rung by rung: repairs, reactive repairs,
 * another reference, a keyframe, a lower rate. A pure state machine of one viewer, with a counter for
 * each rung; how often each rung may be taken is bounded here.
 */

import { distance32 } from "../core/sequence.ts";
import { REPAIR_RUNGS } from "../wire/control.ts";
import type { RepairRung } from "../wire/control.ts";
import { REFERENCE_FRAMES_KEPT } from "../wire/frame.ts";

/** The same damage is reported to the encoder at most this often, and once per round trip. */
export const REFERENCE_INTERVAL_US_MIN = 50_000;
/** Whatever is damaged, the encoder is asked for other references at most this often. */
export const ANY_REFERENCE_INTERVAL_US_MIN = 20_000;
/** Keyframes are asked for at most this often, once per round trip, and ever more rarely. */
export const KEYFRAME_INTERVAL_US_MIN = 100_000;
/** Longest wait for the next keyframe. */
export const KEYFRAME_INTERVAL_US_MAX = 2_000_000;
/** After a time this long without keyframes the next one comes at once again. */
const KEYFRAME_CALM_US = 2 * KEYFRAME_INTERVAL_US_MAX;
/** Damage that references did not mend within this time gets a keyframe. */
export const REFERENCE_PATIENCE_US = 400_000;
/** More keyframes than this within `KEYFRAME_SPAN_US` mean that the rate is too high. */
export const KEYFRAMES_BEFORE_RATE = 3;
/** See `KEYFRAMES_BEFORE_RATE`. */
export const KEYFRAME_SPAN_US = 2_000_000;
/** A frame is encoded, sent and reported within the round trip and about this. */
const ANSWER_MARGIN_US = 20_000;

/** A viewer that cannot go on with the frames that were sent. */
export interface Damage {
  readonly rttUs: number;
  /** Newest frame that it has; 0 when it has none. */
  readonly lastCompleteFrameId: number;
  /** Newest frame that was encoded. */
  readonly newestFrameId: number;
}

/** What is to be done now. "rate" is a keyframe at a lower rate. */
export type LadderAction = "none" | "reference" | "keyframe" | "rate";

/** How often each rung was taken. */
export interface LadderCounts {
  repairs: number;
  reactive: number;
  reference: number;
  keyframe: number;
  rate: number;
}

/** The ladder of one viewer. */
export class RepairLadder {
  readonly #counts: LadderCounts = { repairs: 0, reactive: 0, reference: 0, keyframe: 0, rate: 0 };
  /** Times of the last keyframes that were asked for. */
  readonly #keyframesUs = new Float64Array(KEYFRAMES_BEFORE_RATE).fill(-Infinity);
  #highest = 0;
  #damagedUs: number | undefined;
  #referenceUs = -Infinity;
  #referenceFrameId = -1;
  #answeredUs = -Infinity;
  #keyframeUs = -Infinity;
  #keyframeIntervalUs = 0;

  get counts(): Readonly<LadderCounts> {
    return this.#counts;
  }

  /** True while the viewer waits for a frame that it can decode. */
  get isDamaged(): boolean {
    return this.#damagedUs !== undefined;
  }

  /** The highest rung that was taken since the last call. */
  takeRung(): RepairRung {
    const rung = REPAIR_RUNGS[this.#highest] ?? "none";
    this.#highest = 0;
    return rung;
  }

  /** Repairs went with the frames. */
  noteRepair(): void {
    this.#note("repairs");
  }

  /** Repairs went out because the viewer reported a gap. */
  noteReactive(): void {
    this.#note("reactive");
  }

  /** The rate was cut for this viewer by somebody else. */
  noteRateCut(): void {
    this.#note("rate");
  }

  /** A keyframe was asked for on the viewer's behalf, as when it begins to play. */
  noteKeyframe(nowUs: number): void {
    this.#keyframeUs = nowUs;
  }

  /** A frame was sent that the viewer can decode although it is damaged. */
  noteAnswer(nowUs: number): void {
    this.#answeredUs = nowUs;
  }

  /** The viewer decodes what it gets. */
  heal(): void {
    this.#damagedUs = undefined;
    this.#answeredUs = -Infinity;
  }

  /** Takes the news that the viewer is damaged, again and again; says what to do. */
  climb(damage: Damage, nowUs: number): LadderAction {
    this.#damagedUs ??= nowUs;
    // What was sent as an answer must have had the time to arrive and to be reported.
    if (nowUs < this.#answeredUs + damage.rttUs + ANSWER_MARGIN_US) return "none";
    const { lastCompleteFrameId, newestFrameId } = damage;
    const isTooOld = lastCompleteFrameId === 0 ||
      distance32(lastCompleteFrameId, newestFrameId) >= REFERENCE_FRAMES_KEPT;
    if (isTooOld || nowUs - this.#damagedUs >= REFERENCE_PATIENCE_US) {
      return this.#climbToKeyframe(damage.rttUs, nowUs);
    }
    const waitUs = lastCompleteFrameId === this.#referenceFrameId
      ? Math.max(damage.rttUs, REFERENCE_INTERVAL_US_MIN)
      : ANY_REFERENCE_INTERVAL_US_MIN;
    if (nowUs < this.#referenceUs + waitUs) return "none";
    this.#referenceUs = nowUs;
    this.#referenceFrameId = lastCompleteFrameId;
    this.#note("reference");
    return "reference";
  }

  #climbToKeyframe(rttUs: number, nowUs: number): LadderAction {
    const shortestUs = Math.max(rttUs, KEYFRAME_INTERVAL_US_MIN);
    const waitUs = Math.max(shortestUs, this.#keyframeIntervalUs);
    const agoUs = nowUs - this.#keyframeUs;
    if (agoUs < waitUs) return "none";
    // Who asks again soon gets the next one later; a quiet time ends that.
    const isRepeated = agoUs < KEYFRAME_CALM_US;
    this.#keyframeIntervalUs = isRepeated ? Math.min(KEYFRAME_INTERVAL_US_MAX, 2 * waitUs) : 0;
    this.#keyframeUs = nowUs;
    this.#note("keyframe");
    const oldest = this.#counts.keyframe % KEYFRAMES_BEFORE_RATE;
    const isFlood = nowUs - this.#keyframesUs[oldest]! < KEYFRAME_SPAN_US;
    this.#keyframesUs[oldest] = nowUs;
    if (!isFlood) return "keyframe";
    this.#keyframesUs.fill(-Infinity);
    this.#note("rate");
    return "rate";
  }

  #note(rung: keyof LadderCounts): void {
    this.#counts[rung]++;
    this.#highest = Math.max(this.#highest, REPAIR_RUNGS.indexOf(rung));
  }
}
