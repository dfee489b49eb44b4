/**
 * PublishedStreams: what producers publish on one host: gives each publication a stream, the same one
 * when it comes back, and lets a stream go that waited in vain for its producer. At most
 * `--max-published` streams, which are used again and again.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { MAX_PERSON_NAME } from "../../wire/people_messages.ts";
import { TokenBucket } from "../../session/token_bucket.ts";
import { cleanName } from "../displays/displays.ts";
import { StreamSound } from "../sound/stream_sound.ts";
import type { StreamSet } from "../streams/stream_set.ts";
import type { StreamReplay } from "../timeline/stream_replay.ts";
import type { PublishLimits } from "./published_frames.ts";
import { PublishedStream } from "./published_stream.ts";
import type { Producer, PublishedFacts, PublishedSound, PublishOwner } from "./producer.ts";
import type { PublishedFrame } from "./published_frames.ts";

/** Why nothing can be published, in a word for programs. */
export type PublishRefusalReason = "off" | "full" | "too_often" | "bad_name" | "name_taken";

/** Why nothing can be published, and in words for people. */
export interface PublishRefusal {
  readonly refused: PublishRefusalReason;
  readonly message: string;
}

/** What somebody wants to publish. */
export interface PublishRequest extends PublishOwner {
  /** Empty for a name of the server's making. */
  readonly name: string;
  /** Refuse a name that is taken instead of giving it a number. */
  readonly isExact?: boolean;
}

/** A producer's hold on its stream: what it gives goes there for as long as it is its producer. */
export interface Publication {
  readonly stream: PublishedStream;
  /** What follows; before the first frame, and whenever it changes. */
  describe(facts: PublishedFacts): void;
  /** Takes an access unit at once; false for one that is of no use: a keyframe is then needed. */
  frame(frame: PublishedFrame): boolean;
  /** Takes a frame of sound at once; false for one that is of no use. */
  sound(sound: PublishedSound): boolean;
  /** The producer is gone: it may come back, or with `isOver` the stream is over; idempotent. */
  close(isOver: boolean): void;
}

/** What published streams need. */
export interface PublishedStreamsOptions {
  /** Most of them at once; 0 for none. */
  readonly max: number;
  readonly limits: PublishLimits;
  readonly keepMs: number;
  readonly streams: () => StreamSet;
  /** Makes the replay of a stream; undefined while replay is off. */
  readonly makeReplay:
    | ((id: number, onSegmentDue: () => void) => StreamReplay | undefined)
    | undefined;
  readonly clock: Clock;
  readonly hostTimeUs: (nowUs: number) => number | undefined;
  /** A stream begins, waits, goes on or ends: viewers are to be told. */
  readonly onChanged: () => void;
  /** What was kept of a stream belongs to another publication from now on. */
  readonly onReused: (streamId: number) => void;
  /** A stream ended. */
  readonly onEnded: (streamId: number) => void;
  readonly log: Logger;
}

/** Beginnings of one owner: a page that is reloaded, a path that is exchanged. */
const OPEN_LIMIT = { perSecond: 1, burst: 30 };
const MAX_LIMITS = 64;
const TOO_OFTEN = refusal("too_often", "Cannot begin to publish that often: wait a moment");

/** The published streams of one host. */
export class PublishedStreams {
  readonly stats = { opened: 0, resumed: 0, refused: 0, ended: 0 };
  readonly #options: PublishedStreamsOptions;
  /** Longest ended first, then those that live. */
  #places: PublishedStream[] = [];
  /** By owner, the one of longest ago first. */
  readonly #limits = new Map<string, TokenBucket>();
  #isClosed = false;

  constructor(options: PublishedStreamsOptions) {
    this.#options = options;
  }

  /** Most at once. */
  get max(): number {
    return this.#options.max;
  }

  /** What a producer may send at most. */
  get limits(): PublishLimits {
    return this.#options.limits;
  }

  /** All that there are, by id, those that ended as well. */
  get all(): readonly PublishedStream[] {
    return this.#places.toSorted((one, other) => one.id - other.id);
  }

  /** Those that are offered now, by id. */
  get offered(): readonly PublishedStream[] {
    return this.all.filter(({ phase }) => phase !== "ended");
  }

  /** The published stream of that id. */
  get(id: number): PublishedStream | undefined {
    return this.#places.find((place) => place.id === id);
  }

