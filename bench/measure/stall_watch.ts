/**
 * StallWatch: times at which this program did not run although it wanted to: another program had the
 * processor. What is measured over such a time says nothing about what is measured. It keeps a bounded
 * number of them.
 */

/** A time without a turn, in microseconds of the clock that the watch was given. */
export interface Stall {
  readonly startUs: number;
  readonly endUs: number;
}

const TURN_MS = 5;
const STALLS_MAX = 10_000;

/** Watches until it is disposed of. */
export class StallWatch implements Disposable {
  readonly stalls: Stall[] = [];
  readonly #timer: ReturnType<typeof setInterval>;

  /** Notes every wait that is longer than `longerThanUs`. */
  constructor(nowUs: () => number, longerThanUs: number) {
    let lastUs = nowUs();
    this.#timer = setInterval(() => {
      const startUs = lastUs;
      lastUs = nowUs();
      const isStall = lastUs - startUs > longerThanUs && this.stalls.length < STALLS_MAX;
      if (isStall) this.stalls.push({ startUs, endUs: lastUs });
    }, TURN_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** True when a stall lies in the span, wholly or in part. */
export function hasStall(stalls: readonly Stall[], startUs: number, endUs: number): boolean {
  return stalls.some((stall) => stall.startUs < endUs && stall.endUs > startUs);
}
