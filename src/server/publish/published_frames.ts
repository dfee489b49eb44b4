/**
 * PublishedFrames: from what a producer says is a frame to a frame of the host, between recover and the
 * viewers: numbers go on over its connections, capture times grow and are about now, pictures are
 * H.264 of a size that is allowed, and after anything that is left out only a keyframe goes on. It
 * trusts nothing, and holds one parameter set.
 */

import { unwrap32 } from "../../core/sequence.ts";
import { FrameNumbering } from "../../ipc/frame_numbering.ts";
import type { HostFrame } from "../../session/session_host.ts";
import { TokenBucket } from "../../session/token_bucket.ts";
import { forEachUnit, sameBytes } from "../../wire/access_unit.ts";
import { MAX_FRAME_BYTES } from "../../wire/frame.ts";
import { parsePictureParameters, UNIT } from "../../wire/h264_parameters.ts";
import type { PictureParameters } from "../../wire/h264_parameters.ts";

/** A capture time before this long is not believed. */
const OLD_US = 5_000_000;
/** Frame numbers that may be left out at once: minutes of frames that were skipped. */
const MAX_FRAME_STEP = 100_000;
/** A pause between two frames that people see. */
const GAP_US = 200_000;
/** No stream is smaller, in pixels a side. */
const MIN_SIDE = 16;

/** What a producer may send at most. */
export interface PublishLimits {
  /** Sides of a picture, either way round. */
  readonly maxWidth: number;
  readonly maxHeight: number;
  readonly maxFps: number;
  readonly maxBitrateBps: number;
}

/** One access unit of a producer; the payload is valid only during the call. */
export interface PublishedFrame {
  /** Counts from 1 on each connection, with gaps where frames were left out. */
  readonly frameId: number;
  /** How many numbers back its only reference lies; 0 marks a keyframe. */
  readonly referenceDistance: number;
  /** Host time of the capture, modulo 2^32; undefined for now. */
  readonly captureTimeUs?: number | undefined;
  /** H.264 with start codes, a keyframe with its parameter sets in front. */
  readonly payload: Uint8Array;
}

/** Counters of `PublishedFrames`. */
export interface PublishedFramesStats {
  frames: number;
  bytes: number;
  keyframes: number;
  /** Frames that were refused: too many, too large, broken, or of numbers that cannot be. */
  refused: number;
  /** Frames that waited in vain for a keyframe. */
  withoutKeyframe: number;
  /** Capture times that could not be. */
  timesCorrected: number;
  /** Times that no frame came for 200 ms, and the longest, microseconds; within a connection. */
  gaps: number;
  gapUsMax: number;
}

/** What became of a frame. */
export type FrameVerdict =
  | {
    readonly kind: "taken";
    readonly frame: HostFrame;
    /** What the pictures are from this one on, where that changed. */
    readonly parameters: PictureParameters | undefined;
  }
  | { readonly kind: "refused"; readonly why: string }
  /** Something before it is missing: a keyframe is needed. */
  | { readonly kind: "skipped" };

/** Checks the frames of one published stream. */
export class PublishedFrames {
  readonly stats: PublishedFramesStats = {
    ...{ frames: 0, bytes: 0, keyframes: 0 },
    ...{ refused: 0, withoutKeyframe: 0, timesCorrected: 0, gaps: 0, gapUsMax: 0 },
  };
  readonly #streamId: number;
  readonly #limits: PublishLimits;
  readonly #numbering = new FrameNumbering();
  readonly #rate: TokenBucket;
  readonly #bytes: TokenBucket;
  #sequence: Uint8Array | undefined;
  #parameters: PictureParameters | undefined;
  #lastId = 0;
  #keyframeId = 0;
  #captureTimeUs = 0;
  #takenUs: number | undefined;

  constructor(streamId: number, limits: PublishLimits) {
    this.#streamId = streamId;
    this.#limits = limits;
    const { maxFps, maxBitrateBps } = limits;
    this.#rate = new TokenBucket({ perSecond: maxFps, burst: maxFps });
    // A keyframe of any size may come at once; what follows pays for it.
    this.#bytes = new TokenBucket({ perSecond: maxBitrateBps / 8, burst: 2 * MAX_FRAME_BYTES });
  }

  /** What its pictures are; undefined before the first. */
  get parameters(): PictureParameters | undefined {
    return this.#parameters;
  }

  /** True while nothing but a keyframe is of use. */
  get needsKeyframe(): boolean {
    return this.#keyframeId === 0;
  }

  /** A connection begins: its frames count from 1 anew, the first is a keyframe. */
  begin(): void {
    this.#numbering.begin();
    this.#takenUs = undefined;
    this.#lastId = 0;
    this.#keyframeId = 0;
    // Said anew, so that whoever listens hears of it.
    this.#sequence = undefined;
  }

