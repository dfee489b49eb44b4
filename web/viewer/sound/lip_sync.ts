/**
 * LipSync: how long after its capture a picture is seen, and how far from it the sound of the same
 * moment is heard. Both are by the same CaptureClock: what it is wrong by is in neither's favour. A
 * step: memory of fixed size.
 */

/** Pictures that the usual delay is of. */
const PICTURES_KEPT = 31;
/** Pictures after which their delay is known well enough to hold sound back for. */
const PICTURES_MIN = 5;
/** Errors that figures are of: 10 s at 60 pictures a second. */
const ERRORS_KEPT = 600;
/**
 * From drawing to being seen, in intervals of the display: half of one until the display's next tick,
 * and the one that composes what was drawn before it.
 */
const DISPLAY_INTERVALS = 1.5;
const DISPLAY_INTERVAL_US = 16_667;
/** The same in microseconds. */
export const SEEN_AFTER_US = DISPLAY_INTERVALS * DISPLAY_INTERVAL_US;

/** How far sound and picture were apart, in microseconds; late sound counts positive. */
export interface SyncError {
  readonly medianUs: number;
  /** 95 % of pictures were nearer than this. */
  readonly p95Us: number;
  readonly pictures: number;
}

/** Compares picture and sound. */
export class LipSync {
  readonly #delays = new Float64Array(PICTURES_KEPT);
  readonly #sorted = new Float64Array(PICTURES_KEPT);
  readonly #errors = new Float64Array(ERRORS_KEPT);
  #pictures = 0;
  #errorCount = 0;
  #pictureUs: number | undefined;

  /** From capture to being seen: the middle of the last pictures; undefined before there are some. */
  get pictureUs(): number | undefined {
    return this.#pictureUs;
  }

  /** A picture was drawn; `soundUs` is how long after its capture sound is heard, while it is. */
  presented(captureUs: number, presentedUs: number, soundUs: number | undefined): void {
    const delayUs = presentedUs - captureUs + SEEN_AFTER_US;
    this.#delays[this.#pictures % PICTURES_KEPT] = delayUs;
    this.#pictures++;
    const count = Math.min(this.#pictures, PICTURES_KEPT);
    if (count >= PICTURES_MIN) {
      const sorted = this.#sorted.subarray(0, count);
      sorted.set(this.#delays.subarray(0, count));
      sorted.sort();
      this.#pictureUs = sorted[count >> 1]!;
    }
    if (soundUs === undefined) return;
    this.#errors[this.#errorCount % ERRORS_KEPT] = soundUs - delayUs;
    this.#errorCount++;
  }

  /** Errors of the last pictures; undefined while there are none. */
  get error(): SyncError | undefined {
    const count = Math.min(this.#errorCount, ERRORS_KEPT);
    if (count === 0) return undefined;
    const errors = this.#errors.slice(0, count).sort();
    const sizes = errors.map(Math.abs).sort();
    return {
      medianUs: errors[count >> 1]!,
      p95Us: sizes[Math.floor((count - 1) * 0.95)]!,
      pictures: count,
    };
  }

  /** Another stream or connection: forgets what it saw. */
  restart(): void {
    this.#pictures = 0;
    this.#errorCount = 0;
    this.#pictureUs = undefined;
  }
}
