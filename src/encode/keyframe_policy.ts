/**
 * KeyframePolicy: when the encoder is told to repair. Losses first try a repair from an older
 * reference, which costs a tenth of a keyframe; keyframe requests that come close together become
 * one, and who keeps asking gets them ever more rarely. A viewer that joins does not wait for what
 * others asked: joins have a shorter limit of their own. Encode step; a pure state machine.
 */

/** Shortest time between two keyframes that were asked for. */
export const KEYFRAME_INTERVAL_US_MIN = 100_000;
/** Longest: under requests without end a keyframe still comes every other second. */
export const KEYFRAME_INTERVAL_US_MAX = 2_000_000;
/** Longest wait of a viewer that joins, however many do. */
export const JOIN_INTERVAL_US_MAX = 500_000;
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

/** Shortest time from a keyframe of any cause to one that only begins a segment. */
export const SEGMENT_INTERVAL_US_MIN = 1_000_000;

/** Why a keyframe is wanted: a viewer lost what cannot be repaired, or begins to watch. */
export type KeyframeCause = "damage" | "join";

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
  readonly #causes: Readonly<Record<KeyframeCause, RequestPace>> = {
    damage: new RequestPace(KEYFRAME_INTERVAL_US_MAX),
    join: new RequestPace(JOIN_INTERVAL_US_MAX),
  };
  /** When a keyframe was last asked for or made. */
  #lastKeyframeUs = -Infinity;
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
    const { damage, join } = this.#causes;
    if (!damage.isWanted && !join.isWanted) return undefined;
    const damageUs = damage.dueUs(this.#lastKeyframeUs);
    return Math.min(damageUs, join.dueUs(this.#lastKeyframeUs));
  }

  /** A keyframe is wanted; `pull` says when the encoder is to be asked. */
  request(nowUs: number, cause: KeyframeCause = "damage"): void {
    this.#stats.keyframeRequests++;
    const { damage, join } = this.#causes;
    if (damage.isWanted || join.isWanted) this.#stats.keyframeRequestsJoined++;
    this.#causes[cause].request(nowUs);
  }

  /**
   * True when the next frame may be a keyframe so that a segment of what is held begins. One that is
   * wanted or was made a moment ago serves as well.
   */
  maySegment(nowUs: number): boolean {
    return this.deadline === undefined &&
      nowUs - this.#lastKeyframeUs >= SEGMENT_INTERVAL_US_MIN;
  }

  /** True when the encoder is to be asked for a keyframe now. */
  pull(nowUs: number): boolean {
    const { deadline } = this;
    if (deadline === undefined || nowUs < deadline) return false;
    for (const pace of Object.values(this.#causes)) pace.grant(nowUs, this.#lastKeyframeUs);
    this.#lastKeyframeUs = nowUs;
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
    for (const pace of Object.values(this.#causes)) pace.answer(captureTimeUs);
    this.#lastKeyframeUs = Math.max(this.#lastKeyframeUs, captureTimeUs);
  }
}

/** Requests of one cause: whether one is open, and how soon it may be granted. */
class RequestPace {
  readonly #intervalUsMax: number;
  #intervalUs = KEYFRAME_INTERVAL_US_MIN;
  #grantedUs = -Infinity;
  #requestedUs = -Infinity;
  #isWanted = false;

  constructor(intervalUsMax: number) {
    this.#intervalUsMax = intervalUsMax;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Infinity while nothing is wanted. */
  dueUs(lastKeyframeUs: number): number {
    return this.#isWanted ? lastKeyframeUs + this.#intervalUs : Infinity;
  }

  request(nowUs: number): void {
    if (nowUs - this.#grantedUs > CALM_US) this.#intervalUs = KEYFRAME_INTERVAL_US_MIN;
    this.#isWanted = true;
    this.#requestedUs = nowUs;
  }

  /** A keyframe is asked for, on behalf of this cause when its time had come. */
  grant(nowUs: number, lastKeyframeUs: number): void {
    if (!this.#isWanted) return;
    const isOwn = nowUs >= this.dueUs(lastKeyframeUs);
    this.#isWanted = false;
    // What another cause paid for makes nobody wait longer.
    if (!isOwn) return;
    if (nowUs - this.#grantedUs <= CALM_US) {
      this.#intervalUs = Math.min(this.#intervalUsMax, this.#intervalUs * 2);
    }
    this.#grantedUs = nowUs;
  }

  /** A keyframe was captured: who asked later may have joined after it was sent. */
  answer(captureTimeUs: number): void {
    if (this.#requestedUs <= captureTimeUs) this.#isWanted = false;
  }
}
