/**
 * LossDetector: decides when a missing packet is lost rather than late. It waits for a reordering
 * tolerance that it learns from packets that arrived after others had overtaken them (the idea of RFC
 * 9002, section 6.1.2, with the observed lateness in the place of the round-trip time); at most 40 ms.
 * It remembers the last 1,024 ids.
 */

import { add32, distance32 } from "../core/sequence.ts";

/**
 * Tolerance before any lateness was seen, and the least that is left of a learned one. A gap that was
 * mere reordering costs some repairs; each millisecond of waiting makes every repair later.
 */
export const TOLERANCE_US_MIN = 1_000;
/** Longest wait for a late packet: beyond it a repair is faster than patience. */
export const TOLERANCE_US_MAX = 40_000;
/** Ids that are remembered: those of the reorder buffer's window. */
export const DETECTOR_WINDOW = 1024;
/** The tolerance covers the worst lateness seen lately, and a quarter more. */
const LATENESS_MARGIN = 1.25;
/** Without new lateness the tolerance halves in this time. */
const TOLERANCE_HALF_LIFE_US = 10_000_000;
/** Stands for a packet that is not missing. */
const ARRIVED = -1;

/** Watches the ids of one stream. */
export class LossDetector {
  readonly #missingSinceUs = new Float64Array(DETECTOR_WINDOW).fill(ARRIVED);
  #newestId: number;
  #toleranceUs = TOLERANCE_US_MIN;
  #learnedAtUs = 0;

  /** Expects `firstId` first. */
  constructor(firstId = 0) {
    this.#newestId = add32(firstId, -1);
  }

  /** Newest id that is known to have been sent. */
  get newestId(): number {
    return this.#newestId;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#missingSinceUs.byteLength;
  }

  /** How long a missing packet is waited for, in microseconds, at `nowUs`. */
  toleranceUs(nowUs: number): number {
    const age = Math.max(0, nowUs - this.#learnedAtUs);
    const decayed = this.#toleranceUs * 0.5 ** (age / TOLERANCE_HALF_LIFE_US);
    return Math.max(TOLERANCE_US_MIN, Math.min(TOLERANCE_US_MAX, decayed));
  }

  /** Forgets all ids, not what it learned: the next one is `firstId`. */
  restart(firstId: number): void {
    this.#missingSinceUs.fill(ARRIVED);
    this.#newestId = add32(firstId, -1);
  }

  /** Ids up to `id` were sent, as something that was sent after them tells. */
  noteSent(id: number, nowUs: number): void {
    const ahead = distance32(this.#newestId, id);
    for (let back = Math.min(ahead, DETECTOR_WINDOW) - 1; back >= 0; back--) {
      this.#missingSinceUs[slotOf(add32(id, -back))] = nowUs;
    }
    if (ahead > 0) this.#newestId = id;
  }

  /** The packet of `id` arrived; recovered ones do not count, they say nothing of the path. */
  noteArrival(id: number, nowUs: number): void {
    const ahead = distance32(this.#newestId, id);
    if (ahead <= -DETECTOR_WINDOW) return;
    if (ahead > 0) {
      this.noteSent(id, nowUs);
    } else {
      const sinceUs = this.#missingSinceUs[slotOf(id)]!;
      if (sinceUs !== ARRIVED) this.#learn(nowUs - sinceUs, nowUs);
    }
    this.#missingSinceUs[slotOf(id)] = ARRIVED;
  }

  /** When a later packet overtook `id`, or undefined when it arrived or is not remembered. */
  missingSinceUs(id: number): number | undefined {
    const age = distance32(id, this.#newestId);
    if (age < 0 || age >= DETECTOR_WINDOW) return undefined;
    const sinceUs = this.#missingSinceUs[slotOf(id)]!;
    return sinceUs === ARRIVED ? undefined : sinceUs;
  }

  #learn(latenessUs: number, nowUs: number): void {
    const wanted = Math.min(TOLERANCE_US_MAX, latenessUs * LATENESS_MARGIN);
    if (wanted <= this.toleranceUs(nowUs)) return;
    this.#toleranceUs = wanted;
    this.#learnedAtUs = nowUs;
  }
}

function slotOf(id: number): number {
  return id & (DETECTOR_WINDOW - 1);
}
