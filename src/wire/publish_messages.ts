/**
 * Publish messages: what control messages say of streams that a peer publishes: the words of a producer
 * and of the server to it, and what viewers are told. Its pictures and its sound are the datagrams of a
 * host, the other way round. Names are for people and bounded.
 */

import * as schema from "../core/schema.ts";
import { MAX_PICTURE_SIDE, MAX_STREAM_NAME, MAX_STREAMS } from "./codec.ts";
import { MAX_PERSON_NAME } from "./people_messages.ts";

/** What a producer shows. */
export const PUBLISH_KINDS = ["screen", "window", "tab", "camera", "feed"] as const;
/** One of `PUBLISH_KINDS`. */
export type PublishKind = (typeof PUBLISH_KINDS)[number];
/** Longest key of a publication. */
export const MAX_PUBLISH_KEY = 64;

const streamId = schema.integer(0, MAX_STREAMS - 1);
const count = schema.integer(0, Number.MAX_SAFE_INTEGER);
const side = schema.integer(0, MAX_PICTURE_SIDE);
const bps = schema.integer(0, 1_000_000_000);

/** What a hello says of who wants to publish. */
export const publishWishSchema = schema.object({
  /** What the stream is to be called; empty for a name that the server makes. */
  name: schema.text(MAX_STREAM_NAME),
  kind: schema.oneOf(PUBLISH_KINDS),
  /** Which of its session's publications it is: the same key comes back to the same stream. */
  key: schema.text(MAX_PUBLISH_KEY),
});

/** Messages that a producer sends. */
export const publishClientMessages = {
  /** The pictures that follow, from the next keyframe on; again whenever one of these changes. */
  publish_start: {
    /** Frames a second at most. */
    fps: schema.number(1, 480),
    /** Name of the encoder, for people. */
    encoder: schema.text(32),
    /** Whether sound goes with them. */
    hasSound: schema.boolean,
  },
  /** The stream is over: nobody comes back to it. */
  publish_stop: {},
  /** How the producer does; once a second. Counters since it began. */
  publish_stats: {
    framesCaptured: count,
    framesEncoded: count,
    framesDropped: count,
    /** Times that size or frame rate were adapted to what the machine can do. */
    adaptations: count,
    /** Share of capture devices that could be used again, 0 to 1. */
    reuse: schema.number(0, 1),
    /** Average time from a captured picture to its bytes. */
    processingUs: schema.integer(0, 0xffff_ffff),
    /** Frames a second now, and share of the captured width and height. */
    fps: schema.number(0, 1000),
    scale: schema.number(0, 1),
    /** 0 to 100, of frame rate, drops and reuse. */
    score: schema.number(0, 100),
  },
} as const;

/** Messages that the server sends. */
export const publishServerMessages = {
  /** To a producer: how it is with its stream; after welcome and at each change. */
  publish_state: {
    streamId,
    /** The stream's name, which may have got a number. */
    name: schema.text(MAX_STREAM_NAME),
    /** Waits for `publish_start` and a keyframe; frames are taken; or they are refused for `reason`. */
    state: schema.oneOf(["waiting", "live", "refused"]),
    viewers: schema.integer(0, 65_535),
    /** False: nobody watches and nothing is kept, so that nothing need be encoded. */
    isWanted: schema.boolean,
    /** For people; empty when all is well. */
    reason: schema.text(256),
    /** What is taken at most: sides of the picture, either way round, frames and bits a second. */
    maxWidth: side,
    maxHeight: side,
    maxFps: schema.number(1, 1000),
    maxBitrateBps: bps,
  },
  /** To a producer: the next frame should be a keyframe. */
  keyframe_wish: {},
  /** To a producer: what the viewers' paths carry. */
  rate_wish: {
    bitrateBps: bps,
    fps: schema.integer(1, 1000),
    /** Share of the full width and height. */
    scale: schema.number(0, 1),
  },
  /** To viewers: which streams somebody publishes; they take no input. At each change. */
  published_list: {
    /** False in what a new viewer is told. */
    isNews: schema.boolean,
    streams: schema.list(
      schema.object({
        streamId,
        kind: schema.oneOf(PUBLISH_KINDS),
        /** Who publishes, for people. */
        by: schema.text(MAX_PERSON_NAME),
        /** False while the producer is away. */
        isLive: schema.boolean,
      }),
      MAX_STREAMS,
    ),
  },
} as const;

/** What a hello says of who wants to publish. */
export type PublishWish = schema.Infer<typeof publishWishSchema>;
