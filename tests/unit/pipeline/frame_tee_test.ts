/** Tests of src/pipeline/frame_tee.ts: every sink is served, up to the limit. */

import t from "tap";
import { FrameTee, MAX_SINKS } from "../../../src/pipeline/frame_tee.ts";
import { frameOf } from "./coded_feed.ts";

t.test("FrameTee serves every sink although one throws, up to its limit", (t) => {
  const faults: unknown[] = [];
  const tee = new FrameTee((error) => faults.push(error));
  const seen: number[] = [];
  const detach = tee.add(() => {
    throw new Error("sink");
  });
  tee.add((frame) => seen.push(frame.frameId));
  tee.push(frameOf(1, 0), 0);
  t.same([seen, faults.length], [[1], 1]);
  detach?.();
  tee.push(frameOf(2, 1), 0);
  t.same([seen, faults.length, tee.size], [[1, 2], 1, 1]);
  for (let sinks = tee.size; sinks < MAX_SINKS; sinks++) tee.add(() => {});
  t.equal(tee.add(() => {}), undefined);
  t.end();
});
