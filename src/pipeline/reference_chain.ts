/**
 * ReferenceChain: which frames went to the decoder, so that no frame goes there without its reference:
 * part of the way from reorder to decode. It remembers the last 256 frames, as far back as a reference
 * of the wire can lie.
 */

import { add32, distance32 } from "../core/sequence.ts";

/** Frames remembered: the longest reference distance of the wire, and the frame itself. */
const HISTORY = 256;
const NONE = -1;

/** Follows the frames of one stream. */
export class ReferenceChain {
  readonly #yielded = new Float64Array(HISTORY).fill(NONE);
  #lastFrameId: number | undefined;
  #damagedFrameId = 0;

  /** Newest frame that went to the decoder and is whole; 0 when there is none. */
  get lastFrameId(): number {
    return this.#lastFrameId ?? 0;
  }

  /** Frames from this one on need a repair of references; 0 when all is well. */
  get damagedFrameId(): number {
    return this.#damagedFrameId;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#yielded.byteLength;
  }

  /** True when a frame can be decoded with what the decoder has. */
  isDecodable(frameId: number, referenceDistance: number): boolean {
    if (referenceDistance === 0) return true;
    const reference = add32(frameId, -referenceDistance);
    return this.#yielded[reference % HISTORY] === reference;
  }

  /** A frame goes to the decoder: damage before it is over. */
  noteYielded(frameId: number): void {
    this.#yielded[frameId % HISTORY] = frameId;
    this.#lastFrameId = frameId;
    this.#damagedFrameId = 0;
  }

  /** Frames after the last one that was yielded cannot be decoded without a repair. */
  noteDamage(): void {
    if (this.#damagedFrameId !== 0) return;
    this.#damagedFrameId = this.#lastFrameId === undefined ? 1 : add32(this.#lastFrameId, 1) || 1;
  }

  /** The decoder lost frames from `firstFrameId` on; 0 as `lastGoodFrameId`: it lost everything. */
  noteLost(firstFrameId: number, lastGoodFrameId: number): void {
    if (lastGoodFrameId === 0) {
      this.#yielded.fill(NONE);
      this.#damagedFrameId = firstFrameId || add32(this.lastFrameId, 1) || 1;
      this.#lastFrameId = undefined;
      return;
    }
    for (let slot = 0; slot < HISTORY; slot++) {
      const frameId = this.#yielded[slot]!;
      if (frameId !== NONE && distance32(lastGoodFrameId, frameId) > 0) this.#yielded[slot] = NONE;
    }
    this.#damagedFrameId = firstFrameId || 1;
    if (this.#lastFrameId === undefined || distance32(lastGoodFrameId, this.#lastFrameId) > 0) {
      this.#lastFrameId = lastGoodFrameId;
    }
  }
}