  /** Gives a producer its stream, or says why not. */
  open(request: PublishRequest, producer: Producer): Publication | PublishRefusal {
    const place = this.#mayOpen(request.owner) ? this.#place(request) : TOO_OFTEN;
    if ("refused" in place) {
      this.stats.refused++;
      this.#options.log.info("Publisher refused", { why: place.message });
      return place;
    }
    const { owner, key, kind } = request;
    const by = request.by.slice(0, MAX_PERSON_NAME);
    place.attach(producer, { owner, key, kind, by });
    const { id, name } = place;
    this.#options.log.info("Stream published", { stream: id, name, by, via: producer.via });
    return {
      stream: place,
      describe: (facts) => place.describe(producer, facts),
      frame: (frame) => place.frame(producer, frame),
      sound: (sound) => place.sound(producer, sound),
      close: (isOver) => place.detach(producer, isOver),
    };
  }

  /** Ends a published stream; false when there is none that lives. */
  end(id: number): boolean {
    const place = this.get(id);
    if (place === undefined || place.phase === "ended") return false;
    place.end("ended");
    return true;
  }

  /** Ends them all. */
  close(): void {
    this.#isClosed = true;
    for (const place of [...this.#places]) place.end("shutdown");
  }

  /** All viewers are told of each beginning: nobody may begin again and again. */
  #mayOpen(owner: string): boolean {
    const limit = this.#limits.get(owner) ?? new TokenBucket(OPEN_LIMIT);
    this.#limits.delete(owner);
    this.#limits.set(owner, limit);
    if (this.#limits.size > MAX_LIMITS) this.#limits.delete(this.#limits.keys().next().value!);
    return limit.take(this.#options.clock.nowUs());
  }

  #place(request: PublishRequest): PublishedStream | PublishRefusal {
    const { max } = this.#options;
    if (max === 0 || this.#isClosed) return refusal("off", "Nobody can publish on this host");
    const known = this.#places.find(({ owner, phase }) => {
      return phase !== "ended" && owner.owner === request.owner && owner.key === request.key;
    });
    if (known !== undefined) {
      this.stats.resumed++;
      return known;
    }
    const name = this.#nameOf(request);
    if (typeof name !== "string") return name;
    const place = this.#free(name) ?? this.#make(name, request) ?? this.#oldestEnded;
    if (place === undefined) {
      return refusal("full", `No more than ${max} streams can be published here at once`);
    }
    this.stats.opened++;
    this.#take(place, name, request);
    return place;
  }

  #nameOf({ name: asked, by, kind, isExact }: PublishRequest): string | PublishRefusal {
    const usual = cleanName(`${by}: ${kind}`) || "Published";
    const name = asked === "" ? usual : cleanName(asked);
    if (name === "") return refusal("bad_name", "Cannot publish under a name that nobody can read");
    if (isExact !== true) return name;
    const streams = this.#options.streams();
    const isTaken = streams.all.some((stream) => {
      return stream.name.toLowerCase() === name.toLowerCase() &&
        this.get(stream.id)?.phase !== "ended";
    });
    return isTaken ? refusal("name_taken", `There is a stream "${name}" already`) : name;
  }

  /** One that ended and had that name: who watched it finds it again. */
  #free(name: string): PublishedStream | undefined {
    return this.#places.find((place) => {
      return place.phase === "ended" && place.name.toLowerCase() === name.toLowerCase();
    });
  }

  get #oldestEnded(): PublishedStream | undefined {
    return this.#places.find(({ phase }) => phase === "ended");
  }

  #make(name: string, owner: PublishOwner): PublishedStream | undefined {
    const { max, streams, limits, keepMs, makeReplay, clock, hostTimeUs, onChanged } =
      this.#options;
    if (this.#places.length >= max) return undefined;
    const keepsEncoding = makeReplay !== undefined;
    const place = new PublishedStream({
      ...{ limits, keepMs, keepsEncoding, clock, hostTimeUs, onChanged },
      onEnded: (ended) => this.#onEnded(ended),
    }, owner);
    const stream = streams().add(name, (id) => {
      const sound = new StreamSound(id);
      const source = { port: place, published: { sound, report: () => place.report } };
      return makeReplay === undefined ? source : { ...source, makeReplay };
    });
    if (stream === undefined) return undefined;
    place.join(stream);
    this.#places.push(place);
    return place;
  }

  #take(place: PublishedStream, name: string, { owner }: PublishOwner): void {
    const streams = this.#options.streams();
    // What is kept of somebody else's stream is not to be taken for this one's.
    if (place.phase === "ended" && place.owner.owner !== owner) this.#options.onReused(place.id);
    streams.rename(place.id, name);
    streams.offer(place.id, true);
    this.#places = [...this.#places.filter((other) => other !== place), place];
  }

  #onEnded(place: PublishedStream): void {
    this.stats.ended++;
    this.#places = [...this.#places.filter((other) => other !== place), place];
    this.#options.streams().offer(place.id, false);
    this.#options.log.info("Published stream ended", { stream: place.id, name: place.name });
    this.#options.onEnded(place.id);
  }
}

function refusal(refused: PublishRefusalReason, message: string): PublishRefusal {
  return { refused, message };
}
