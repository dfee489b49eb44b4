/**
 * FrameNumbering: lets a stream's frame numbers go on when its encoder starts anew. Each encoder
 * counts from 1; viewers see one sequence that only grows (modulo 2^32), so that a restart looks to
 * them like a keyframe and not like frames out of the past.
 */

import { add32, distance32 } from "../core/sequence.ts";

/** Numbers of one stream. */
export class FrameNumbering {
  #base = 0;
  #last = 0;

  /** Number of the newest frame given out; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The encoder starts anew: its frame 1 follows the newest frame given out. */
  begin(): void {
    this.#base = this.#last;
  }

  /** The number that viewers see for the encoder's frame `encoderFrameId`. */
  toViewer(encoderFrameId: number): number {
    this.#last = add32(this.#base, encoderFrameId);
    return this.#last;
  }

  /**
   * The encoder's number for what viewers call `frameId`; undefined for a frame that this encoder
   * did not make, which it can neither repair nor refer to.
   */
  toEncoder(frameId: number): number | undefined {
    const encoderFrameId = distance32(this.#base, frameId);
    return encoderFrameId >= 1 ? encoderFrameId : undefined;
  }
}
