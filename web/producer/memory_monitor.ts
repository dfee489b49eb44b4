/**
 * MemoryMonitor: compares what a publishing page uses with a threshold. Above it, it asks for relief in
 * steps: a shorter ring, then a smaller picture; below it for a while, it takes them back one by one.
 * At most one warning in 30 s. Pure: whoever measures pushes figures.
 */

/** Least time between two warnings. */
export const WARNING_INTERVAL_US = 30_000_000;
/** Time that a step gets to show in the figures before the next one. */
export const STEP_INTERVAL_US = 10_000_000;
/** Time below `CALM_SHARE` of the threshold after which a step is taken back. */
export const CALM_US = 60_000_000;
const CALM_SHARE = 0.8;

/** What a step of relief gives up. */
export interface MemoryRelief {
  /** Encoded chunks that may wait. */
  readonly ringChunks: number;
  /** No better quality than this. */
  readonly qualityMax: number;
}

/** Steps of relief, from none to all. */
export const RELIEF_STEPS: readonly MemoryRelief[] = [
  { ringChunks: 10, qualityMax: 1 },
  { ringChunks: 5, qualityMax: 1 },
  { ringChunks: 3, qualityMax: 0.7 },
  { ringChunks: 2, qualityMax: 0.5 },
];

/** What a figure led to. */
export interface MemoryVerdict {
  readonly relief: MemoryRelief;
  /** The relief differs from the one before. */
  readonly isChanged: boolean;
  /** People are to be told now. */
  readonly warns: boolean;
}

/** Watches one page. */
export class MemoryMonitor {
  readonly thresholdBytes: number;
  #step = 0;
  #warnings = 0;
  #warnedUs = -Infinity;
  #steppedUs = -Infinity;
  #calmSinceUs: number | undefined;
  #usedBytes = 0;

  /** Throws RangeError for a threshold that is no positive number. */
  constructor(thresholdBytes: number) {
    if (!(thresholdBytes > 0)) {
      throw new RangeError(`Cannot use a memory threshold of ${thresholdBytes} bytes`);
    }
    this.thresholdBytes = thresholdBytes;
  }

  /** Newest figure, in bytes. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Warnings so far. */
  get warnings(): number {
    return this.#warnings;
  }

  /** What is given up now. */
  get relief(): MemoryRelief {
    return RELIEF_STEPS[this.#step]!;
  }

  /** Takes a figure. */
  push(usedBytes: number, nowUs: number): MemoryVerdict {
    this.#usedBytes = usedBytes;
    if (usedBytes > this.thresholdBytes) return this.#press(nowUs);
    return this.#relax(usedBytes, nowUs);
  }

  #press(nowUs: number): MemoryVerdict {
    this.#calmSinceUs = undefined;
    const canStep = this.#step < RELIEF_STEPS.length - 1;
    const isChanged = canStep && nowUs - this.#steppedUs >= STEP_INTERVAL_US;
    if (isChanged) {
      this.#step++;
      this.#steppedUs = nowUs;
    }
    const warns = nowUs - this.#warnedUs >= WARNING_INTERVAL_US;
    if (warns) {
      this.#warnedUs = nowUs;
      this.#warnings++;
    }
    return { relief: this.relief, isChanged, warns };
  }

  #relax(usedBytes: number, nowUs: number): MemoryVerdict {
    const isCalm = usedBytes < CALM_SHARE * this.thresholdBytes;
    this.#calmSinceUs = isCalm ? this.#calmSinceUs ?? nowUs : undefined;
    const since = this.#calmSinceUs;
    const isChanged = this.#step > 0 && since !== undefined && nowUs - since >= CALM_US;
    if (isChanged) {
      this.#step--;
      this.#calmSinceUs = nowUs;
    }
    return { relief: this.relief, isChanged, warns: false };
  }
}
