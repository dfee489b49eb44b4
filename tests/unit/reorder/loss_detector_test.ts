/** Tests of src/reorder/loss_detector.ts: patience, and what lateness teaches it. */

import t from "tap";
import {
  DETECTOR_WINDOW,
  LossDetector,
  TOLERANCE_US_MAX,
  TOLERANCE_US_MIN,
} from "../../../src/reorder/loss_detector.ts";
import { add32 } from "../../../src/core/sequence.ts";

t.test("LossDetector knows since when each id is missing", (t) => {
  const detector = new LossDetector(5);
  t.equal(detector.newestId, 4);
  detector.noteArrival(5, 1000);
  t.equal(detector.missingSinceUs(5), undefined);
  detector.noteArrival(8, 2000);
  detector.noteArrival(10, 3000);
  detector.noteSent(12, 4000);
  const since = [5, 6, 7, 8, 9, 10, 11, 12, 13].map((id) => detector.missingSinceUs(id));
  t.same(since, [undefined, 2000, 2000, undefined, 3000, undefined, 4000, 4000, undefined]);
  t.equal(detector.newestId, 12);
  detector.noteSent(9, 9000);
  t.equal(detector.missingSinceUs(9), 3000, "old news");
  t.end();
});

t.test("LossDetector learns from packets that arrive late, and forgets slowly", (t) => {
  const detector = new LossDetector();
  t.equal(detector.toleranceUs(0), TOLERANCE_US_MIN);
  detector.noteArrival(0, 0);
  detector.noteArrival(3, 0);
  detector.noteArrival(1, 12_000);
  t.equal(detector.toleranceUs(12_000), 15_000);
  t.equal(detector.missingSinceUs(1), undefined);
  detector.noteArrival(1, 30_000);
  detector.noteArrival(3, 30_000);
  t.equal(detector.toleranceUs(12_000), 15_000, "doubled packets teach nothing");
  t.ok(detector.toleranceUs(10_012_000) <= 7_500);
  detector.noteArrival(2, 10_000_000);
  t.equal(detector.toleranceUs(10_000_000), TOLERANCE_US_MAX);
  t.end();
});

t.test("LossDetector starts anew with what it learned", (t) => {
  const detector = new LossDetector(0xffff_fffe);
  detector.noteArrival(1, 0);
  detector.noteArrival(0xffff_fffe, 20_000);
  t.equal(detector.missingSinceUs(0), 0, "across the wrap");
  detector.restart(700);
  t.equal(detector.newestId, 699);
  t.equal(detector.missingSinceUs(0), undefined);
  t.equal(detector.toleranceUs(20_000), 25_000);
  t.end();
});

t.test("LossDetector remembers the last 1,024 ids, whatever the jump", (t) => {
  const detector = new LossDetector();
  detector.noteArrival(0, 0);
  detector.noteArrival(1_000_000, 5);
  t.equal(detector.missingSinceUs(1_000_000 - DETECTOR_WINDOW), undefined);
  t.equal(detector.missingSinceUs(1_000_001 - DETECTOR_WINDOW), 5);
  detector.noteArrival(1_000_000 - DETECTOR_WINDOW, 40_000);
  t.equal(detector.toleranceUs(40_000), TOLERANCE_US_MIN);
  detector.noteArrival(add32(1_000_000, -5000), 6);
  t.equal(detector.newestId, 1_000_000);
  t.end();
});
