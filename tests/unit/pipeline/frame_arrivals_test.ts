/** Tests of src/pipeline/frame_arrivals.ts: times of frames, whatever the order of their packets. */

import t from "tap";
import { FrameArrivals } from "../../../src/pipeline/frame_arrivals.ts";

t.test("FrameArrivals keeps first and last arrival and counts recovered packets", (t) => {
  const arrivals = new FrameArrivals();
  arrivals.note(1, 100, false);
  arrivals.note(2, 200, false);
  arrivals.note(1, 300, true);
  arrivals.note(1, 400, true);
  t.same([arrivals.firstUs(1, 0), arrivals.lastUs(1, 0), arrivals.recovered(1)], [100, 400, 2]);
  t.same([arrivals.firstUs(2, 0), arrivals.lastUs(2, 0), arrivals.recovered(2)], [200, 200, 0]);
  t.same([arrivals.firstUs(3, 7), arrivals.lastUs(3, 8), arrivals.recovered(3)], [7, 8, 0]);
  arrivals.note(257, 500, false);
  t.same([arrivals.firstUs(1, 7), arrivals.recovered(257)], [7, 0], "the place of frame 1");
  t.end();
});
