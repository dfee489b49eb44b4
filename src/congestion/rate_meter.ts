/**
 * RateMeter: bits a second over the last half second, in fixed memory; part of send. It measures what
 * was sent and what arrived.
 */

const SLOT_US = 50_000;
const SLOTS = 11;
/** Shortest time that a rate is taken over, so that a first packet is no rate of gigabits. */
const SPAN_US_MIN = 100_000;

/** Counts bytes over a sliding window. */
export class RateMeter {
  readonly #bytes = new Float64Array(SLOTS);
  #slot = -1;
  #firstUs = 0;

  /** Counts `bytes` at `nowUs`; times never go back. */
  push(bytes: number, nowUs: number): void {
    if (this.#slot < 0) this.#firstUs = nowUs;
    this.#advance(nowUs);
    this.#bytes[this.#slot % SLOTS]! += bytes;
  }

  /** Bits a second at `nowUs`. */
  bps(nowUs: number): number {
    if (this.#slot < 0) return 0;
    this.#advance(nowUs);
    let bytes = 0;
    for (const count of this.#bytes) bytes += count;
    const windowStartUs = (this.#slot - SLOTS + 1) * SLOT_US;
    const spanUs = nowUs - Math.max(windowStartUs, this.#firstUs);
    return bytes * 8e6 / Math.max(SPAN_US_MIN, spanUs);
  }

  #advance(nowUs: number): void {
    const slot = Math.max(0, Math.floor(nowUs / SLOT_US));
    if (slot <= this.#slot) return;
    const steps = Math.min(SLOTS, slot - this.#slot);
    for (let step = 0; step < steps; step++) this.#bytes[(slot - step) % SLOTS] = 0;
    this.#slot = slot;
  }
}
