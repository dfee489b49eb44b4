/** Tests of src/ipc/frame_numbering.ts. */

import t from "tap";
import { FrameNumbering } from "../../../src/ipc/frame_numbering.ts";

t.test("FrameNumbering goes on when an encoder starts anew", async (t) => {
  const numbering = new FrameNumbering();
  numbering.begin();
  t.strictSame([1, 2, 4].map((id) => numbering.toViewer(id)), [1, 2, 4], "gaps stay gaps");
  numbering.begin();
  t.strictSame([1, 2].map((id) => numbering.toViewer(id)), [5, 6]);
  t.equal(numbering.last, 6);
  t.equal(numbering.toEncoder(6), 2);
  t.equal(numbering.toEncoder(5), 1);
  t.equal(numbering.toEncoder(4), undefined, "a frame of the encoder before");
});

t.test("FrameNumbering wraps at 32 bits", async (t) => {
  const numbering = new FrameNumbering();
  numbering.begin();
  t.equal(numbering.toViewer(0xffff_ffff), 0xffff_ffff);
  numbering.begin();
  t.equal(numbering.toViewer(1), 0);
  t.equal(numbering.toViewer(2), 1);
  t.equal(numbering.toEncoder(1), 2);
  t.equal(numbering.toEncoder(0xffff_ffff), undefined);
});
