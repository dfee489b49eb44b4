/** Tests of web/viewer/decode/held_frame_detector.ts. */

import t from "tap";
import {
  HELD_FRAMES_SUSPECTED,
  HeldFrameDetector,
} from "../../../../web/viewer/decode/held_frame_detector.ts";

const INTERVAL_US = 16_667;

t.test("HeldFrameDetector finds a decoder that gives out each frame after the next went in", (t) => {
  const detector = new HeldFrameDetector();
  detector.submitted(0);
  for (let frame = 1; frame <= HELD_FRAMES_SUSPECTED; frame++) {
    t.notOk(detector.isHolding);
    detector.submitted(frame * INTERVAL_US);
    detector.output((frame - 1) * INTERVAL_US, frame * INTERVAL_US + 1_500);
  }
  t.ok(detector.isHolding);
  detector.reset();
  t.notOk(detector.isHolding);
  t.end();
});

t.test("HeldFrameDetector leaves a decoder alone that answers within the interval", (t) => {
  const detector = new HeldFrameDetector();
  for (let frame = 0; frame < 200; frame++) {
    detector.submitted(frame * INTERVAL_US);
    detector.output(frame * INTERVAL_US, frame * INTERVAL_US + 14_000);
  }
  t.notOk(detector.isHolding);
  t.end();
});

t.test("HeldFrameDetector does not take a slow decoder for one that holds", (t) => {
  const detector = new HeldFrameDetector();
  detector.submitted(0);
  for (let frame = 1; frame < 200; frame++) {
    detector.submitted(frame * INTERVAL_US);
    // 1.8 intervals a frame: it comes late after the next one, not because of it.
    detector.output((frame - 1) * INTERVAL_US, frame * INTERVAL_US + 0.8 * INTERVAL_US);
  }
  t.notOk(detector.isHolding);
  t.end();
});

t.test("HeldFrameDetector draws no conclusion from a burst that catches up", (t) => {
  const detector = new HeldFrameDetector();
  detector.submitted(0);
  for (let frame = 1; frame < 200; frame++) {
    detector.submitted(frame * 1_000);
    detector.output((frame - 1) * 1_000, frame * 1_000 + 200);
  }
  t.notOk(detector.isHolding);
  t.end();
});
