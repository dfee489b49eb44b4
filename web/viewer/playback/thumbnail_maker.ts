/**
 * ThumbnailMaker: small pictures of keyframes, one after the other and only while somebody wants one:
 * the newest wish goes first, the rest is dropped. It has a decoder of its own, so that the player
 * stays where it is, and gives it back when it was idle for a while.
 */

import { EncodedCache, frameAt } from "./encoded_cache.ts";
import type { FramePlace } from "./encoded_cache.ts";
import { FrameFeed } from "./frame_feed.ts";
import type { FeedRequester } from "./frame_feed.ts";
import { GroupDecoder } from "./group_decoder.ts";
import type { PlaybackCommand, PlaybackEvent } from "./playback_messages.ts";

/** Without a wish for so long it gives its decoder back. */
const IDLE_MS = 4000;
/** A thumbnail that is not there by then is not to be had. */
const PATIENCE_MS = 3000;
/** Widest thumbnail, in pixels. */
const WIDTH_MAX = 480;
/** Keyframes of its own that it keeps. */
const OWN_CACHE_BYTES = 4 * 1024 * 1024;

type Wish = Extract<PlaybackCommand, { do: "thumbnail" }>;

/** What a maker works with. */
export interface ThumbnailParts {
  /** The player's: what it holds needs no request. */
  readonly cache: EncodedCache;
  readonly preferSoftware: boolean;
  readonly request: FeedRequester;
  readonly post: (event: PlaybackEvent, transfer: Transferable[]) => void;
}

/** Makes thumbnails. */
export class ThumbnailMaker {
  readonly #parts: ThumbnailParts;
  /** What is read for thumbnails does not push out what the player needs. */
  readonly #own = new EncodedCache(OWN_CACHE_BYTES);
  #decoder: GroupDecoder | undefined;
  #feed: FrameFeed | undefined;
  #current: Wish | undefined;
  #waiting: Wish | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ThumbnailParts) {
    this.#parts = parts;
  }

  /** Makes one, next. */
  make(wish: Wish): void {
    if (this.#waiting !== undefined) this.#answer(this.#waiting, undefined);
    this.#waiting = wish;
    this.#next();
  }

  /** Nobody wants one any more. */
  cancel(): void {
    if (this.#waiting !== undefined) this.#answer(this.#waiting, undefined);
    this.#waiting = undefined;
    if (this.#current !== undefined) this.#done(undefined);
  }

  /** Gives everything back. */
  close(): void {
    this.cancel();
    clearTimeout(this.#timer);
    this.#decoder?.close();
    this.#decoder = undefined;
    this.#own.clear();
  }

  #next(): void {
    const wish = this.#waiting;
    if (this.#current !== undefined || wish === undefined) return;
    this.#current = wish;
    this.#waiting = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#done(undefined), PATIENCE_MS);
    const { key } = wish.source;
    const held = this.#parts.cache.find(key, wish.timeUs) ?? this.#own.find(key, wish.timeUs);
    if (held !== undefined) return this.#decode(held);
    this.#feed = new FrameFeed({
      ...{ source: wish.source, atUs: wish.timeUs, toUs: wish.timeUs },
      ...{ cache: this.#own, request: this.#parts.request },
      handlers: {
        frame: (place) => {
          this.#feed?.close();
          this.#decode(place);
        },
        gap: () => {},
        live: () => {},
        ended: () => this.#done(undefined),
      },
    });
  }

  /** Decodes the keyframe of the group that `place` is in. */
  #decode({ group }: FramePlace): void {
    this.#decoder ??= new GroupDecoder(this.#parts.preferSoftware, {
      picture: (frame) => this.#shrink(frame),
      undecodable: () => this.#done(undefined),
    });
    if (frameAt({ group, index: 0 }).referenceDistance === 0) {
      this.#decoder.show({ group, index: 0 });
    } else this.#done(undefined);
  }

  async #shrink(frame: VideoFrame): Promise<void> {
    const wish = this.#current;
    if (wish === undefined) return frame.close();
    try {
      const resizeWidth = Math.min(WIDTH_MAX, Math.max(16, Math.round(wish.width)));
      const ratio = frame.displayHeight / frame.displayWidth;
      const bitmap = await createImageBitmap(frame, {
        resizeWidth,
        resizeHeight: Math.max(1, Math.round(resizeWidth * ratio)),
        resizeQuality: "medium",
      });
      if (this.#current === wish) this.#done(bitmap);
      else bitmap.close();
    } catch {
      if (this.#current === wish) this.#done(undefined);
    } finally {
      frame.close();
    }
  }

  #done(bitmap: ImageBitmap | undefined): void {
    const wish = this.#current;
    this.#current = undefined;
    this.#feed?.close();
    this.#feed = undefined;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), IDLE_MS);
    if (wish !== undefined) this.#answer(wish, bitmap);
    else bitmap?.close();
    this.#next();
  }

  #answer({ id }: Wish, bitmap: ImageBitmap | undefined): void {
    this.#parts.post(
      { event: "thumbnail", id, bitmap },
      bitmap === undefined ? [] : [bitmap],
    );
  }
}
