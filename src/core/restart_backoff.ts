/**
 * RestartBackoff: how long to wait before a process is started again. A crash out of good
 * health costs no wait; crashes in a row cost ever more, and from `failuresMax` on the process counts
 * as failed and is tried only every `failedDelayMs`.
 */

/** Limits of a `RestartBackoff`, all in milliseconds but the count. */
export interface RestartLimits {
  /** A run this long makes the failures before it forgotten. */
  readonly stableMs: number;
  /** Wait after the second failure in a row; doubles with each further one. */
  readonly firstDelayMs: number;
  readonly delayMsMax: number;
  /** Failures in a row after which the process counts as failed. */
  readonly failuresMax: number;
  /** Wait between tries once it counts as failed. */
  readonly failedDelayMs: number;
}

/** Video is back within 2 s after two crashes in a row; a broken machine costs a try every 10 s. */
export const DEFAULT_RESTART_LIMITS: RestartLimits = {
  stableMs: 10_000,
  firstDelayMs: 250,
  delayMsMax: 4_000,
  failuresMax: 6,
  failedDelayMs: 10_000,
};

/** What to do after a failure. */
export interface RestartDecision {
  readonly delayMs: number;
  /** Too many failures in a row: tell people that it does not work. */
  readonly isFailed: boolean;
}

/** Counts failures in a row. */
export class RestartBackoff {
  readonly #limits: RestartLimits;
  #failures = 0;

  constructor(limits: RestartLimits = DEFAULT_RESTART_LIMITS) {
    this.#limits = limits;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** The process ended after it ran for `ranMs`. */
  next(ranMs: number): RestartDecision {
    const limits = this.#limits;
    this.#failures = ranMs >= limits.stableMs ? 1 : this.#failures + 1;
    const isFailed = this.#failures >= limits.failuresMax;
    if (isFailed) {
      // Bounded, so that years of failures cannot overflow the count.
      this.#failures = limits.failuresMax;
      return { delayMs: limits.failedDelayMs, isFailed };
    }
    if (this.#failures === 1) return { delayMs: 0, isFailed };
    const delayMs = limits.firstDelayMs * 2 ** (this.#failures - 2);
    return { delayMs: Math.min(limits.delayMsMax, delayMs), isFailed };
  }
}
