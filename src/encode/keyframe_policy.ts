/**
 * KeyframePolicy: when the encoder is told to repair. Losses first try a repair from an older
 * reference, which costs a tenth of a keyframe; keyframe requests that come close together become
 * one, and who keeps asking gets them ever more rarely. Encode step; a pure state machine.
 */

/** Shortest time between two keyframes that were asked for. */
export const KEYFRAME_INTERVAL_US_MIN = 100_000;
/** Longest: under requests without end a keyframe still comes every other second. */
export const KEYFRAME_INTERVAL_US_MAX = 2_000_000;
/** A quiet time this long makes the interval short again. */
const CALM_US = 3_000_000;
/** Reports of the same loss within this time are one: less than any viewer needs to miss a repair. */
export const REPAIR_JOIN_US = 20_000;

/** Counters of a `KeyframePolicy`. */
export interface KeyframePolicyStats {
  keyframeRequests: number;
  /** Requests that became one with another. */
  keyframeRequestsJoined: number;
  invalidations: number;
  invalidationsJoined: number;
}

/** What is to be done about a loss. */
export type LossAnswer = "repair" | "keyframe" | "joined";

/** Decides for one stream. */
export class KeyframePolicy {
  readonly #stats: KeyframePolicyStats = {
    keyframeRequests: 0,
    keyframeRequestsJoined: 0,
    invalidations: 0,
    invalidationsJoined: 0,
  };
  #intervalUs = KEYFRAME_INTERVAL_US_MIN;
  #lastAskedUs = -Infinity;
  #isWanted = false;
  #requestedUs = -Infinity;
  /** Newest frame that the encoder is known to have made. */
  #newestFrameId = 0;
  #lostFrom = 0;
  #lostTo = 0;
  #repairAskedUs = -Infinity;

  get stats(): Readonly<KeyframePolicyStats> {
    return this.#stats;
  }

  /** When `pull` gives true, or undefined while no keyframe is wanted. */
  get deadline(): number | undefined {
    return this.#isWanted ? this.#lastAskedUs + this.#intervalUs : undefined;
  }

  /** A keyframe is wanted; `pull` says when the encoder is to be asked. */
  request(nowUs: number, _cause: "join" | "damage" = "damage"): void {
    this.#stats.keyframeRequests++;
    if (this.#isWanted) this.#stats.keyframeRequestsJoined++;
    if (nowUs - this.#lastAskedUs > CALM_US) this.#intervalUs = KEYFRAME_INTERVAL_US_MIN;
    this.#isWanted = true;
    this.#requestedUs = nowUs;
  }

  /** True when the encoder is to be asked for a keyframe now. */
  pull(nowUs: number): boolean {
    const { deadline } = this;
    if (deadline === undefined || nowUs < deadline) return false;
    this.#isWanted = false;
    const isRepeated = nowUs - this.#lastAskedUs <= CALM_US;
    if (isRepeated) this.#intervalUs = Math.min(KEYFRAME_INTERVAL_US_MAX, this.#intervalUs * 2);
    this.#lastAskedUs = nowUs;
    return true;
  }

  /**
   * Frames from `firstLostFrameId` on did not arrive somewhere. "repair": tell the encoder;
   * "keyframe": it cannot repair, so a keyframe is wanted; "joined": a repair is under way.
   */
  reportLoss(firstLostFrameId: number, canRepair: boolean, nowUs: number): LossAnswer {
    this.#stats.invalidations++;
    if (!canRepair) {
      this.request(nowUs);
      return "keyframe";
    }
    const isCovered = firstLostFrameId >= this.#lostFrom && firstLostFrameId <= this.#lostTo;
    if (isCovered && nowUs - this.#repairAskedUs < REPAIR_JOIN_US) {
      this.#stats.invalidationsJoined++;
      return "joined";
    }
    this.#lostFrom = firstLostFrameId;
    this.#lostTo = Math.max(firstLostFrameId, this.#newestFrameId);
    this.#repairAskedUs = nowUs;
    return "repair";
  }

  /** The encoder made a frame; a keyframe answers the requests that came before its capture. */
  push(frameId: number, isKeyframe: boolean, captureTimeUs: number): void {
    this.#newestFrameId = frameId;
    if (!isKeyframe) return;
    // Who asked later may have joined after it was sent.
    if (this.#requestedUs <= captureTimeUs) this.#isWanted = false;
    this.#lastAskedUs = Math.max(this.#lastAskedUs, captureTimeUs);
  }
}
