/**
 * TokenBucket: how often a peer may do something: `burst` at once, refilled at a constant rate. It
 * holds two numbers and no timer.
 */

/** A rate limit. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** Grants at most `burst` and then `perSecond` takes a second. */
export class TokenBucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #filledUs = 0;

  constructor(limit: RateLimit) {
    this.#limit = limit;
    this.#tokens = limit.burst;
  }

  /** Takes `count` tokens; false, and takes none, when fewer are left. */
  take(nowUs: number, count = 1): boolean {
    if (!this.has(nowUs, count)) return false;
    this.#tokens -= count;
    return true;
  }

  /** True when `count` tokens are left; takes none. */
  has(nowUs: number, count = 1): boolean {
    const elapsedUs = Math.max(0, nowUs - this.#filledUs);
    this.#filledUs = nowUs;
    const refill = elapsedUs * this.#limit.perSecond / 1e6;
    this.#tokens = Math.min(this.#limit.burst, this.#tokens + refill);
    return this.#tokens >= count;
  }
}
