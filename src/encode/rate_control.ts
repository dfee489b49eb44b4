/**
 * RateControl: picks the constant quantiser of each frame from the sizes seen and the target bitrate;
 * the encoder itself runs without rate control, which halves its time. Encode step; a pure state
 * machine: frames go in with their times, a quantiser and a wish for a sharper still picture come out.
 *
 * The model is picture_cost.ts; its complexity is a mean over about `CALM_FRAMES` frames, so
 * that content whose frames alternate in size gets one steady quantiser; a bucket that drains at the
 * target rate measures overshoot, and once it is half full the newest frames decide. A target clearly
 * below the highest is what a path takes: what runs ahead of it waits there, so bursts are kept short.
 */

import {
  clamp,
  complexityOf,
  type KeyframeCost,
  keyframeQpFor,
  QP_PER_OCTAVE,
  qpFor,
} from "./picture_cost.ts";
import { SegmentPlan } from "./segment_plan.ts";
import type { SegmentKeyframe } from "./segment_plan.ts";
import { StillSharpener } from "./still_sharpener.ts";

/** Quantisers and times of a `RateControl`. */
export interface RateControlLimits {
  /** Best quality: for still pictures, and for motion where the target is very high. */
  readonly qpMin: number;
  /** Good enough for motion: 18 takes up to twice the time and bytes to encode that 24 takes. */
  readonly qpComfort: number;
  /** Worst quality. */
  readonly qpMax: number;
  /** Burst that the network may be asked to take at once, microseconds of the target rate. */
  readonly allowanceUs: number;
  /** The same on a path that is the limit. */
  readonly narrowAllowanceUs: number;
  /** A picture without damage for this long is still. */
  readonly stillUs: number;
}

/** Figures that hold for x264 and openh264 at 720p to 2160p. */
export const DEFAULT_RATE_LIMITS: RateControlLimits = {
  qpMin: 18,
  qpComfort: 24,
  qpMax: 44,
  allowanceUs: 250_000,
  narrowAllowanceUs: 80_000,
  stillUs: 150_000,
};

/** What a `RateControl` starts with. */
export interface RateControlOptions {
  /** The highest target, and the first. */
  readonly bitrateBps: number;
  /** Most frames a second. */
  readonly fps: number;
  /** Pixels of a picture, for the size of the first keyframe. */
  readonly pixels: number;
  /** Default: `DEFAULT_RATE_LIMITS`. */
  readonly limits?: RateControlLimits;
}

/** What an encoded frame tells. */
export interface RateSample {
  readonly bytes: number;
  readonly qp: number;
  readonly isKeyframe: boolean;
  /** The screen had not changed: a refresh or a keyframe that was asked for. */
  readonly isUnchanged: boolean;
  readonly captureTimeUs: number;
}

/** Frames of the calm mean: an eighth of a second at 60 frames a second. */
const CALM_FRAMES = 8;
/** Frames of the mean when the bucket says that the target is exceeded. */
const URGENT_FRAMES = 2;
/**
 * A frame counts at most this many times the mean; each further such frame in a row may count this
 * many times more. A cut is one frame that costs like a keyframe, and says nothing about the next.
 */
const OUTLIER = 4;
/** Part of the target that is spent, so that keyframes and repairs fit beside it. */
const UTILISATION = 0.9;
/**
 * A target of this many bytes a pixel (50 Mbit/s at 1080p60) stays at the comfortable quantiser
 * whatever the content; each doubling beyond buys six steps. It must not depend on the content: the
 * first frame after a quiet time would be slow and large just when somebody begins to act.
 */
