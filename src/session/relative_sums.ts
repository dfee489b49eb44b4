/**
 * RelativeSums: relative motion of a pointer, which datagrams say as the sum of all motion so far, so
 * that the next one carries what a lost one said. Holds the sums of the last one.
 */

import { distance32 } from "../core/sequence.ts";

/** Largest relative motion of one record. */
const MAX_RELATIVE = 32_767;

/** A pair of sums, or a motion. */
export interface RelativeMotion {
  readonly x: number;
  readonly y: number;
}

/** What has moved since the last datagram. */
export class RelativeSums {
  #x = 0;
  #y = 0;
  #isSkipped = false;

  /** The motion since the last sums; undefined when nothing moved. */
  take({ x, y }: RelativeMotion): RelativeMotion | undefined {
    const delta = { x: clamp(distance32(this.#x, x)), y: clamp(distance32(this.#y, y)) };
    this.#x = x;
    this.#y = y;
    const isSkipped = this.#isSkipped;
    this.#isSkipped = false;
    return isSkipped || (delta.x === 0 && delta.y === 0) ? undefined : delta;
  }

  /** The next sums may hold what was meant for another pointer: only the motion after them counts. */
  skip(): void {
    this.#isSkipped = true;
  }
}

function clamp(delta: number): number {
  return Math.max(-MAX_RELATIVE, Math.min(MAX_RELATIVE, delta));
}
