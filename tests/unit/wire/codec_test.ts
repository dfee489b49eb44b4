/** Tests of src/wire/codec.ts: what a catalog entry may say. */

import t from "tap";
import { BT601_LIMITED, streamDescriptionSchema } from "../../../src/wire/codec.ts";

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
