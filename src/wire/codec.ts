/**
 * Codec: how a stream describes itself to a decoder. A catalog entry is a superset of the WebCodecs
 * VideoDecoderConfig dictionary, so a viewer hands it to `VideoDecoder.configure` as it is.
 */

import * as schema from "../core/schema.ts";

/** Largest width or height in pixels. */
export const MAX_PICTURE_SIDE = 8192;
/** Most streams of one host. */
export const MAX_STREAMS = 16;

const videoColorSpace = schema.object({
  primaries: schema.text(16),
  transfer: schema.text(16),
  matrix: schema.text(16),
  fullRange: schema.boolean,
});

/** Schema of one entry of the catalog. */
export const streamDescriptionSchema = schema.object({
  id: schema.integer(0, MAX_STREAMS - 1),
  name: schema.text(128),
  kind: schema.oneOf(["video"]),
  /** RFC 6381 codec string, such as avc1.42e02a. */
  codec: schema.text(64),
  codedWidth: schema.integer(16, MAX_PICTURE_SIDE),
  codedHeight: schema.integer(16, MAX_PICTURE_SIDE),
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

/**
 * Codec string of constrained baseline H.264 for a size and rate: the lowest level of ITU-T H.264
 * table A-1 whose macroblock rate and frame size suffice. Throws RangeError beyond level 6.2.
 */
export function h264CodecString(width: number, height: number, framerate: number): string {
  const macroblocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const rate = macroblocks * framerate;
  for (const [level, maxRate, maxFrame] of H264_LEVELS) {
    if (rate <= maxRate && macroblocks <= maxFrame) {
      return `avc1.42e0${level.toString(16).padStart(2, "0")}`;
    }
  }
  throw new RangeError(`Cannot code ${width}x${height} at ${framerate} as H.264`);
}

/** Level number, most macroblocks a second, most macroblocks a frame. */
const H264_LEVELS: readonly (readonly [number, number, number])[] = [
  [30, 40_500, 1_620],
  [31, 108_000, 3_600],
  [32, 216_000, 5_120],
  [40, 245_760, 8_192],
  [42, 522_240, 8_704],
  [50, 589_824, 22_080],
  [51, 983_040, 36_864],
  [52, 2_073_600, 36_864],
  [60, 4_177_920, 139_264],
  [61, 8_355_840, 139_264],
  [62, 16_711_680, 139_264],
];
