/**
 * RateControl: picks the constant quantiser of each frame from the sizes seen and the target bitrate;
 * the encoder itself runs without rate control, which halves its time. Encode step; a pure state
 * machine: frames go in with their times, a quantiser and a wish for a sharper still picture come out.
 *
 * Model: bytes = complexity x 2^(-qp/6). The complexity is a mean over about `CALM_FRAMES` frames, so
 * that content whose frames alternate in size gets one steady quantiser; a bucket that drains at the
 * target rate measures overshoot, and once it is half full the newest frames decide.
 */

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
  /** A picture without damage for this long is still. */
  readonly stillUs: number;
}

/** Figures that hold for x264 and openh264 at 720p to 2160p. */
export const DEFAULT_RATE_LIMITS: RateControlLimits = {
  qpMin: 18,
  qpComfort: 24,
  qpMax: 44,
  allowanceUs: 250_000,
  stillUs: 150_000,
};

/** What a `RateControl` starts with. */
export interface RateControlOptions {
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

/** Quantiser steps that halve the bytes. */
const QP_PER_OCTAVE = 6;
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
/** A keyframe may take this part of the allowance. */
const KEYFRAME_SHARE = 0.6;
/** A refresh may take this part of the allowance: a key pressed meanwhile waits behind it. */
const REFRESH_SHARE = 0.25;
/** A first refresh is taken to cost this part of a keyframe of the same quantiser. */
const REFRESH_PER_KEYFRAME = 0.25;
/** Frames that sharpen one still picture. */
export const REFRESHES_MAX = 3;
/** A still picture that gained fewer coarse bytes than this is sharp enough. */
const COARSE_BYTES_MIN = 512;
/** Series of refreshes start at most this often, so that a blinking cursor does not cause them. */
const REFRESH_PERIOD_US = 1_000_000;
/** Sizes that differ by less than this part are one: sides are cut to even numbers. */
const SAME_SIZE = 0.05;
/** Pause between two refreshes of a series. */
const REFRESH_STEP_US = 60_000;

/** Rate control of one stream. */
export class RateControl {
  readonly #limits: RateControlLimits;
  #pixels: number;
  #bitrateBps: number;
  #fps: number;
  #qp: number;
  /** Bytes at quantiser 0 of an ordinary frame; undefined before the first. */
  #complexity: number | undefined;
  /** Frames in a row that were far above the mean. */
  #outliers = 0;
  #keyframeComplexity: number;
  #refreshComplexity: number | undefined;
  #intervalUs: number;
  #lastFrameUs: number | undefined;
  #bucketBytes = 0;
  #bucketUs = 0;
  #coarseBytes = 0;
  #refreshes = 0;
  #refreshQp: number | undefined;
  #lastRefreshUs = -REFRESH_PERIOD_US;
  #lastSeriesUs = -REFRESH_PERIOD_US;

  constructor(options: RateControlOptions) {
    this.#limits = options.limits ?? DEFAULT_RATE_LIMITS;
    checkRate(options.bitrateBps, options.fps);
    this.#pixels = options.pixels;
    this.#bitrateBps = options.bitrateBps;
    this.#fps = options.fps;
    this.#intervalUs = 1e6 / options.fps;
    this.#qp = this.#limits.qpComfort;
    this.#keyframeComplexity = complexityOf(
      options.pixels * FIRST_KEYFRAME_BYTES_PER_PIXEL,
      this.#limits.qpComfort,
    );
  }

  /** Quantiser of the next ordinary frame. */
  get qp(): number {
    return this.#qp;
  }

