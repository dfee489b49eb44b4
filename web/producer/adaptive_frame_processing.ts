/**
 * AdaptiveFrameProcessing: decides which captured frames are encoded, and how large. It holds a target
 * rate, skips frames while the average processing time exceeds the budget of a frame, steps the quality
 * down after skips and back up with hysteresis. Pure: it owns no clock and no frame.
 *
 * "Quality" scales two things: each side of the picture, and the bitrate.
 */

/** Steps of quality: untouched, then 0.8 down to 0.3. */
export const QUALITY_STEPS = [1, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3] as const;
/** Skips after which the quality steps down. */
export const SKIPS_PER_STEP = 5;
/** Weight of the newest processing time in the average. */
const AVERAGE_WEIGHT = 1 / 8;
/** Frames in a row without a skip, after which earlier skips are forgotten. */
const SKIPS_FORGOTTEN_FRAMES = 60;
/** A step needs this long to show whether it helped. */
const SETTLE_US = 1_000_000;
/** Calm time before the quality steps up, and its limit: it doubles when a step up was too early. */
const CALM_US = 5_000_000;
const CALM_US_MAX = 60_000_000;
/** A step down this soon after one up says that the one up was too early. */
const RELAPSE_US = 10_000_000;
/** Share of the budget below which there is room for a better picture: far below where skips begin. */
const ROOM_SHARE = 0.6;
/** Frames that the encoder may hold: another one would only wait. */
const IN_FLIGHT_MAX = 2;
/** First frames of an encoder that say nothing: it sets itself up with them. */
const WARM_UP_FRAMES = 3;
/** Sources deliver a bit early and late; a frame this share of an interval early is still in time. */
const EARLY_SHARE = 0.25;

/** What holds for a device and its state. */
export interface ProcessingPolicy {
  readonly targetFps: number;
  /** Share of a frame's interval that processing may take, 0 to 1. */
  readonly budgetShare: number;
  /** No better quality than this. */
  readonly qualityMax: number;
}

/** What to do with a captured frame. */
export type FrameVerdict =
  | "encode"
  /** The source is faster than the target. */
  | "surplus"
  /** Processing takes longer than there is time. */
  | "skip";

/** Counters of it. */
export interface ProcessingStats {
  encoded: number;
  /** Frames above the target rate: not a loss. */
  surplus: number;
  skipped: number;
  stepsDown: number;
  stepsUp: number;
}

/** Decides frame by frame. */
export class AdaptiveFrameProcessing {
  #policy: ProcessingPolicy;
  readonly #stats: ProcessingStats = {
    encoded: 0,
    surplus: 0,
    skipped: 0,
    stepsDown: 0,
    stepsUp: 0,
  };
  #step = 0;
  #averageUs = 0;
  #nextDueUs = -Infinity;
  #busyUntilUs = -Infinity;
  #skips = 0;
  #framesSinceSkip = 0;
  #changedUs = -Infinity;
  #calmSinceUs: number | undefined;
  #calmUs = CALM_US;
  #raisedUs = -Infinity;
  #wantsKeyframe = true;
  #warmUp = WARM_UP_FRAMES;

  constructor(policy: ProcessingPolicy) {
    this.#policy = policy;
  }

  get stats(): Readonly<ProcessingStats> {
    return this.#stats;
  }

  /** What sides and bitrate are multiplied by. */
  get quality(): number {
    return Math.min(QUALITY_STEPS[this.#step]!, this.#policy.qualityMax);
  }

  /** Average time that the encoder is busy with a frame, microseconds. */
  get averageUs(): number {
    return this.#averageUs;
  }

  /** Time that a frame may take, microseconds. */
  get budgetUs(): number {
    return 1e6 / this.#policy.targetFps * this.#policy.budgetShare;
  }

  /** Times that the quality changed. */
  get adaptations(): number {
    return this.#stats.stepsDown + this.#stats.stepsUp;
  }

  get targetFps(): number {
    return this.#policy.targetFps;
  }

  /** Other conditions: a battery that runs low, memory that is short. */
  setPolicy(policy: ProcessingPolicy): void {
    this.#policy = policy;
  }

  /** The next frame that is encoded is a keyframe. */
  requestKeyframe(): void {
    this.#wantsKeyframe = true;
  }

  /** A keyframe was asked for and not made yet. */
  get wantsKeyframe(): boolean {
    return this.#wantsKeyframe;
  }

  /** Whether the frame about to be encoded is a keyframe; asking answers the request. */
  takeKeyframe(): boolean {
    const wants = this.#wantsKeyframe;
    this.#wantsKeyframe = false;
    return wants;
  }

  /** Decides on a frame that was captured just now, while the encoder holds `inFlight` others. */
  admit(nowUs: number, inFlight: number): FrameVerdict {
    const intervalUs = 1e6 / this.#policy.targetFps;
    if (nowUs < this.#nextDueUs - EARLY_SHARE * intervalUs) {
      this.#stats.surplus++;
      return "surplus";
    }
    // The grid of due times moves on by whole intervals, so that 60 becomes an even 30.
    const dueUs = this.#nextDueUs + intervalUs;
    this.#nextDueUs = dueUs > nowUs - intervalUs ? dueUs : nowUs + intervalUs;
    const isOverBudget = this.#averageUs > this.budgetUs && nowUs < this.#busyUntilUs;
    if (isOverBudget || inFlight >= IN_FLIGHT_MAX) {
      this.#noteSkip(nowUs);
      return "skip";
    }
    this.#stats.encoded++;
    this.#busyUntilUs = nowUs + this.#averageUs / this.#policy.budgetShare;
    this.#noteCalm(nowUs);
    return "encode";
  }

  /** A frame left the encoder, which was busy with it for `busyUs`. */
  processed(busyUs: number): void {
    if (this.#warmUp > 0) {
      this.#warmUp--;
      return;
    }
    this.#averageUs = this.#averageUs === 0
      ? busyUs
      : this.#averageUs + AVERAGE_WEIGHT * (busyUs - this.#averageUs);
  }

  /** The encoder is another one: what it held is gone. */
  encoderReplaced(): void {
    this.#averageUs = 0;
    this.#skips = 0;
    this.#warmUp = WARM_UP_FRAMES;
    this.#wantsKeyframe = true;
  }

  #noteSkip(nowUs: number): void {
    this.#stats.skipped++;
    this.#calmSinceUs = undefined;
    this.#framesSinceSkip = 0;
    if (this.#warmUp > 0 || nowUs - this.#changedUs < SETTLE_US) return;
    if (++this.#skips < SKIPS_PER_STEP) return;
    this.#skips = 0;
    if (this.#step === QUALITY_STEPS.length - 1) return;
    if (nowUs - this.#raisedUs < RELAPSE_US) this.#calmUs = Math.min(CALM_US_MAX, 2 * this.#calmUs);
    this.#step++;
    this.#stats.stepsDown++;
    this.#changedUs = nowUs;
    // What the larger picture took says nothing of the smaller one.
    this.#averageUs = 0;
  }

  #noteCalm(nowUs: number): void {
    if (++this.#framesSinceSkip >= SKIPS_FORGOTTEN_FRAMES) this.#skips = 0;
    if (this.#averageUs > ROOM_SHARE * this.budgetUs) {
      this.#calmSinceUs = undefined;
      return;
    }
    this.#calmSinceUs ??= nowUs;
    if (this.#step === 0 || nowUs - this.#calmSinceUs < this.#calmUs) return;
    this.#step--;
    this.#stats.stepsUp++;
    this.#changedUs = nowUs;
    this.#raisedUs = nowUs;
    this.#calmSinceUs = undefined;
  }
}
