/**
 * Clock: one monotonic time base in integer microseconds. Steps receive `now` as an argument; only
 * the places that join steps with devices and networks hold a clock.
 */

/** A source of monotonic time. */
export interface Clock {
  /** Microseconds since an arbitrary origin; an integer below 2^53 that never goes back. */
  nowUs(): number;
}

/** The clock of this process: `performance.now()` in integer microseconds. */
export const monotonicClock: Clock = {
  nowUs: () => Math.round(performance.now() * 1000),
};

/** A clock that tests and the simulator move by hand. */
export class ManualClock implements Clock {
  #nowUs: number;

  /** Starts at `startUs` microseconds. */
  constructor(startUs = 0) {
    this.#nowUs = startUs;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  /** Moves forward by `deltaUs` >= 0 microseconds. */
  advance(deltaUs: number): void {
    if (!(deltaUs >= 0)) throw new RangeError(`Cannot advance a clock by ${deltaUs} us`);
    this.#nowUs += Math.round(deltaUs);
  }
}
