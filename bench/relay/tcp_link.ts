/**
 * TcpLink: what a bad path does to a byte stream, as far as that can be had in user space: rate and
 * delay as they are; a lost segment as the wait for its repetition, a round trip, by which it and all
 * that follows it come later. A sender's smaller window after a loss is not part of it.
 */

import type { LinkModel } from "../simulator/link_model.ts";

/** A segment of a path with usual packets. */
export const SEGMENT_BYTES = 1_400;

/** One direction of a stream's path. Segments must be pushed in the order of time. */
export class TcpLink {
  readonly #model: LinkModel;
  readonly #roundTripUs: number;
  #sinceUs: number | undefined;
  #lastUs = 0;
  /** Segments that had to be repeated. */
  repeated = 0;

  /** `model` counts its time from the first segment on. */
  constructor(model: LinkModel, roundTripUs: number) {
    this.#model = model;
    this.#roundTripUs = roundTripUs;
  }

  /** When a segment arrives that is sent now, behind all that were sent before. */
  push(bytes: number, nowUs: number): number {
    this.#sinceUs ??= nowUs;
    const outcome = this.#model.push(bytes, nowUs - this.#sinceUs);
    const isRepeated = outcome !== "delivered";
    if (isRepeated) this.repeated++;
    // Of the repetition nothing is lost: the third of a row is rare, and no different to see.
    const atUs = this.#sinceUs + this.#model.arrivalUs + (isRepeated ? this.#roundTripUs : 0);
    this.#lastUs = Math.max(this.#lastUs, atUs);
    return this.#lastUs;
  }
}
