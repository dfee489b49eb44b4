/**
 * GroupDecoder: a VideoDecoder of the player's own that shows any frame of a group: it goes on from
 * where it is when the frame lies ahead, else it begins at the keyframe, and closes at once what is
 * only decoded. What is asked for replaces what was asked for before. It keeps no picture.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { FrameGroup, FramePlace } from "./encoded_cache.ts";

/** A decoder that gave nothing for so long is flushed: it holds the picture back. */
const HELD_BACK_MS = 300;
/** Work that nobody wants any more is thrown away when there is more of it than this. */
const STALE_CHUNKS_MAX = 4;
/** Failures without a picture between them after which it gives up. */
const FAILURES_MAX = 3;

/** What a group decoder tells. */
export interface GroupDecoderHandlers {
  /** The picture of a frame; the callee closes it. `isTarget` is false for one that is kept beside. */
  picture(frame: VideoFrame, place: FramePlace, isTarget: boolean): void;
  /** This browser cannot decode it. */
  undecodable(): void;
}

interface Wanted {
  readonly place: FramePlace;
  readonly isTarget: boolean;
}

/** Decodes frames of groups. */
export class GroupDecoder {
  readonly #handlers: GroupDecoderHandlers;
  #preferSoftware: boolean;
  #decoder: VideoDecoder | undefined;
  #description: StreamDescription | undefined;
  #group: FrameGroup | undefined;
  /** Index in the group of the frame that it takes next. */
  #next = 0;
  #timestamp = 0;
  readonly #wanted = new Map<number, Wanted>();
  #target: FramePlace | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;
  #failures = 0;
  #fed = 0;

  /** `preferSoftware` where hardware is absent or slower. */
  constructor(preferSoftware: boolean, handlers: GroupDecoderHandlers) {
    this.#preferSoftware = preferSoftware;
    this.#handlers = handlers;
  }

  /** The frame that was asked for and did not come out yet. */
  get pending(): FramePlace | undefined {
    return this.#target;
  }

  /** Frames that went into the decoder since the start. */
  get fed(): number {
    return this.#fed;
  }

  /** Frames inside of the decoder. */
  get queued(): number {
    return this.#decoder?.decodeQueueSize ?? 0;
  }

  /** Decodes the frame at `place`; gives out up to `keep` pictures before it as well. */
  show(place: FramePlace, keep = 0): void {
    const { group, index } = place;
    const goesOn = group === this.#group && index >= this.#next && this.#decoder !== undefined;
    const isFresh = group.description !== this.#description || this.#decoder === undefined;
    if (isFresh) {
      if (!this.#open(group.description)) return;
    } else if (!goesOn && this.queued > STALE_CHUNKS_MAX) this.#restart();
    if (!goesOn) {
      this.#group = group;
      this.#next = 0;
    }
    this.#target = place;
    this.#feed(group, index, keep);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flush(), HELD_BACK_MS);
  }

  /** Forgets what was asked for; pictures still to come are closed. */
  cancel(): void {
    this.#target = undefined;
    this.#wanted.clear();
    clearTimeout(this.#timer);
  }

  /** Gives the decoder back; idempotent, and `show` opens another one. */
  close(): void {
    this.cancel();
    this.#generation++;
    this.#group = undefined;
    this.#description = undefined;
    const decoder = this.#decoder;
    this.#decoder = undefined;
    if (decoder !== undefined && decoder.state !== "closed") decoder.close();
  }

  #feed(group: FrameGroup, index: number, keep: number): void {
    for (let at = this.#next; at <= index; at++) {
      const frame = group.frames[at]!;
      const isTarget = at === index;
      const isKept = isTarget || index - at <= keep;
      // Nothing refers to a frame of the second layer.
      if (frame.layer === 1 && !isKept) continue;
      const timestamp = ++this.#timestamp;
      if (isKept) this.#wanted.set(timestamp, { place: { group, index: at }, isTarget });
      const chunk = new EncodedVideoChunk({
        type: frame.referenceDistance === 0 ? "key" : "delta",
        timestamp,
        data: frame.payload as Uint8Array<ArrayBuffer>,
      });
      try {
        this.#decoder!.decode(chunk);
      } catch {
        return this.#fail();
      }
      this.#fed++;
    }
    this.#next = index + 1;
  }

  #open(description: StreamDescription): boolean {
    const { pending } = this;
    this.close();
    this.#target = pending;
    this.#description = description;
    const generation = this.#generation;
    try {
      const decoder = new VideoDecoder({
        output: (frame) => {
          if (generation === this.#generation) this.#output(frame);
          else frame.close();
        },
        error: () => {
          if (generation === this.#generation) this.#fail();
        },
      });
      decoder.configure(configOf(description, this.#preferSoftware));
      this.#decoder = decoder;
      return true;
    } catch {
      this.#handlers.undecodable();
      return false;
    }
  }

  /** Throws away what is inside. */
  #restart(): void {
    this.#decoder!.reset();
    this.#decoder!.configure(configOf(this.#description!, this.#preferSoftware));
    this.#wanted.clear();
    this.#group = undefined;
  }

  #output(frame: VideoFrame): void {
    const wanted = this.#wanted.get(frame.timestamp);
    if (wanted === undefined) return frame.close();
    this.#wanted.delete(frame.timestamp);
    this.#failures = 0;
    const isNewest = wanted.isTarget && wanted.place.group === this.#target?.group &&
      wanted.place.index === this.#target.index;
    if (isNewest) {
      this.#target = undefined;
      clearTimeout(this.#timer);
    }
    this.#handlers.picture(frame, wanted.place, wanted.isTarget);
  }

  /** Only a keyframe can follow a flush. */
  async #flush(): Promise<void> {
    const decoder = this.#decoder;
    if (decoder === undefined || this.#target === undefined) return;
    if (decoder.decodeQueueSize > 0) {
      this.#timer = setTimeout(() => this.#flush(), HELD_BACK_MS);
      return;
    }
    this.#group = undefined;
    await decoder.flush().catch(() => {});
  }

  #fail(): void {
    const target = this.#target;
    this.close();
    if (++this.#failures > FAILURES_MAX) return this.#handlers.undecodable();
    this.#preferSoftware = true;
    if (target !== undefined) this.show(target);
  }
}

function configOf(description: StreamDescription, preferSoftware: boolean): VideoDecoderConfig {
  return {
    codec: description.codec,
    codedWidth: description.codedWidth,
    codedHeight: description.codedHeight,
    colorSpace: description.colorSpace as VideoColorSpaceInit,
    optimizeForLatency: description.optimizeForLatency,
    hardwareAcceleration: preferSoftware ? "prefer-software" : "no-preference",
  };
}
