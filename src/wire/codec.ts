/**
 * Codec: how a stream describes itself to a decoder. A catalog entry is a superset of the WebCodecs
 * VideoDecoderConfig dictionary, so a viewer hands it to `VideoDecoder.configure` as it is.
 */

import * as schema from "../core/schema.ts";

/** Largest width or height in pixels. */
export const MAX_PICTURE_SIDE = 8192;
/** Most streams of one host. */
export const MAX_STREAMS = 16;
/** Longest name of a stream. */
export const MAX_STREAM_NAME = 128;

const videoColorSpace = schema.object({
  primaries: schema.text(16),
  transfer: schema.text(16),
  matrix: schema.text(16),
  fullRange: schema.boolean,
});

/** Schema of one entry of the catalog. */
export const streamDescriptionSchema = schema.object({
  id: schema.integer(0, MAX_STREAMS - 1),
  name: schema.text(MAX_STREAM_NAME),
  kind: schema.oneOf(["video"]),
  /** RFC 6381 codec string, such as avc1.42e02a. */
  codec: schema.text(64),
  codedWidth: schema.integer(16, MAX_PICTURE_SIDE),
  codedHeight: schema.integer(16, MAX_PICTURE_SIDE),
  /** Size of what is captured, where the pictures are smaller. */
  sourceWidth: schema.optional(schema.integer(16, MAX_PICTURE_SIDE)),
  sourceHeight: schema.optional(schema.integer(16, MAX_PICTURE_SIDE)),
  colorSpace: videoColorSpace,
  optimizeForLatency: schema.boolean,
  framerate: schema.number(1, 480),
  bitrateBps: schema.integer(1, 1_000_000_000),
  /** Name of the encoder that produces it, for people. */
  encoder: schema.text(32),
});

/** One entry of the catalog. */
export type StreamDescription = schema.Infer<typeof streamDescriptionSchema>;

/** What the pictures of the software path are: BT.601 limited range, as their VUI says. */
export const BT601_LIMITED = {
  primaries: "smpte170m",
  transfer: "smpte170m",
  matrix: "smpte170m",
  fullRange: false,
} as const;
