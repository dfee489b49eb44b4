import t from "tap";
import { stagingFrameBytes } from "../../../src/core/picture_layout.ts";

t.test("stagingFrameBytes is that of I420 with rows of a multiple of 64 bytes", (t) => {
  t.equal(stagingFrameBytes(1920, 1080), 1920 * 1080 + 2 * 960 * 540);
  t.equal(stagingFrameBytes(66, 2), 128 * 2 + 2 * 64 * 1);
  t.equal(stagingFrameBytes(130, 3), 192 * 3 + 2 * 128 * 2);
  t.end();
});
