/**
 * ReplayBuffer: the encoded frames of the last seconds of one stream, held once for all readers, as
 * segments that begin at a keyframe. Bounded in seconds, bytes and frames; the oldest segment goes
 * first. A reader's lease keeps its segment from going for its age, not from making room: what is live
 * always has a place. Bytes are copied in and out, so no reader can pin the ring.
 */

import type { MemoryAccount } from "../memory/memory_ledger.ts";
import type { StreamDescription } from "../wire/codec.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { HeldFrames, INDEX_BYTES_PER_FRAME, type IndexedFrame } from "./held_frames.ts";
import { ReplayRing } from "./replay_ring.ts";
import {
  LEASE_US,
  type ReplaySegment,
  type SegmentLease,
  SegmentLeases,
} from "./segment_leases.ts";

/** A segment ends at the first keyframe after this time. */
export const SEGMENT_US = 1_000_000;
/**
 * Frames that a segment has before it needs to end. What changes rarely would be made of keyframes
 * alone else, and a decoder goes through so many frames in no time.
 */
export const SEGMENT_FRAMES = 60;
/** A segment of fewer frames ends at the first keyframe after this time. */
export const LONG_SEGMENT_US = 10_000_000;
/** Longest replay that can be asked for, in seconds. */
export const REPLAY_SECONDS_MAX = 3600;

/** How much a replay may hold. */
export interface ReplayLimits {
  /** Seconds of capture time, 1 to `REPLAY_SECONDS_MAX`. */
  readonly seconds: number;
  /** Bytes of payload. */
  readonly bytes: number;
  /** Frames a second at most, which bounds the index. */
  readonly fps: number;
}

/** What became of a frame that was pushed. */
export type PushOutcome = "held" | "no_keyframe" | "paused" | "too_large";

/** What is held now. */
export interface ReplaySpan {
  readonly startUs: number;
  /** Capture time of the newest frame. */
  readonly endUs: number;
  readonly frames: number;
  readonly bytes: number;
  readonly segments: number;
}

/** Counters of a `ReplayBuffer`. */
export interface ReplayStats {
  pushed: number;
  /** Frames not held: paused, without a keyframe before them, or larger than all room. */
  refused: number;
  segmentsEvicted: number;
  /** Segments that went although a reader was on them, because room was needed. */
  leasesRevoked: number;
  framesBlanked: number;
}

