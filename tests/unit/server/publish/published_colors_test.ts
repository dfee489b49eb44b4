import t from "tap";
import { colorsOf } from "../../../../src/server/publish/published_colors.ts";
import { parsePictureParameters } from "../../../../src/wire/h264_parameters.ts";
import { sequenceOf } from "./access_units.ts";

const parametersOf = (width: number, height: number, colors?: readonly number[]) =>
  parsePictureParameters(Uint8Array.from(sequenceOf(width, height, colors)))!;

t.test("colorsOf reads what a bitstream says, and else goes by the size", (t) => {
  const hd = { primaries: "bt709", transfer: "bt709", matrix: "bt709", fullRange: false };
  const sd = { primaries: "smpte170m", transfer: "smpte170m", matrix: "smpte170m" };
  t.same(colorsOf(parametersOf(1280, 720)), hd);
  t.match(colorsOf(parametersOf(640, 368)), sd);
  t.match(colorsOf(parametersOf(720, 1280)), hd, "upright");
  t.match(colorsOf(parametersOf(1280, 720, [6, 6, 6])), sd, "as this host's own encoder says");
  t.match(colorsOf(parametersOf(640, 368, [1, 13, 1])), { ...hd, transfer: "iec61966-2-1" });
  t.match(colorsOf(parametersOf(1280, 720, [2, 2, 2])), hd, "unspecified");
  t.equal(parametersOf(1280, 720, [6, 6, 6]).reorderDepth, undefined);
  t.end();
});
