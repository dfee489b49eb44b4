/** Tests of src/reorder/loss_detector.ts: patience, and what lateness teaches it. */

import t from "tap";
import {
  LossDetector,
  TOLERANCE_US_MAX,
  TOLERANCE_US_MIN,
} from "../../../src/reorder/loss_detector.ts";

t.test("LossDetector calls a gap lost after the tolerance, not before", (t) => {
  const detector = new LossDetector();
  t.equal(detector.deadline, undefined);
  t.notOk(detector.observe(5, 1000));
  t.equal(detector.deadline, 1000 + TOLERANCE_US_MIN);
  t.notOk(detector.observe(5, 1000 + TOLERANCE_US_MIN - 1));
  t.ok(detector.observe(5, 1000 + TOLERANCE_US_MIN));
  detector.abandon();
  t.equal(detector.deadline, undefined);
  t.end();
});

t.test("LossDetector learns from packets that come late, and forgets slowly", (t) => {
  const detector = new LossDetector();
  detector.observeTooLate(12_000, 0);
  t.equal(detector.toleranceUs(0), 15_000);
  t.ok(detector.toleranceUs(10_000_000) <= 7_500);
  detector.observe(1, 0);
  detector.observe(undefined, 14_000);
  t.equal(detector.toleranceUs(14_000), 17_500, "a filled gap teaches as well");
  detector.observeTooLate(10_000_000, 14_000);
  t.equal(detector.toleranceUs(14_000), TOLERANCE_US_MAX);
  t.end();
});

t.test("LossDetector starts anew when another id is missing", (t) => {
  const detector = new LossDetector();
  detector.observe(5, 0);
  t.notOk(detector.observe(6, 3_900));
  t.equal(detector.gapSinceUs, 3_900);
  t.notOk(detector.observe(6, 4_100));
  t.end();
});
