/**
 * HeldFrameDetector: finds a decoder that holds one frame back: frame N comes out only when frame
 * N + 1 goes in, which costs a whole frame interval. It watches submissions and outputs and holds
 * three numbers; a decoder that is merely slow does not look like this.
 */

/** Frames in a row that must look held: half a second at 60 a second. */
export const HELD_FRAMES_SUSPECTED = 30;
/** Faster sequences are bursts that catch up, and say nothing. */
const INTERVAL_US_MIN = 4_000;

/** Watches one decoder. */
export class HeldFrameDetector {
  #lastSubmitUs = 0;
  #lastIntervalUs = 0;
  #heldInARow = 0;

  /** True when the decoder holds frames back. */
  get isHolding(): boolean {
    return this.#heldInARow >= HELD_FRAMES_SUSPECTED;
  }

  /** A frame went in. */
  submitted(nowUs: number): void {
    this.#lastIntervalUs = nowUs - this.#lastSubmitUs;
    this.#lastSubmitUs = nowUs;
  }

  /** The frame that went in at `submitUs` came out at `nowUs`. */
  output(submitUs: number, nowUs: number): void {
    if (submitUs === this.#lastSubmitUs) {
      this.#heldInARow = 0;
      return;
    }
    if (this.#lastIntervalUs < INTERVAL_US_MIN) return;
    // Out of a decoder that holds, a frame comes soon after the next one went in: within half of
    // the interval between the two.
    const afterNextUs = nowUs - this.#lastSubmitUs;
    const isHeld = nowUs - submitUs >= this.#lastIntervalUs &&
      afterNextUs < this.#lastIntervalUs / 2;
    this.#heldInARow = isHeld ? this.#heldInARow + 1 : 0;
  }

  /** A new decoder starts with a clean slate. */
  reset(): void {
    this.#heldInARow = 0;
  }
}
