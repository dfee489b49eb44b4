/** Tests of src/wire/codec.ts: levels of ITU-T H.264 table A-1. */

import t from "tap";
import {
  BT601_LIMITED,
  h264CodecString,
  streamDescriptionSchema,
} from "../../../src/wire/codec.ts";

t.test("h264CodecString names the lowest level that suffices", (t) => {
  const cases: [number, number, number, string][] = [
    [640, 480, 30, "avc1.42e01e"],
    [1280, 720, 30, "avc1.42e01f"],
    [1280, 720, 60, "avc1.42e020"],
    [1920, 1080, 30, "avc1.42e028"],
    [1920, 1080, 60, "avc1.42e02a"],
    [2560, 1440, 60, "avc1.42e033"],
    [3840, 2160, 30, "avc1.42e033"],
    [3840, 2160, 60, "avc1.42e034"],
  ];
  for (const [width, height, framerate, expected] of cases) {
    t.equal(h264CodecString(width, height, framerate), expected, `${width}x${height}@${framerate}`);
  }
  t.throws(() => h264CodecString(16_384, 16_384, 60), { message: /16384x16384 at 60/ });
  t.end();
});

t.test("A stream description is checked strictly", (t) => {
  const description = {
    id: 0,
    name: "Display :0",
    kind: "video",
    codec: "avc1.42e02a",
    codedWidth: 1920,
    codedHeight: 1080,
    colorSpace: BT601_LIMITED,
    optimizeForLatency: true,
    framerate: 60,
    bitrateBps: 1,
    encoder: "x264",
  };
  t.same(streamDescriptionSchema(description, "s"), description);
  t.throws(() => streamDescriptionSchema({ ...description, codedWidth: 8193 }, "s"), {
    message: /s\.codedWidth = 8193/,
  });
  t.throws(() => streamDescriptionSchema({ ...description, description: "x" }, "s"));
  t.end();
});