  /** Quantiser of a keyframe, such that it takes a bounded part of the allowance. */
  get keyframeQp(): number {
    const fitting = qpFor(this.#keyframeComplexity, this.#allowanceBytes * KEYFRAME_SHARE);
    return clamp(Math.ceil(fitting), this.#qp, this.#limits.qpMax);
  }

  /** Bytes that are ahead of the target rate, as part of the allowance; at most 1.5. */
  get fullness(): number {
    return this.#bucketBytes / this.#allowanceBytes;
  }

  /** Sets the target; the quantiser follows at once. */
  setRate(bitrateBps: number, fps: number): void {
    checkRate(bitrateBps, fps);
    this.#bitrateBps = bitrateBps;
    this.#fps = fps;
    this.#intervalUs = Math.max(this.#intervalUs, 1e6 / fps);
    this.#bucketBytes = Math.min(this.#bucketBytes, FULLNESS_MAX * this.#allowanceBytes);
    this.#choose();
  }

  /** Pictures have another size from now on: what was learned holds in proportion. */
  setPixels(pixels: number): void {
    const ratio = pixels / this.#pixels;
    if (Math.abs(ratio - 1) < SAME_SIZE) return;
    this.#pixels = pixels;
    this.#keyframeComplexity *= ratio;
    if (this.#complexity !== undefined) this.#complexity *= ratio;
    if (this.#refreshComplexity !== undefined) this.#refreshComplexity *= ratio;
    this.#choose();
  }

  /** Takes a frame that was encoded. */
  push(sample: RateSample): void {
    this.#drain(sample.captureTimeUs);
    const full = FULLNESS_MAX * this.#allowanceBytes;
    this.#bucketBytes = Math.min(full, this.#bucketBytes + sample.bytes);
    const complexity = complexityOf(sample.bytes, sample.qp);
    if (sample.isKeyframe) this.#keyframeComplexity = complexity;
    else if (sample.isUnchanged) this.#refreshComplexity = complexity;
    else this.#learn(complexity);
    if (sample.isKeyframe || !sample.isUnchanged) this.#noteChange(sample);
    else if (sample.qp <= this.#limits.qpMin) this.#coarseBytes = 0;
    this.#choose();
  }

  /** When `pull` may ask for a refresh, microseconds of the frames' clock; undefined for never. */
  get deadline(): number | undefined {
    if (this.#lastFrameUs === undefined || this.#coarseBytes < COARSE_BYTES_MIN) return undefined;
    if (this.#refreshes >= REFRESHES_MAX) return undefined;
    const stillAtUs = this.#lastFrameUs + this.#limits.stillUs;
    if (this.#refreshes > 0) return Math.max(stillAtUs, this.#lastRefreshUs + REFRESH_STEP_US);
    return Math.max(stillAtUs, this.#lastSeriesUs + REFRESH_PERIOD_US);
  }

  /**
   * Gives the quantiser for one more frame of the still picture when it is time, else undefined.
   * After it the quantiser of ordinary frames holds again.
   */
  pull(nowUs: number): number | undefined {
    const { deadline } = this;
    if (deadline === undefined || nowUs < deadline) return undefined;
    const { qpMin } = this.#limits;
    const before = this.#refreshQp ?? this.#qp;
    const halfway = Math.floor((before + qpMin) / 2);
    const wanted = this.#refreshes === REFRESHES_MAX - 1 || before - qpMin <= QP_PER_OCTAVE
      ? qpMin
      : halfway;
    const cost = this.#refreshComplexity ?? this.#keyframeComplexity * REFRESH_PER_KEYFRAME;
    const affordable = Math.ceil(qpFor(cost, this.#allowanceBytes * REFRESH_SHARE));
    const qp = Math.max(wanted, affordable);
    if (this.#refreshes === 0) this.#lastSeriesUs = nowUs;
    this.#lastRefreshUs = nowUs;
    this.#refreshes++;
    if (qp >= before && before > qpMin) {
      this.#refreshes = REFRESHES_MAX;
      return undefined;
    }
    this.#refreshQp = qp;
    if (qp <= qpMin) this.#refreshes = REFRESHES_MAX;
    return qp;
  }

  get #comfortQp(): number {
    const { qpMin, qpComfort } = this.#limits;
    const bytesPerPixel = this.#bitrateBps / 8 / this.#fps / this.#pixels;
    const plenty = QP_PER_OCTAVE * Math.log2(bytesPerPixel / COMFORT_BYTES_PER_PIXEL);
    return clamp(qpComfort - plenty, qpMin, qpComfort);
  }

  get #allowanceBytes(): number {
    return this.#bitrateBps / 8 * this.#limits.allowanceUs / 1e6;
  }

  #drain(nowUs: number): void {
    const elapsedUs = Math.max(0, nowUs - this.#bucketUs);
    this.#bucketUs = Math.max(nowUs, this.#bucketUs);
    this.#bucketBytes = Math.max(0, this.#bucketBytes - this.#bitrateBps / 8e6 * elapsedUs);
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
  #noteChange({ captureTimeUs, bytes, qp }: RateSample): void {
    if (this.#lastFrameUs !== undefined) {
      const intervalUs = captureTimeUs - this.#lastFrameUs;
      if (intervalUs > 0 && intervalUs <= this.#limits.stillUs) {
        const bounded = clamp(intervalUs, 1e6 / this.#fps, INTERVAL_US_MAX);
        this.#intervalUs += (bounded - this.#intervalUs) / CALM_FRAMES;
      }
    }
    this.#lastFrameUs = captureTimeUs;
    this.#refreshes = 0;
    this.#refreshQp = undefined;
    if (qp > this.#limits.qpMin) this.#coarseBytes += bytes;
  }

  #choose(): void {
    if (this.#complexity === undefined) return;
    const { qpMin, qpMax } = this.#limits;
    const budget = this.#bitrateBps / 8e6 * this.#intervalUs;
    const affordable = qpFor(this.#complexity, budget * UTILISATION);
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

function complexityOf(bytes: number, qp: number): number {
  return Math.max(1, bytes) * 2 ** (qp / QP_PER_OCTAVE);
}

/** The quantiser, not rounded, at which a frame of `complexity` takes `bytes`. */
function qpFor(complexity: number, bytes: number): number {
  return QP_PER_OCTAVE * Math.log2(complexity / bytes);
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