const COMFORT_BYTES_PER_PIXEL = 0.05;
/** A bucket this full starts to raise the quantiser by itself, linearly up to the whole below. */
const PRESSURE_START = 0.5;
const PRESSURE_QP = 12;
/** The bucket forgets what exceeds this many allowances: one keyframe is not paid off for seconds. */
const FULLNESS_MAX = 1.5;
/** The quantiser stays until it is wrong by more than this. */
const HYSTERESIS_QP = 0.75;
/** Longest mean interval: slower content gets the budget of 10 frames a second. */
const INTERVAL_US_MAX = 100_000;
/** A keyframe of ordinary content takes about this at quantiser 24, bytes a pixel. */
const FIRST_KEYFRAME_BYTES_PER_PIXEL = 0.15;
/** Frames whose mean interval is at most this many shortest ones come as fast as they may. */
const CAPPED = 1.1;
/** What a keyframe may take, microseconds of the target rate, and the same on a narrow path. */
const KEYFRAME_US = 150_000;
const NARROW_KEYFRAME_US = 120_000;
/** It is seen for some frames only, and text at 44 takes three times the bytes of 51. */
const NARROW_KEYFRAME_QP_MAX = 51;
/** A keyframe of a narrow path that exceeds its size by this is encoded once more. */
const KEYFRAME_EXCESS = 1.3;
/** Any other frame of a narrow path, microseconds of the target rate; at least two mean frames. */
const NARROW_FRAME_US = 50_000;
/** Less is not worth a second try. */
const FRAME_BYTES_MIN = 2000;
/** A target below this part of the highest is the limit of a path. */
const NARROW_SHARE = 0.9;
/** A refresh may take this part of the allowance: a key pressed meanwhile waits behind it. */
const REFRESH_SHARE = 0.25;
/** Sizes that differ by less than this part are one: sides are cut to even numbers. */
const SAME_SIZE = 0.05;

/** Rate control of one stream. */
export class RateControl {
  readonly #limits: RateControlLimits;
  readonly #bitrateBpsMax: number;
  readonly #sharpener: StillSharpener;
  readonly #segments = new SegmentPlan();
  #pixels: number;
  #bitrateBps: number;
  #fps: number;
  #qp: number;
  /** Bytes at quantiser 0 of an ordinary frame; undefined before the first. */
  #complexity: number | undefined;
  /** Frames in a row that were far above the mean. */
  #outliers = 0;
  #keyframe: KeyframeCost;
  #keyframeUs = -Infinity;
  #intervalUs: number;
  #lastFrameUs: number | undefined;
  #bucketBytes = 0;
  #bucketUs = 0;

