/**
 * EncodedCache: encoded frames that were read once, as groups that begin at a keyframe. A group holds
 * an unbroken run of frames from its keyframe on, so that any frame in it can be decoded, and what was
 * heard meanwhile. Bounded in bytes: the group that was not used for the longest time goes first, never
 * the one in use.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { StreamedFrame, StreamedSound } from "../../../src/wire/frame_stream.ts";

/** Bytes of encoded frames that a player keeps: more than 30 s at 10 Mbit/s. */
export const CACHE_BYTES_MAX = 48 * 1024 * 1024;
/** Sound of one group, whose screen may stand for long: more than 10 minutes. */
export const GROUP_SOUND_BYTES_MAX = 16 * 1024 * 1024;
/** What a packet costs beside its bytes. */
const PACKET_BYTES = 100;

/** A frame as it is kept. */
export interface CachedFrame extends Omit<StreamedFrame, "isShown"> {
  readonly payload: Uint8Array;
}

/** A packet of sound as it is kept. */
export interface CachedSound extends StreamedSound {
  readonly payload: Uint8Array;
}

/** A place from which on nothing is held. */
export interface CacheGap {
  readonly cause: "evicted" | "blanked";
  readonly toUs: number;
}

/** A keyframe and what follows it. */
export interface FrameGroup {
  readonly sourceKey: string;
  readonly startUs: number;
  readonly description: StreamDescription;
  readonly frames: CachedFrame[];
  /** What was heard from the keyframe on, in order; another array when something went. */
  sounds: CachedSound[];
  /** When the next group begins; undefined while frames may be missing at the end. */
  endUs: number | undefined;
  /** The group after it, while that is held. */
  next: FrameGroup | undefined;
  /** What comes after it instead of frames. */
  gap: CacheGap | undefined;
  /** It holds the last frame of a recording. */
  isLast: boolean;
  /** Of frames and sound. */
  bytes: number;
  soundBytes: number;
  usedAt: number;
}

/** A frame's place. */
export interface FramePlace {
  readonly group: FrameGroup;
  readonly index: number;
}

/** The frame at a place. */
export function frameAt({ group, index }: FramePlace): CachedFrame {
  return group.frames[index]!;
}

/** Keeps groups. */
export class EncodedCache {
  readonly #bytesMax: number;
  readonly #groups = new Set<FrameGroup>();
  /** The newest description, and what it says: each feed brings an equal one of its own. */
  #description: { readonly text: string; readonly value: StreamDescription } | undefined;
  #bytes = 0;
  #uses = 0;
  #evictions = 0;