/** The replay of one stream. */
export class ReplayBuffer implements Disposable {
  readonly #limits: ReplayLimits;
  readonly #account: MemoryAccount;
  readonly #index: HeldFrames;
  readonly #ring: ReplayRing;
  readonly #segments: ReplaySegment[] = [];
  readonly #leases = new SegmentLeases();
  readonly #stats: ReplayStats = {
    pushed: 0,
    refused: 0,
    segmentsEvicted: 0,
    leasesRevoked: 0,
    framesBlanked: 0,
  };
  #description: StreamDescription | undefined;
  #bookedBytes = 0;
  /** When a frame was last pushed: nothing but frames moves this clock. */
  #nowUs = 0;
  #heldBytes = 0;
  #isPaused = false;
  #needsKeyframe = true;
  #isClosed = false;

  /** Reserves its room and books it with `account`. Throws RangeError for limits that cannot be. */
  constructor(limits: ReplayLimits, account: MemoryAccount) {
    const { seconds, bytes } = limits;
    if (!(seconds >= 1 && seconds <= REPLAY_SECONDS_MAX)) {
      throw new RangeError(`Cannot hold a replay of ${seconds} seconds`);
    }
    if (!(Number.isInteger(bytes) && bytes >= 1)) {
      throw new RangeError(`Cannot hold a replay of ${bytes} bytes`);
    }
    this.#limits = limits;
    this.#account = account;
    this.#index = new HeldFrames(replayFrames(limits));
    this.#ring = new ReplayRing(bytes);
    this.#book();
  }

  get stats(): Readonly<ReplayStats> {
    return this.#stats;
  }

  /** Bytes of payload that it can hold now. */
  get capacityBytes(): number {
    return this.#ring.capacity;
  }

  /** Bytes that it needs beside the payload. */
  get indexBytes(): number {
    return this.#index.capacity * INDEX_BYTES_PER_FRAME;
  }

  /** True while nothing is taken up. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Serial of the oldest frame held. */
  get firstSerial(): number {
    return this.#index.first;
  }

  /** Serial that the next frame will have. */
  get endSerial(): number {
    return this.#index.end;
  }

  /** True when the next frame should be a keyframe: a segment is due to begin. */
  wantsKeyframe(captureTimeUs: number): boolean {
    if (this.#isPaused) return false;
    const newest = this.#segments.at(-1);
    if (this.#needsKeyframe || newest === undefined) return true;
    const heldUs = captureTimeUs - newest.startUs;
    const frames = this.#index.end - newest.firstSerial;
    return heldUs >= (frames < SEGMENT_FRAMES ? LONG_SEGMENT_US : SEGMENT_US);
  }

  /** What is held; undefined when nothing is. */
  get span(): ReplaySpan | undefined {
    const { first, end } = this.#index;
    if (first === end) return undefined;
    return {
      startUs: this.#index.timeUs(first),
      endUs: this.#index.timeUs(end - 1),
      frames: end - first,
      bytes: this.#heldBytes,
      segments: this.#segments.length,
    };
  }

  /** The segments held, oldest first. */
  get segments(): readonly ReplaySegment[] {
    return this.#segments;
  }

  /** Leases that readers have now. */
  get leases(): number {
    return this.#leases.size;
  }

  /** Bytes of the held frames from `firstSerial` up to `endSerial`. */
  bytesOf(firstSerial: number, endSerial: number): number {
    let bytes = 0;
    for (let serial = firstSerial; serial < endSerial; serial++) bytes += this.#index.size(serial);
    return bytes;
  }

  /** Spans of capture time whose frames were overwritten, up to the next frame that was not. */
  get blankedRanges(): { fromUs: number; toUs: number }[] {
    const ranges: { fromUs: number; toUs: number }[] = [];
    if (this.#stats.framesBlanked === 0) return ranges;
    let isInside = false;
    for (let serial = this.#index.first; serial < this.#index.end; serial++) {
      const timeUs = this.#index.timeUs(serial);
      const isBlanked = this.#index.isBlanked(serial);
      if (isBlanked && !isInside) ranges.push({ fromUs: timeUs, toUs: timeUs });
      if (isInside) ranges.at(-1)!.toUs = timeUs;
      isInside = isBlanked;
    }
    return ranges;
  }

  /** What a decoder must know of the frames that follow; they begin with a keyframe. */
  describe(description: StreamDescription): void {
    this.#description = description;
    this.#needsKeyframe = true;
  }

  /** Copies `frame` into the ring. Frames before the first keyframe are not held. */
  push(frame: EncodedFrame, nowUs: number): PushOutcome {
    this.#nowUs = nowUs;
    const outcome = this.#judge(frame);
    if (outcome !== "held") return this.#refuse(outcome);
    const { byteLength } = frame.payload;
    const captureTimeUs = Math.max(frame.captureTimeUs, this.span?.endUs ?? 0);
    this.#evictForAge(captureTimeUs);
    while (this.#index.isFull || this.#heldBytes + byteLength > this.#ring.capacity) {
      this.#evictOldest();
    }
    if (frame.referenceDistance === 0) this.#beginSegment(captureTimeUs);
    // A segment alone can outgrow the ring; then the replay begins anew with the next keyframe.
    else if (this.#segments.length === 0) return this.#refuse("no_keyframe");
    this.#index.push({
      frameId: frame.frameId,
      captureTimeUs,
      byteLength,
      referenceDistance: frame.referenceDistance,
      layer: frame.layer ?? 0,
      offset: this.#ring.write(frame.payload),
    });
    this.#heldBytes += byteLength;
    this.#stats.pushed++;
    return "held";
  }

  /** What is known of a frame; undefined when it is not held. */
  frame(serial: number): IndexedFrame | undefined {
    return this.#index.has(serial) ? this.#index.at(serial) : undefined;
  }

  /** Copies a frame's bytes to the front of `target`; false when it is not held. */
  read(serial: number, target: Uint8Array): boolean {
    if (!this.#index.has(serial)) return false;
    this.#ring.read(this.#index.offset(serial), this.#index.size(serial), target);
    return true;
  }

  /** Serial of the last frame captured at `timeUs` or before, the oldest when all are later. */
  serialAt(timeUs: number): number | undefined {
    return this.#index.lastAt(timeUs);
  }

  /** Serial of the keyframe that a frame is decoded from; undefined when it is not held. */
  keyframeBefore(serial: number): number | undefined {
    return this.#index.has(serial) ? this.#index.keyframeBefore(serial) : undefined;
  }

  /** The segment of a held frame. */
  segmentOf(serial: number): ReplaySegment | undefined {
    return this.#index.has(serial)
      ? this.#segments.findLast(({ firstSerial }) => firstSerial <= serial)
      : undefined;
  }

  /** Keeps a segment from going for its age; undefined when there are too many leases. */
  lease(segment: ReplaySegment, nowUs: number): SegmentLease | undefined {
    return this.#segments.includes(segment) ? this.#leases.grant(segment, nowUs) : undefined;
  }

  /** Gives a lease back; idempotent. */
  release(lease: SegmentLease): void {
    this.#leases.release(lease);
  }

  /** Takes nothing up until `resume`. */
  pause(): void {
    this.#isPaused = true;
    this.#needsKeyframe = true;
  }

  /** Goes on with the next keyframe. */
  resume(): void {
    this.#isPaused = false;
  }

  /**
   * Overwrites every frame that was on the screen from `fromUs` to `toUs`, which the last one before
   * `fromUs` still was, and those up to the next keyframe, which are changes of them. What was evicted
   * and not yet overwritten goes too. Returns how many were held.
   */
  blank(fromUs: number, toUs: number): number {
    const { first, end } = this.#index;
    const onScreen = this.#index.lastAt(fromUs);
    const sinceUs = onScreen === undefined
      ? fromUs
      : Math.min(fromUs, this.#index.timeUs(onScreen));
    let blanked = 0;
    let isTainted = false;
    for (let serial = first; serial < end; serial++) {
      const timeUs = this.#index.timeUs(serial);
      const isInside = timeUs >= sinceUs && timeUs <= toUs;
      isTainted = isInside || (isTainted && !this.#index.isKeyframe(serial));
      if (!isTainted || this.#index.isBlanked(serial)) continue;
      this.#ring.erase(this.#index.offset(serial), this.#index.size(serial));
      this.#index.blank(serial);
      blanked++;
    }
    // Frames to come are changes of what is no longer there.
    if (isTainted) this.#needsKeyframe = true;
    this.#ring.eraseFree(this.#heldBytes);
    this.#stats.framesBlanked += blanked;
    return blanked;
  }

  /** Holds at most `share` of its limit in bytes and seconds, 0 to 1; gives the memory back. */
  limit(share: number): void {
    const { capacityMax } = this.#ring;
    const capacity = Math.min(capacityMax, Math.max(1, Math.floor(capacityMax * share)));
    if (capacity === this.#ring.capacity) return;
    while (this.#heldBytes > capacity && this.#evictOldest()) { /* Until the rest fits. */ }
    const moved = this.#ring.resize(capacity, this.#heldBytes);
    for (let serial = this.#index.first; serial < this.#index.end; serial++) {
      this.#index.move(serial, moved(this.#index.offset(serial)));
    }
    this.#book();
  }

  /** Overwrites what is held and gives the room back; idempotent. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isPaused = true;
    while (this.#evictOldest()) { /* Until nothing is held. */ }
    this.#ring.resize(1, 0);
    this.#account.released(this.#bookedBytes);
  }

  #refuse(outcome: Exclude<PushOutcome, "held">): PushOutcome {
    this.#stats.refused++;
    if (outcome === "too_large") this.#needsKeyframe = true;
    return outcome;
  }

  #judge(frame: EncodedFrame): PushOutcome {
    if (this.#isPaused || this.#description === undefined) return "paused";
    if (frame.payload.byteLength > this.#ring.capacity) return "too_large";
    if (frame.referenceDistance === 0) {
      this.#needsKeyframe = false;
      return "held";
    }
    // A frame that refers to one which was not held cannot be decoded.
    return this.#needsKeyframe || this.#segments.length === 0 ? "no_keyframe" : "held";
  }

  #beginSegment(startUs: number): void {
    const newest = this.#segments.at(-1);
    const description = this.#description!;
    const isDue = newest === undefined || newest.description !== description ||
      startUs - newest.startUs >= SEGMENT_US;
    if (isDue) this.#segments.push({ firstSerial: this.#index.end, startUs, description });
  }

  #evictForAge(captureTimeUs: number): void {
    const heldUs = this.#limits.seconds * 1_000_000 * this.#ring.capacity / this.#ring.capacityMax;
    while (this.#segments.length > 1) {
      // The segment may go once those behind it are long enough without it.
      if (captureTimeUs - this.#segments[1]!.startUs < heldUs) return;
      if (this.#leases.isHeld(this.#segments[0]!, this.#nowUs)) return;
      this.#evictOldest();
    }
  }

  /** Lets the oldest segment go; false when none is held. */
  #evictOldest(): boolean {
    const oldest = this.#segments.shift();
    if (oldest === undefined) return false;
    const endSerial = this.#segments[0]?.firstSerial ?? this.#index.end;
    for (let serial = this.#index.first; serial < endSerial; serial++) {
      this.#heldBytes -= this.#index.size(serial);
    }
    this.#index.dropBefore(endSerial);
    this.#stats.leasesRevoked += this.#leases.revoke(oldest, this.#nowUs);
    this.#stats.segmentsEvicted++;
    if (this.#segments.length === 0) this.#needsKeyframe = true;
    return true;
  }

  #book(): void {
    if (this.#bookedBytes > 0) this.#account.released(this.#bookedBytes);
    this.#bookedBytes = this.#ring.capacity + this.indexBytes;
    this.#account.allocated(this.#bookedBytes);
  }
}

/** Frames that a replay of these limits can hold: a segment and the time of a lease more. */
export function replayFrames({ seconds, fps }: Pick<ReplayLimits, "seconds" | "fps">): number {
  return Math.ceil((seconds + (SEGMENT_US + LEASE_US) / 1_000_000) * fps);
}