  constructor(options: RateControlOptions) {
    this.#limits = options.limits ?? DEFAULT_RATE_LIMITS;
    checkRate(options.bitrateBps, options.fps);
    this.#pixels = options.pixels;
    this.#sharpener = new StillSharpener(this.#limits);
    this.#bitrateBpsMax = this.#bitrateBps = options.bitrateBps;
    this.#fps = options.fps;
    this.#intervalUs = 1e6 / options.fps;
    this.#qp = this.#limits.qpComfort;
    this.#keyframe = {
      bytes: options.pixels * FIRST_KEYFRAME_BYTES_PER_PIXEL,
      qp: this.#limits.qpComfort,
    };
  }

  /** Quantiser of the next ordinary frame. */
  get qp(): number {
    return this.#qp;
  }

  /** Quantiser of a keyframe, such that it takes a bounded part of the allowance. */
  get keyframeQp(): number {
    const fitting = keyframeQpFor(this.#keyframe, this.#keyframeBytes);
    const qpMax = this.#isNarrow ? NARROW_KEYFRAME_QP_MAX : this.#limits.qpMax;
    return clamp(Math.ceil(fitting), this.#qp, qpMax);
  }

  /** Bytes above which a keyframe is to be encoded anew; 0 for none. */
  get keyframeBytesMax(): number {
    if (!this.#isNarrow) return 0;
    return Math.max(FRAME_BYTES_MIN, Math.round(this.#keyframeBytes * KEYFRAME_EXCESS));
  }

  /** The same for any other frame: a cut must not fill the queue of a narrow path. */
  get frameBytesMax(): number {
    if (!this.#isNarrow) return 0;
    const bytes = this.#bytesIn(Math.max(NARROW_FRAME_US, 2 * this.#intervalUs));
    return Math.max(FRAME_BYTES_MIN, Math.round(bytes));
  }

  /** Bytes that are ahead of the target rate, as part of the allowance; at most 1.5. */
  get fullness(): number {
    return this.#bucketBytes / this.#allowanceBytes;
  }

  /** Sets the target; the quantiser follows at once. */
  setRate(bitrateBps: number, fps: number): void {
    checkRate(bitrateBps, fps);
    const wasCapped = this.#intervalUs <= CAPPED * 1e6 / this.#fps;
    this.#bitrateBps = bitrateBps;
    this.#fps = fps;
    // Content that came as fast as it might will do so again.
    this.#intervalUs = wasCapped ? 1e6 / fps : Math.max(this.#intervalUs, 1e6 / fps);
    this.#bucketBytes = Math.min(this.#bucketBytes, FULLNESS_MAX * this.#allowanceBytes);
    this.#choose();
  }

  /** Pictures have another size from now on: what was learned holds in proportion. */
  setPixels(pixels: number): void {
    const ratio = pixels / this.#pixels;
    if (Math.abs(ratio - 1) < SAME_SIZE) return;
    this.#pixels = pixels;
    this.#keyframe = { ...this.#keyframe, bytes: this.#keyframe.bytes * ratio };
    if (this.#complexity !== undefined) this.#complexity *= ratio;
    this.#sharpener.resize(ratio);
    this.#choose();
  }

  /** Takes a frame that was encoded. */
  push(sample: RateSample): void {
    this.#drain(sample.captureTimeUs);
    const full = FULLNESS_MAX * this.#allowanceBytes;
    const planned = sample.isKeyframe ? this.#pushKeyframe(sample) : 0;
    this.#bucketBytes = Math.min(full, this.#bucketBytes + sample.bytes - planned);
    const isRefresh = sample.isUnchanged && !sample.isKeyframe;
    if (sample.isKeyframe) this.#keyframe = sample;
    else if (!isRefresh) this.#learn(complexityOf(sample.bytes, sample.qp));
    if (isRefresh) this.#sharpener.noteRefresh(sample, this.#drainedUs);
    else this.#noteChange(sample);
    this.#choose();
  }

  /** How a keyframe that only begins a segment is to be made; undefined while it would be seen. */
  segmentKeyframe(nowUs: number): SegmentKeyframe | undefined {
    return this.#segments.ask({
      keyframe: this.#keyframe,
      keyframeUs: this.#keyframeUs,
      qp: this.#qp,
      bitrateBps: this.#bitrateBps,
      isNarrow: this.#isNarrow,
      nowUs,
    });
  }

  /** When `pull` may ask for a refresh, microseconds of the frames' clock; undefined for never. */
  get deadline(): number | undefined {
    return this.#sharpener.deadline;
  }

  /**
   * Gives the quantiser for one more frame of the still picture when it is time, else undefined.
   * After it the quantiser of ordinary frames holds again.
   */
  pull(nowUs: number): number | undefined {
    return this.#sharpener.pull(nowUs, {
      bytes: this.#allowanceBytes * REFRESH_SHARE,
      bytesMax: this.#keyframeBytes,
      keyframeComplexity: complexityOf(this.#keyframe.bytes, this.#keyframe.qp),
    });
  }

  get #comfortQp(): number {
    const { qpMin, qpComfort } = this.#limits;
    const bytesPerPixel = this.#bitrateBps / 8 / this.#fps / this.#pixels;
    const plenty = QP_PER_OCTAVE * Math.log2(bytesPerPixel / COMFORT_BYTES_PER_PIXEL);
    return clamp(qpComfort - plenty, qpMin, qpComfort);
  }

  get #isNarrow(): boolean {
    return this.#bitrateBps < NARROW_SHARE * this.#bitrateBpsMax;
  }

  get #allowanceBytes(): number {
    const { allowanceUs, narrowAllowanceUs } = this.#limits;
    return this.#bytesIn(this.#isNarrow ? narrowAllowanceUs : allowanceUs);
  }

  get #keyframeBytes(): number {
    return this.#bytesIn(this.#isNarrow ? NARROW_KEYFRAME_US : KEYFRAME_US);
  }

  /** When the bucket is empty again, where the path is the limit; else now. */
  get #drainedUs(): number {
    if (!this.#isNarrow) return this.#bucketUs;
    return this.#bucketUs + this.#bucketBytes * 8e6 / this.#bitrateBps;
  }

  #bytesIn(durationUs: number): number {
    return this.#bitrateBps / 8e6 * durationUs;
  }

  /** The same without what is set aside for keyframes that begin segments. */
  #ordinaryBytesIn(durationUs: number): number {
    const setAside = this.#segments.setAsideBps(this.#bucketUs);
    return Math.max(0, this.#bitrateBps - setAside) / 8e6 * durationUs;
  }

  #pushKeyframe({ bytes, captureTimeUs }: RateSample): number {
    this.#keyframeUs = captureTimeUs;
    return this.#segments.push(bytes, captureTimeUs, this.#bitrateBps);
  }

  #drain(nowUs: number): void {
    const elapsedUs = Math.max(0, nowUs - this.#bucketUs);
    this.#bucketUs = Math.max(nowUs, this.#bucketUs);
    this.#bucketBytes = Math.max(0, this.#bucketBytes - this.#ordinaryBytesIn(elapsedUs));
  }

  #learn(complexity: number): void {
    if (this.#complexity === undefined) {
      this.#complexity = complexity;
      return;
    }
    const isOutlier = complexity > this.#complexity * OUTLIER;
    this.#outliers = isOutlier ? this.#outliers + 1 : 0;
    const counted = Math.min(complexity, this.#complexity * OUTLIER ** Math.max(1, this.#outliers));
    const isUrgent = this.fullness > PRESSURE_START && counted > this.#complexity &&
      this.#outliers !== 1;
    this.#complexity += (counted - this.#complexity) / (isUrgent ? URGENT_FRAMES : CALM_FRAMES);
  }

  /**
   * Motion ends a series of refreshes, and a keyframe makes the picture coarse again. The interval
   * counts unless the screen was still between.
   */
  #noteChange(sample: RateSample): void {
    const { captureTimeUs } = sample;
    if (this.#lastFrameUs !== undefined) {
      const intervalUs = captureTimeUs - this.#lastFrameUs;
      if (intervalUs > 0 && intervalUs <= this.#limits.stillUs) {
        const bounded = clamp(intervalUs, 1e6 / this.#fps, INTERVAL_US_MAX);
        this.#intervalUs += (bounded - this.#intervalUs) / CALM_FRAMES;
      }
    }
    this.#lastFrameUs = captureTimeUs;
    this.#sharpener.noteChange(sample, this.#drainedUs);
  }

  #choose(): void {
    if (this.#complexity === undefined) return;
    const { qpMin, qpMax } = this.#limits;
    const budget = this.#ordinaryBytesIn(this.#intervalUs) * UTILISATION;
    const affordable = qpFor(this.#complexity, budget);
    const steady = Math.max(affordable, this.#comfortQp);
    // Frames that take little of the target let the bucket drain by themselves.
    const share = Math.min(1, 2 ** ((affordable - steady) / QP_PER_OCTAVE));
    const excess = Math.max(0, this.fullness - PRESSURE_START) / (FULLNESS_MAX - PRESSURE_START);
    const bounded = clamp(steady + excess * PRESSURE_QP * share, qpMin, qpMax);
    if (Math.abs(bounded - this.#qp) < HYSTERESIS_QP) return;
    // Worse at once, better step by step: a moment of plenty must not be followed by a burst.
    this.#qp = bounded > this.#qp ? Math.round(bounded) : this.#qp - 1;
  }
}

function checkRate(bitrateBps: number, fps: number): void {
  if (!(bitrateBps > 0)) throw new RangeError(`Cannot control a rate of ${bitrateBps} bit/s`);
  if (!(fps > 0)) throw new RangeError(`Cannot control a rate of ${fps} frames a second`);
}
