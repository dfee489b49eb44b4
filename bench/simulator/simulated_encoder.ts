/**
 * SimulatedEncoder: the encode step of a simulation. Its frames refer to each other as those of the
 * real encoder do: to the frame before, to an older one that it still keeps after damage, or to none.
 * What a frame holds is seeded bytes, so that a wrong recovery cannot pass for a right one.
 */

import { distance32 } from "../../src/core/sequence.ts";
import { type EncodedFrame, REFERENCE_FRAMES_KEPT } from "../../src/wire/frame.ts";
import { randomProcess } from "./split_mix.ts";

/** Bytes that payloads are cut from. */
const POOL_BYTES = 1_048_576;
/** Payloads start at a multiple of this, one further with each frame. */
const POOL_STRIDE = 61;

/** What the size of a frame may depend on. */
export interface FrameRequest {
  readonly frameId: number;
  readonly nowUs: number;
  readonly isKeyframe: boolean;
  /** Frames back to the reference; 0 for a keyframe, 1 when nothing is damaged. */
  readonly referenceDistance: number;
}

/** What an encoder is made of. */
export interface SimulatedEncoderOptions {
  readonly seed: number;
  readonly streamId?: number;
  /** Bytes of the next frame; 0: the screen is still and there is none. */
  readonly frameBytes: (request: FrameRequest) => number;
  /** Frames kept as references; default as the real encoder. */
  readonly referencesKept?: number;
}

/** Counters of an encoder. */
export interface SimulatedEncoderStats {
  frames: number;
  keyframes: number;
  /** Frames that referred further back than the frame before. */
  referenceRepairs: number;
  bytes: number;
}

/** Makes the frames of one stream. */
export class SimulatedEncoder {
  readonly #options: SimulatedEncoderOptions;
  readonly #pool: Uint8Array<ArrayBuffer>;
  readonly #stats: SimulatedEncoderStats = {
    frames: 0,
    keyframes: 0,
    referenceRepairs: 0,
    bytes: 0,
  };
  #frameId = 0;
  /** Frames that may be referred to, newest last. */
  #references: number[] = [];
  #isKeyframeWanted = true;

  constructor(options: SimulatedEncoderOptions) {
    this.#options = options;
    this.#pool = new Uint8Array(POOL_BYTES);
    const random = randomProcess(options.seed, "payload");
    const view = new DataView(this.#pool.buffer);
    for (let at = 0; at < POOL_BYTES; at += 8) view.setBigUint64(at, random.word());
  }

  get stats(): Readonly<SimulatedEncoderStats> {
    return this.#stats;
  }

  /** The frame made last; 0 before the first. */
  get newestFrameId(): number {
    return this.#frameId;
  }

  /** Frames from `firstLostFrameId` on are of no use as references. */
  invalidate(firstLostFrameId: number): void {
    this.#references = this.#references.filter((id) => distance32(id, firstLostFrameId) > 0);
  }

  /** The next frame is to be a keyframe. */
  requestKeyframe(): void {
    this.#isKeyframeWanted = true;
  }

  /** The frame of now, or undefined when the screen is still. */
  next(nowUs: number): EncodedFrame | undefined {
    const frameId = this.#frameId + 1;
    const reference = this.#isKeyframeWanted ? undefined : this.#references.at(-1);
    const referenceDistance = reference === undefined ? 0 : frameId - reference;
    const isKeyframe = referenceDistance === 0;
    const bytes = this.#options.frameBytes({ frameId, nowUs, isKeyframe, referenceDistance });
    if (bytes === 0) return undefined;
    this.#frameId = frameId;
    this.#isKeyframeWanted = false;
    if (isKeyframe) this.#references = [];
    this.#references.push(frameId);
    const kept = this.#options.referencesKept ?? REFERENCE_FRAMES_KEPT;
    // A reference that is as old as the frames kept has left the encoder, damaged or not.
    while (frameId - this.#references[0]! >= kept) this.#references.shift();
    this.#stats.frames++;
    this.#stats.bytes += bytes;
    if (isKeyframe) this.#stats.keyframes++;
    else if (referenceDistance > 1) this.#stats.referenceRepairs++;
    return {
      streamId: this.#options.streamId ?? 0,
      frameId,
      referenceDistance,
      captureTimeUs: nowUs,
      payload: this.payloadOf(frameId, bytes),
    };
  }

  /** What the payload of a frame of so many bytes is. */
  payloadOf(frameId: number, bytes: number): Uint8Array {
    if (bytes > POOL_BYTES) throw new RangeError(`Cannot make a frame of ${bytes} bytes`);
    const start = (frameId * POOL_STRIDE) % (POOL_BYTES - bytes + 1);
    return this.#pool.subarray(start, start + bytes);
  }
}
