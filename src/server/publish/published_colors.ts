/**
 * Published colours: how the colours of a producer's pictures are to be read: by what its bitstream
 * says, or by what encoders do that say nothing. Plain function.
 */

import type { StreamDescription } from "../../wire/codec.ts";
import type { PictureParameters } from "../../wire/h264_parameters.ts";

/** Pictures of so many rows are of high definition, with its colours. */
const HIGH_DEFINITION_ROWS = 720;
/** Words of WebCodecs for the codes of ITU-T H.264, tables E-3 to E-5. */
const PRIMARIES: Readonly<Record<number, string>> = {
  ...{ 1: "bt709", 5: "bt470bg", 6: "smpte170m", 7: "smpte170m", 9: "bt2020", 12: "smpte432" },
};
const TRANSFERS: Readonly<Record<number, string>> = {
  ...{ 1: "bt709", 6: "smpte170m", 8: "linear", 13: "iec61966-2-1", 16: "pq", 18: "hlg" },
};
const MATRICES: Readonly<Record<number, string>> = {
  ...{ 1: "bt709", 5: "bt470bg", 6: "smpte170m", 9: "bt2020-ncl" },
};

/** The colours of pictures with these parameters. */
export function colorsOf(
  { width, height, colors }: PictureParameters,
): StreamDescription["colorSpace"] {
  const standard = Math.min(width, height) >= HIGH_DEFINITION_ROWS ? "bt709" : "smpte170m";
  return {
    primaries: PRIMARIES[colors?.primaries ?? 0] ?? standard,
    transfer: TRANSFERS[colors?.transfer ?? 0] ?? standard,
    matrix: MATRICES[colors?.matrix ?? 0] ?? standard,
    fullRange: colors?.isFullRange ?? false,
  };
}
