/**
 * PicturePlan: size, rate and bitrate of what is encoded, from what is captured, what the host takes,
 * what viewers can take, what the path carries and the quality that processing allows. Sizes keep the
 * captured shape, change in steps, and seldom, because each change costs a keyframe. Pure.
 */

/** Bits for a pixel that give a clear picture of a moving screen. */
const BITS_PER_PIXEL = 0.1;
/** Below this a smaller picture looks better; above the second one, the next larger does. */
const BITS_PER_PIXEL_MIN = 0.025;
const BITS_PER_PIXEL_ROOM = 0.06;
/** Steps of the sides that a narrow path leads to. */
const PATH_STEPS = [1, 0.75, 0.5, 0.35] as const;
/** A size that the path led to stays for at least this long. */
const SETTLE_US = 3_000_000;
/** Lowest bitrate: below it there is no picture worth sending. */
export const BITRATE_BPS_MIN = 150_000;
/** Smallest side of a picture. */
const SIDE_MIN = 32;
/** Encoders take even sides. */
const SIDE_STEP = 2;

/** What a plan follows from. */
export interface PictureConditions {
  /** Of what is captured. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly fps: number;
  /** What the host takes at most: sides, either way round, and bits a second. */
  readonly longSideMax: number;
  readonly shortSideMax: number;
  readonly bitrateBpsMax: number;
  /** Share of the sides that viewers can take, 0 to 1. */
  readonly wishedScale: number;
  /** What this page's own path carries for the picture. */
  readonly pathBps: number;
  /** Of `AdaptiveFrameProcessing`. */
  readonly quality: number;
}

/** What the encoder is set to. */
export interface PictureTarget {
  readonly width: number;
  readonly height: number;
  readonly fps: number;
  readonly bitrateBps: number;
}

/** Plans pictures. */
export class PicturePlan {
  #step = 0;
  #changedUs = -Infinity;

  /** What is to be encoded from now on. */
  next(conditions: PictureConditions, nowUs: number): PictureTarget {
    const { sourceWidth, sourceHeight, fps, quality, wishedScale } = conditions;
    const long = Math.max(sourceWidth, sourceHeight);
    const short = Math.min(sourceWidth, sourceHeight);
    const fits = Math.min(
      1,
      conditions.longSideMax / long,
      conditions.shortSideMax / short,
      Math.max(0.1, wishedScale),
    );
    const budgetBps = Math.min(conditions.bitrateBpsMax, conditions.pathBps);
    const pixels = (scale: number) => sourceWidth * sourceHeight * scale * scale * fps;
    this.#follow((step) => budgetBps / pixels(fits * PATH_STEPS[step]!), nowUs);
    const scale = fits * quality * PATH_STEPS[this.#step]!;
    // Quality scales the sides and the bitrate alike.
    const clearBps = BITS_PER_PIXEL * pixels(fits * PATH_STEPS[this.#step]!);
    const bitrateBps = quality * Math.min(budgetBps, Math.max(clearBps, 4 * BITRATE_BPS_MIN));
    return {
      width: sideOf(sourceWidth * scale),
      height: sideOf(sourceHeight * scale),
      fps,
      bitrateBps: Math.round(Math.max(BITRATE_BPS_MIN, bitrateBps)),
    };
  }

  #follow(bitsPerPixel: (step: number) => number, nowUs: number): void {
    if (nowUs - this.#changedUs < SETTLE_US) return;
    const isTight = bitsPerPixel(this.#step) < BITS_PER_PIXEL_MIN;
    const hasRoom = this.#step > 0 && bitsPerPixel(this.#step - 1) > BITS_PER_PIXEL_ROOM;
    if (isTight && this.#step < PATH_STEPS.length - 1) this.#step++;
    else if (hasRoom) this.#step--;
    else return;
    this.#changedUs = nowUs;
  }
}

function sideOf(pixels: number): number {
  return Math.max(SIDE_MIN, SIDE_STEP * Math.round(pixels / SIDE_STEP));
}
