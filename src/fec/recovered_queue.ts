/**
 * RecoveredQueue: the ids of recovered symbols until somebody takes them, at the end of the recover
 * step. It holds as many as the ring has slots, and drops the oldest beyond that.
 */

import { MAX_CODING_WINDOW } from "../wire/repair.ts";

/** A queue of source ids, oldest first. */
export class RecoveredQueue {
  readonly #ids = new Uint32Array(MAX_CODING_WINDOW);
  #head = 0;
  #size = 0;

  /** Ids held now. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#ids.byteLength;
  }

  /** Adds an id; false when the oldest had to go for it. */
  push(sourceId: number): boolean {
    const isFull = this.#size === MAX_CODING_WINDOW;
    if (isFull) this.shift();
    this.#ids[(this.#head + this.#size++) % MAX_CODING_WINDOW] = sourceId;
    return !isFull;
  }

  /** Takes the oldest id; call it only while `size` is above 0. */
  shift(): number {
    const sourceId = this.#ids[this.#head]!;
    this.#head = (this.#head + 1) % MAX_CODING_WINDOW;
    this.#size--;
    return sourceId;
  }

  /** Drops all ids; returns how many. */
  clear(): number {
    const dropped = this.#size;
    this.#size = 0;
    return dropped;
  }
}