  /** Judges a frame; `hostUs` and `nowUs` are now in the host's clock and in ours. */
  push(frame: PublishedFrame, { hostUs, nowUs }: { hostUs: number; nowUs: number }): FrameVerdict {
    const { frameId, referenceDistance, payload } = frame;
    const why = this.#refusal(frame, nowUs);
    if (why !== undefined) return this.#refuse(why);
    const before = this.#parameters;
    if (referenceDistance === 0) {
      const broken = this.#readKeyframe(payload);
      if (broken !== undefined) return this.#refuse(broken);
      this.#keyframeId = frameId;
      this.stats.keyframes++;
    } else if (this.#keyframeId === 0 || frameId - referenceDistance < this.#keyframeId) {
      this.#lastId = frameId;
      this.#keyframeId = 0;
      this.stats.withoutKeyframe++;
      return { kind: "skipped" };
    }
    this.#lastId = frameId;
    this.stats.frames++;
    this.stats.bytes += payload.byteLength;
    this.#noteGap(nowUs);
    const parameters = this.#parameters === before ? undefined : this.#parameters;
    return { kind: "taken", frame: this.#hostFrame(frame, hostUs), parameters };
  }

  /** A host time that a producer gave, as it can be. */
  captureTime(givenUs: number | undefined, hostUs: number): number {
    if (givenUs === undefined) return hostUs;
    const saidUs = unwrap32(hostUs, givenUs % 0x1_0000_0000);
    return saidUs > hostUs || saidUs < hostUs - OLD_US ? hostUs : saidUs;
  }

  #noteGap(nowUs: number): void {
    const gapUs = nowUs - (this.#takenUs ?? nowUs);
    this.#takenUs = nowUs;
    if (gapUs > GAP_US) this.stats.gaps++;
    this.stats.gapUsMax = Math.max(this.stats.gapUsMax, gapUs);
  }

  #hostFrame(frame: PublishedFrame, hostUs: number): HostFrame {
    const { referenceDistance, payload } = frame;
    const timeUs = this.captureTime(frame.captureTimeUs, hostUs);
    const captureTimeUs = Math.max(timeUs, this.#captureTimeUs + 1);
    if (
      frame.captureTimeUs !== undefined && (captureTimeUs - frame.captureTimeUs) % 2 ** 32 !== 0
    ) {
      this.stats.timesCorrected++;
    }
    this.#captureTimeUs = captureTimeUs;
    return {
      ...{ streamId: this.#streamId, referenceDistance, captureTimeUs, payload },
      frameId: this.#numbering.toViewer(frame.frameId),
      // Where its time went before it came is not known here, but how long that took.
      ...{ grabUs: 0, convertUs: 0, firstSliceUs: 0, encodeUs: 0, qp: 0 },
      emitUs: Math.max(0, Math.min(hostUs - captureTimeUs, OLD_US)),
      bytes: payload.byteLength,
    };
  }

  #refusal({ frameId, referenceDistance, payload }: PublishedFrame, nowUs: number) {
    const step = frameId - this.#lastId;
    if (step <= 0 || step > MAX_FRAME_STEP) return "Frames do not count up";
    if (referenceDistance < 0 || referenceDistance > 255) {
      return "A frame has no possible reference";
    }
    const { byteLength } = payload;
    if (byteLength === 0 || byteLength > MAX_FRAME_BYTES) return `A frame has ${byteLength} bytes`;
    if (!this.#rate.take(nowUs)) return `More than ${this.#limits.maxFps} frames come a second`;
    if (!this.#bytes.take(nowUs, byteLength)) {
      return `More than ${Math.round(this.#limits.maxBitrateBps / 1000)} kbit/s come`;
    }
    if (!startsUnit(payload)) return "A frame is no H.264 with start codes";
    return undefined;
  }

  /** Why it cannot be decoded or shown; undefined when it can, and then its size is known. */
  #readKeyframe(payload: Uint8Array): string | undefined {
    let sequence: Uint8Array | undefined;
    let hasPicture = false;
    let hasSlice = false;
    forEachUnit(payload, (start, end) => {
      const kind = payload[start]! & 0x1f;
      if (kind === UNIT.sequence) sequence ??= payload.subarray(start, end);
      if (kind === UNIT.picture) hasPicture = true;
      if (kind === UNIT.keySlice) hasSlice = true;
    });
    if (sequence === undefined || !hasPicture) return "A keyframe has no parameter sets";
    if (!hasSlice) return "A keyframe is none";
    if (this.#sequence !== undefined && sameBytes(sequence, this.#sequence)) return undefined;
    const parameters = parsePictureParameters(sequence);
    if (parameters === undefined) return "Parameter sets cannot be read";
    if (!parameters.isUsual) return "Pictures are not 4:2:0 of 8 bits";
    const why = this.#sizeRefusal(parameters);
    if (why !== undefined) return why;
    this.#sequence = sequence.slice();
    this.#parameters = parameters;
    return undefined;
  }

  #sizeRefusal({ width, height }: PictureParameters): string | undefined {
    const { maxWidth, maxHeight } = this.#limits;
    const isTooLarge = Math.max(width, height) > Math.max(maxWidth, maxHeight) ||
      Math.min(width, height) > Math.min(maxWidth, maxHeight);
    if (isTooLarge) {
      return `Pictures of ${width}x${height} are larger than ${maxWidth}x${maxHeight}`;
    }
    const isTooSmall = Math.min(width, height) < MIN_SIDE;
    return isTooSmall ? `Pictures of ${width}x${height} are too small` : undefined;
  }

  #refuse(why: string): FrameVerdict {
    this.stats.refused++;
    // What refers to it cannot be decoded either.
    this.#keyframeId = 0;
    return { kind: "refused", why };
  }
}

function startsUnit(payload: Uint8Array): boolean {
  if (payload[0] !== 0 || payload[1] !== 0) return false;
  return payload[2] === 1 || (payload[2] === 0 && payload[3] === 1);
}
