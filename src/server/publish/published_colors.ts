/**
 * Published colours: how the colours of a producer's pictures are to be read: by what its bitstream
 * says, or by what encoders do that say nothing. Plain function.
 */

import type { StreamDescription } from "../../wire/codec.ts";
import type { PictureParameters } from "../../wire/h264_parameters.ts";

/** Pictures of so many rows are of high definition, with its colours. */
const HIGH_DEFINITION_ROWS = 720;

/** The colours of pictures with these parameters. */
export function colorsOf({ width, height }: PictureParameters): StreamDescription["colorSpace"] {
  const standard = Math.min(width, height) >= HIGH_DEFINITION_ROWS ? "bt709" : "smpte170m";
  return { primaries: standard, transfer: standard, matrix: standard, fullRange: false };
}
