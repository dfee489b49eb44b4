/**
 * CodingWindow: which source symbols the next repair covers. It reaches back over the last frames, not
 * over acknowledged symbols, and stays between 32 and 512 symbols; it remembers 64 frame starts.
 */

import { add32, distance32 } from "../core/sequence.ts";
import { MAX_CODING_WINDOW } from "../wire/repair.ts";

/** Fewer symbols than this let a burst take all that a repair could add to. */
export const MIN_CODING_WINDOW = 32;
/** Frames covered while nothing is known of the path. */
const FRAMES_WITHOUT_FEEDBACK = 3;
/** Frames covered besides those of one round trip, when the viewer reports. */
const FRAMES_WITH_FEEDBACK = 4;
/** Frame starts remembered: more than four frames and a round trip of 0.4 s at 120 fps. */
const REMEMBERED_FRAMES = 64;

/** Bounds of the window, in symbols. */
export interface CodingWindowBounds {
  readonly windowPacketsMin?: number;
  readonly windowPacketsMax?: number;
}

/** Follows the stream of source ids, which must step by one. */
export class CodingWindow {
  readonly #minimum: number;
  readonly #maximum: number;
  readonly #frameStarts = new Uint32Array(REMEMBERED_FRAMES);
  #frames = 0;
  #frameSpan = FRAMES_WITHOUT_FEEDBACK;
  #oldestId = 0;
  #newestId = -1;

  /** Throws RangeError for bounds outside of 1 to `MAX_CODING_WINDOW`. */
  constructor(bounds: CodingWindowBounds = {}) {
    this.#minimum = bounds.windowPacketsMin ?? MIN_CODING_WINDOW;
    this.#maximum = bounds.windowPacketsMax ?? MAX_CODING_WINDOW;
    if (this.#minimum < 1 || this.#minimum > this.#maximum || this.#maximum > MAX_CODING_WINDOW) {
      throw new RangeError(
        `Cannot use a coding window of ${this.#minimum} to ${this.#maximum} symbols`,
      );
    }
  }

  /** Symbols that a repair of now covers; 0 when there are none that need one. */
  get length(): number {
    const available = distance32(this.#oldestId, this.#newestId) + 1;
    const wanted = Math.max(this.#minimum, this.#framesLength());
    return Math.max(0, Math.min(available, wanted, this.#maximum));
  }

  /** Oldest symbol that a repair may cover. */
  get oldestId(): number {
    return this.#oldestId;
  }

  /** Forgets all symbols; the next one is `firstId`. */
  restart(firstId: number): void {
    this.#oldestId = firstId;
    this.#newestId = add32(firstId, -1);
    this.#frames = 0;
  }

  /** Adds the next symbol. */
  push(sourceId: number, startsFrame: boolean): void {
    this.#newestId = sourceId;
    if (distance32(this.#oldestId, sourceId) >= MAX_CODING_WINDOW) {
      this.#oldestId = add32(sourceId, 1 - MAX_CODING_WINDOW);
    }
    if (!startsFrame) return;
    this.#frameStarts[this.#frames % REMEMBERED_FRAMES] = sourceId;
    this.#frames++;
  }

  /** Symbols up to `sourceId` need no repair any more. */
  acknowledge(sourceId: number): void {
    if (distance32(sourceId, this.#newestId) < 0) return;
    const next = add32(sourceId, 1);
    if (distance32(this.#oldestId, next) > 0) this.#oldestId = next;
  }

  /** The round trip in frames, from the viewer's reports: a repair may still help that much later. */
  setRoundTrip(frames: number): void {
    this.#frameSpan = Math.min(REMEMBERED_FRAMES, FRAMES_WITH_FEEDBACK + Math.ceil(frames));
  }

  #framesLength(): number {
    if (this.#frames === 0) return this.#maximum;
    const span = Math.min(this.#frameSpan, this.#frames, REMEMBERED_FRAMES);
    const start = this.#frameStarts[(this.#frames - span) % REMEMBERED_FRAMES]!;
    const length = distance32(start, this.#newestId) + 1;
    // Counters that wrapped while no frame began: a start that old is no start.
    return length > 0 ? length : this.#maximum;
  }
}
