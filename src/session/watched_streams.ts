/**
 * WatchedStreams: the streams that one viewer watches: one as a rule, which `select` exchanges for
 * another without a new path, at most `MAX_FEEDS` at once, side by side: then each has an equal part
 * of the rate. Each is a MediaFeed.
 */

import type { DatagramSink, MediaSenderStats } from "../pipeline/media_sender.ts";
import type { EndReason } from "../wire/control.ts";
import { MediaFeed } from "./media_feed.ts";
import type { SessionHost } from "./session_host.ts";

/** Streams that one viewer watches at once; more are refused. */
const MAX_FEEDS = 4;
const MAX_SHOWN_NAME = 64;

/** What the streams of a viewer are made of. */
export interface WatchedStreamsOptions {
  readonly connection: DatagramSink;
  readonly host: SessionHost;
  readonly nowUs: () => number;
  /** Takes framed messages; one of the same name that still waits may be replaced. */
  readonly send: (framed: Uint8Array, replaces?: string) => void;
  /** As `send`, for what a viewer with a slow control stream can do without. */
  readonly sendIfFree: (framed: Uint8Array, replaces?: string) => void;
}

/** Why a stream cannot be watched. */
export interface StreamRefusal {
  readonly reason: EndReason;
  readonly message: string;
}

/** What to tell who asks for a stream that is not there. */
export function unknownStream(
  asked: string,
  { streamNames }: Pick<SessionHost, "streamNames">,
): StreamRefusal {
  const names = streamNames.map(({ name }) => name).join(", ");
  const message = `There is no "${asked.slice(0, MAX_SHOWN_NAME)}" here, only ${names}`;
  return { reason: "unknown_stream", message };
}

/** The streams of one viewer. */
export class WatchedStreams {
  readonly #options: WatchedStreamsOptions;
  readonly #feeds = new Map<number, MediaFeed>();
  #isMeasuring = false;

  constructor(options: WatchedStreamsOptions) {
    this.#options = options;
  }

  /** Streams that have a feed: those that play or were paused. */
  get ids(): Iterable<number> {
    return this.#feeds.keys();
  }

  /** The feed of a stream, once it was played and until another one was selected. */
  feed(streamId: number): MediaFeed | undefined {
    return this.#feeds.get(streamId);
  }

  /** The feed that packets go out of; undefined while none do. */
  get playing(): MediaFeed | undefined {
    for (const feed of this.#feeds.values()) if (feed.isPlaying) return feed;
    return undefined;
  }

  /** Counters of what is sent, once something was. */
  get sent(): MediaSenderStats | undefined {
    return (this.playing ?? [...this.#feeds.values()].at(-1))?.stats;
  }

  /** Starts the packets of a stream with its next keyframe; undefined, or why not. */
  play(streamId: number): StreamRefusal | undefined {
    const known = this.#feeds.get(streamId);
    if (known !== undefined) return this.#begun(known, known.play());
    if (!this.#exists(streamId)) return unknownStream(String(streamId), this.#options.host);
    this.#forgetPaused();
    if (this.#feeds.size >= MAX_FEEDS) return { reason: "capacity", message: "Too many streams" };
    const { connection, host, nowUs, sendIfFree } = this.#options;
    const feed = new MediaFeed({ connection, streamId, host, nowUs, send: sendIfFree });
    feed.measure(this.#isMeasuring);
    return this.#begun(feed, feed.play());
  }

  /** Moves what goes out now to another stream, and ends everything else; undefined, or why not. */
  select(streamId: number): StreamRefusal | undefined {
    if (!this.#exists(streamId)) return unknownStream(String(streamId), this.#options.host);
    const feed = this.playing ?? this.#feeds.values().next().value;
    if (feed === undefined) return this.play(streamId);
    const isOne = ![...this.#feeds.values()].some((other) => other !== feed && other.isPlaying);
    if (!isOne) return this.#selectOfSeveral(streamId);
    for (const other of this.#feeds.values()) if (other !== feed) other.pause();
    if (feed.streamId === streamId) return this.#begun(feed, feed.play());
    this.#feeds.clear();
    return this.#begun(feed, feed.moveTo(streamId));
  }

  /** Turns the batches of timings on or off. */
  measure(isEnabled: boolean): void {
    this.#isMeasuring = isEnabled;
    for (const feed of this.#feeds.values()) feed.measure(isEnabled);
  }

  /** Ends the packets of a stream, or of all. */
  pause(streamId?: number): void {
    for (const feed of this.#feeds.values()) {
      if (streamId === undefined || feed.streamId === streamId) feed.pause();
    }
    this.#divide();
  }

  /**
   * Side by side each stream keeps its sender: its packets are under way, and those of another sender,
   * whose sequence begins anew, would look older than they are.
   */
  #selectOfSeveral(streamId: number): StreamRefusal | undefined {
    this.pause();
    const refusal = this.play(streamId);
    const selected = this.#feeds.get(streamId);
    if (selected === undefined) return refusal;
    const others = [...this.#feeds].filter(([id]) => id !== streamId);
    // The first is the one that is controlled.
    this.#feeds.clear();
    for (const [id, feed] of [[streamId, selected] as const, ...others]) this.#feeds.set(id, feed);
    return refusal;
  }

  /** What was paused keeps its place until that is needed. */
  #forgetPaused(): void {
    for (const [id, feed] of this.#feeds) {
      if (this.#feeds.size >= MAX_FEEDS && !feed.isPlaying) this.#feeds.delete(id);
    }
  }

  /** Equal parts for all that play: a path that is the limit carries each a little worse. */
  #divide(): void {
    const playing = [...this.#feeds.values()].filter(({ isPlaying }) => isPlaying);
    for (const feed of playing) feed.share = 1 / playing.length;
  }

  #begun(feed: MediaFeed, isPlaying: boolean): StreamRefusal | undefined {
    const { streamId } = feed;
    if (!isPlaying) return { reason: "capacity", message: `Cannot play stream ${streamId}` };
    this.#feeds.set(streamId, feed);
    this.#divide();
    const cursor = this.#options.host.cursor(streamId);
    if (cursor !== undefined) this.#options.send(cursor, `cursor ${streamId}`);
    return undefined;
  }

  #exists(streamId: number): boolean {
    return this.#options.host.streamNames.some(({ id }) => id === streamId);
  }
}
