/**
 * DecodeQueue: frames between reorder and the decoder. At most `MAX_IN_DECODER` are inside, at most
 * `MAX_WAITING` wait, none longer than `MAX_WAIT_US`; a keyframe clears what waits before it, and what
 * exceeds the limits is given up as a loss that the encoder repairs. It lets through only frames whose
 * reference went through.
 */

import type { FrameRecord } from "../receive/frame_record.ts";

/** Frames inside the decoder: one being decoded and the next. */
export const MAX_IN_DECODER = 2;
/** Frames that wait: what a gap holds back for 400 ms at 120 a second comes all at once. */
export const MAX_WAITING = 48;
/** A frame that waits longer shows a decoder that does not keep up: software decodes 48 in 100 ms. */
export const MAX_WAIT_US = 200_000;
/** Reference distances of the wire end at 255. */
const HISTORY = 256;

/** What the queue must know of a frame; `chunk` is what the decoder takes. */
export interface QueuedFrame<Chunk> {
  readonly record: FrameRecord;
  /** How many frames back its reference lies, 0 for a keyframe. */
  readonly referenceDistance: number;
  readonly chunk: Chunk;
}

/** Counters of a queue. */
export interface DecodeQueueStats {
  /** Frames thrown away because the decoder did not keep up. */
  framesSkipped: number;
  /** Frames whose reference was thrown away or never decoded. */
  framesUndecodable: number;
}

/** Orders and bounds what the decoder gets. */
export class DecodeQueue<Chunk> {
  readonly #decode: (frame: QueuedFrame<Chunk>) => void;
  readonly #onDamage: (firstFrameId: number, lastGoodFrameId: number) => void;
  readonly #accepted = new Int32Array(HISTORY).fill(-1);
  readonly #stats: DecodeQueueStats = { framesSkipped: 0, framesUndecodable: 0 };
  #waiting: QueuedFrame<Chunk>[] = [];
  #inDecoder = 0;
  #lastDecodedId = 0;

  /**
   * `decode` takes the next frame; `onDamage` hears which frames are given up, and the last that
   * was decoded (0: only a keyframe helps).
   */
  constructor(
    decode: (frame: QueuedFrame<Chunk>) => void,
    onDamage: (firstFrameId: number, lastGoodFrameId: number) => void,
  ) {
    this.#decode = decode;
    this.#onDamage = onDamage;
  }

  get stats(): Readonly<DecodeQueueStats> {
    return this.#stats;
  }

  /** Frames that wait for the decoder. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Frames inside the decoder. */
  get inDecoder(): number {
    return this.#inDecoder;
  }

  /** Takes the next frame in order; false when it is of no use without what was lost. */
  push(frame: QueuedFrame<Chunk>): boolean {
    const frameId = frame.record.frameId;
    if (frame.referenceDistance === 0) {
      this.#skipWaiting();
    } else if (!this.#isAccepted((frameId - frame.referenceDistance) >>> 0)) {
      this.#stats.framesUndecodable++;
      frame.record.outcome = "skipped";
      this.#onDamage(frameId, this.#lastDecodedId);
      return false;
    }
    this.#accepted[frameId % HISTORY] = frameId | 0;
    this.#waiting.push(frame);
    this.#feed();
    const oldest = this.#waiting[0]?.record;
    if (oldest === undefined) return true;
    const waitedUs = frame.record.readyUs - oldest.readyUs;
    if (this.#waiting.length <= MAX_WAITING && waitedUs <= MAX_WAIT_US) return true;
    this.#skipWaiting();
    this.#onDamage(oldest.frameId, this.#lastDecodedId);
    return false;
  }

  /** The decoder gave out a frame. */
  released(): void {
    if (this.#inDecoder > 0) this.#inDecoder--;
    this.#feed();
  }

  /** The decoder is new: nothing is inside, and only a keyframe can follow. */
  reset(): void {
    this.#skipWaiting();
    this.#accepted.fill(-1);
    this.#inDecoder = 0;
    this.#lastDecodedId = 0;
  }

  #feed(): void {
    while (this.#inDecoder < MAX_IN_DECODER) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.#inDecoder++;
      this.#lastDecodedId = frame.record.frameId;
      this.#decode(frame);
    }
  }

  #skipWaiting(): void {
    for (const { record } of this.#waiting) {
      this.#accepted[record.frameId % HISTORY] = -1;
      record.outcome = "skipped";
      this.#stats.framesSkipped++;
    }
    this.#waiting = [];
  }

  #isAccepted(frameId: number): boolean {
    return this.#accepted[frameId % HISTORY] === (frameId | 0);
  }
}
