/**
 * FrameFeed: one reading of a frame stream into the cache, from the keyframe before a time on, with
 * its sound where it goes on. It reads as far as it is wanted and leaves the rest to the back-pressure
 * of the connection; closing it ends the request at once. It holds at most one piece of the answer.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";
import { FrameStreamReader } from "../../../src/wire/frame_stream.ts";
import type { FrameStreamRecord } from "../../../src/wire/frame_stream.ts";
import type { CacheGap, EncodedCache, FrameGroup, FramePlace } from "./encoded_cache.ts";
import type { PlaybackSource } from "./playback_messages.ts";

/** How a feed ended by itself. */
export type FeedEnd =
  | "complete"
  /** The host holds nothing. */
  | "nothing_held"
  /** Too many read at once. */
  | "busy"
  | "unreachable";

/** Makes a request; `fetch`, or a test's own. */
export type FeedRequester = (path: string, init: { signal: AbortSignal }) => Promise<Response>;

/** What a feed tells. */
export interface FeedHandlers {
  /** A frame is in the cache; `isShown` is false for one before the time that was asked for. */
  frame(place: FramePlace, isShown: boolean): void;
  gap(gap: CacheGap): void;
  /** All that was captured so far was read. */
  live(): void;
  /** It ended, and not by `close`. */
  ended(end: FeedEnd): void;
}

/** How a feed is opened. */
export interface FeedOptions {
  readonly source: PlaybackSource;
  readonly atUs: number;
  /** Reads no further than the frame on the screen at this time; undefined goes on. */
  readonly toUs: number | undefined;
  readonly cache: EncodedCache;
  readonly request: FeedRequester;
  readonly handlers: FeedHandlers;
}

/** Opens feeds. */
export type FeedOpener = (options: Omit<FeedOptions, "cache" | "request">) => Feed;

/** A feed as its player sees it. */
export interface Feed {
  /** Everything that was captured is read, and what comes is read as it is captured. */
  readonly isLive: boolean;
  readonly isOpen: boolean;
  /** Reads on until a frame captured after `timeUs` is there. */
  wantUntil(timeUs: number): void;
  close(): void;
}

/** The longest that a recording is read in one go: its reader ends where the recording ends. */
const FOREVER_US = Number.MAX_SAFE_INTEGER;

/** Reads frames. */
export class FrameFeed implements Feed {
  readonly #options: FeedOptions;
  readonly #abort = new AbortController();
  readonly #records = new FrameStreamReader();
  #description: StreamDescription | undefined;
  #group: FrameGroup | undefined;
  /** Frames of `#group` that this feed has seen. */
  #seen = 0;
  #newestUs = -1;
  #wantUs: number;
  #wake: (() => void) | undefined;
  #isLive = false;
  #isOpen = true;

  /** Sends the request; what is held at `atUs` is wanted. */
  constructor(options: FeedOptions) {
    this.#options = options;
    this.#wantUs = options.atUs;
    this.#run();
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  wantUntil(timeUs: number): void {
    if (timeUs <= this.#wantUs) return;
    this.#wantUs = timeUs;
    this.#wake?.();
  }

  /** Ends it without another word; idempotent. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#abort.abort();
    this.#wake?.();
  }

  async #run(): Promise<void> {
    let end: FeedEnd = "unreachable";
    try {
      end = await this.#read();
    } catch {
      // Aborted, or the path or the format failed: it is over either way.
    }
    if (!this.#isOpen) return;
    this.close();
    this.#options.handlers.ended(end);
  }

  async #read(): Promise<FeedEnd> {
    const { request } = this.#options;
    const response = await request(this.#path(), { signal: this.#abort.signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      if (response.status === 404) return "nothing_held";
      return response.status === 503 ? "busy" : "unreachable";
    }
    const reader = response.body.getReader();
    for (;;) {
      await this.#demand();
      if (!this.#isOpen) return "complete";
      const { done, value } = await reader.read();
      if (done || !this.#isOpen) break;
      for (const record of this.#records.push(value)) {
        this.#take(record);
        if (!this.#isOpen) return "complete";
      }
    }
    if (this.#group !== undefined && this.#isToTheEnd && !this.#options.source.isLive) {
      this.#group.isLast = true;
    }
    return "complete";
  }

  get #isToTheEnd(): boolean {
    return this.#options.toUs === undefined;
  }

  #path(): string {
    const { source, atUs, toUs } = this.#options;
    const joint = source.framesPath.includes("?") ? "&" : "?";
    const at = `${source.framesPath}${joint}atUs=${Math.max(0, Math.round(atUs))}`;
    if (toUs !== undefined) return `${at}&toUs=${Math.max(0, Math.round(toUs))}`;
    return source.isLive ? `${at}&follow=1&sound=1` : `${at}&toUs=${FOREVER_US}&sound=1`;
  }

  async #demand(): Promise<void> {
    while (this.#isOpen && this.#newestUs > this.#wantUs) {
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }

  #take(record: FrameStreamRecord): void {
    const { handlers } = this.#options;
    switch (record.kind) {
      case "description":
        this.#description = record.description;
        return;
      case "frame":
        return this.#takeFrame(record);
      case "sound": {
        const { cache, atUs } = this.#options;
        const { sound, payload } = record;
        if (this.#group === undefined) return;
        return cache.appendSound(this.#group, { ...sound, payload }, atUs);
      }
      case "gap": {
        this.#isLive = false;
        if (this.#group !== undefined) this.#group.gap = record;
        this.#group = undefined;
        return handlers.gap(record);
      }
      case "live":
        this.#isLive = true;
        return handlers.live();
    }
  }

  #takeFrame({ frame, payload }: Extract<FrameStreamRecord, { kind: "frame" }>): void {
    const { cache, handlers, source } = this.#options;
    this.#newestUs = frame.captureTimeUs;
    if (frame.referenceDistance === 0) this.#begin(cache, source.key, frame);
    const group = this.#group;
    // Nothing to decode it from.
    if (group === undefined) return;
    const index = this.#seen++;
    const isHeld = index < group.frames.length;
    const { isShown, ...kept } = frame;
    const place = isHeld ? cache.use({ group, index }) : cache.append(group, { ...kept, payload });
    handlers.frame(place, isShown);
  }

  #begin(
    cache: EncodedCache,
    sourceKey: string,
    frame: Extract<FrameStreamRecord, { kind: "frame" }>["frame"],
  ): void {
    const before = this.#group;
    if (this.#description === undefined) return;
    this.#group = cache.group(sourceKey, frame, this.#description);
    this.#seen = 0;
    if (before === undefined || before === this.#group) return;
    before.next = this.#group;
    before.endUs = frame.captureTimeUs;
    before.gap = undefined;
  }
}