  constructor(bytesMax = CACHE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes of all frames and all sound. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Groups that are held. */
  get size(): number {
    return this.#groups.size;
  }

  /** Groups that went to make room. */
  get evictions(): number {
    return this.#evictions;
  }

  /**
   * The frame on the screen at `timeUs`; undefined when it is not held, or when it cannot be told
   * because frames between it and that time may be missing.
   */
  find(sourceKey: string, timeUs: number): FramePlace | undefined {
    const group = this.groupAt(sourceKey, timeUs);
    if (group === undefined) return undefined;
    const index = group.frames.findLastIndex((frame) => frame.captureTimeUs <= timeUs);
    const isCertain = index < group.frames.length - 1 ||
      group.frames[index]?.captureTimeUs === timeUs || group.isLast ||
      (group.endUs !== undefined && timeUs < group.endUs);
    return index >= 0 && isCertain ? this.use({ group, index }) : undefined;
  }

  /** The place after another; undefined when nothing is held there. */
  after({ group, index }: FramePlace): FramePlace | undefined {
    if (index + 1 < group.frames.length) return { group, index: index + 1 };
    return group.next === undefined ? undefined : { group: group.next, index: 0 };
  }

  /** The place before another; undefined when nothing is held there. */
  before({ group, index }: FramePlace): FramePlace | undefined {
    if (index > 0) return { group, index: index - 1 };
    for (const other of this.#groups) {
      if (other.next === group) return { group: other, index: other.frames.length - 1 };
    }
    return undefined;
  }

  /** Notes that a place is used now. */
  use(place: FramePlace): FramePlace {
    place.group.usedAt = ++this.#uses;
    return place;
  }

  /** The group that begins with this keyframe: the one that is held, or a new one. */
  group(
    sourceKey: string,
    frame: StreamedFrame,
    description: StreamDescription,
  ): FrameGroup {
    for (const group of this.#groups) {
      const isSame = group.sourceKey === sourceKey && group.startUs === frame.captureTimeUs &&
        group.frames[0]?.frameId === frame.frameId;
      if (isSame) return group;
    }
    const group: FrameGroup = {
      ...{ sourceKey, startUs: frame.captureTimeUs, frames: [], sounds: [] },
      description: this.#shared(description),
      ...{ endUs: undefined, next: undefined, gap: undefined, isLast: false },
      ...{ bytes: 0, soundBytes: 0, usedAt: ++this.#uses },
    };
    this.#groups.add(group);
    return group;
  }

  /** Adds a frame to the end of `group` and makes room for it. */
  append(group: FrameGroup, frame: CachedFrame): FramePlace {
    group.frames.push(frame);
    group.usedAt = ++this.#uses;
    this.#grow(group, frame.payload.byteLength);
    return { group, index: group.frames.length - 1 };
  }

  /**
   * Adds what was heard to `group`, unless it is there already. Where that is too much, what was heard
   * before `wantedUs` goes, else this is left out.
   */
  appendSound(group: FrameGroup, sound: CachedSound, wantedUs: number): void {
    if (sound.captureTimeUs <= (group.sounds.at(-1)?.captureTimeUs ?? -1)) return;
    const bytes = PACKET_BYTES + sound.payload.byteLength;
    if (group.soundBytes + bytes > GROUP_SOUND_BYTES_MAX) this.#dropSound(group, wantedUs);
    if (group.soundBytes + bytes > GROUP_SOUND_BYTES_MAX) return;
    group.sounds.push(sound);
    group.soundBytes += bytes;
    this.#grow(group, bytes);
  }

  /** Forgets every group with a frame from `fromUs` to `toUs`: it was overwritten on the host. */
  forget(sourceKey: string, fromUs: number, toUs: number): void {
    for (const group of [...this.#groups]) {
      const endUs = group.frames.at(-1)?.captureTimeUs ?? group.startUs;
      const isInside = group.startUs <= toUs && endUs >= fromUs;
      if (group.sourceKey !== sourceKey || !isInside) continue;
      this.#drop(group);
      // A feed may add to the group still: what was heard is not to come back with that.
      group.bytes -= group.soundBytes;
      group.soundBytes = 0;
      group.sounds = [];
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#groups.clear();
    this.#bytes = 0;
  }

  /** The group that would hold what was captured at `timeUs`. */
  groupAt(sourceKey: string, timeUs: number): FrameGroup | undefined {
    let found: FrameGroup | undefined;
    for (const group of this.#groups) {
      if (group.sourceKey !== sourceKey || group.startUs > timeUs) continue;
      if (found === undefined || group.startUs > found.startUs) found = group;
    }
    return found;
  }

  /** True until a group was forgotten or went to make room. */
  holds(group: FrameGroup): boolean {
    return this.#groups.has(group);
  }

  #grow(group: FrameGroup, bytes: number): void {
    group.bytes += bytes;
    this.#bytes += bytes;
    // Sent away while a feed was adding to it: it is held again from here on.
    if (!this.#groups.has(group)) {
      this.#groups.add(group);
      this.#bytes += group.bytes - bytes;
    }
    while (this.#bytes > this.#bytesMax && this.#groups.size > 1) this.#evict(group);
  }

  /** Lets half of a group's sound go, of what was heard before a time. */
  #dropSound(group: FrameGroup, beforeUs: number): void {
    const half = group.sounds.length >> 1;
    const end = group.sounds.findIndex(({ captureTimeUs }) => captureTimeUs >= beforeUs);
    const count = end < 0 ? half : Math.min(half, end);
    const dropped = group.sounds.slice(0, count);
    const bytes = dropped.reduce((sum, { payload }) => sum + payload.byteLength + PACKET_BYTES, 0);
    group.sounds = group.sounds.slice(count);
    group.soundBytes -= bytes;
    group.bytes -= bytes;
    if (this.#groups.has(group)) this.#bytes -= bytes;
  }

  /** The same object for equal descriptions, so that a decoder knows that it need not change. */
  #shared(description: StreamDescription): StreamDescription {
    const text = JSON.stringify(description);
    if (this.#description?.text !== text) this.#description = { text, value: description };
    return this.#description.value;
  }

  #evict(kept: FrameGroup): void {
    let oldest: FrameGroup | undefined;
    for (const group of this.#groups) {
      if (group !== kept && (oldest === undefined || group.usedAt < oldest.usedAt)) oldest = group;
    }
    if (oldest === undefined) return;
    this.#drop(oldest);
    this.#evictions++;
  }

  #drop(dropped: FrameGroup): void {
    this.#groups.delete(dropped);
    this.#bytes -= dropped.bytes;
    for (const group of this.#groups) if (group.next === dropped) group.next = undefined;
  }
}
