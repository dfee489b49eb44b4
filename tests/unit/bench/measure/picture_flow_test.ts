/** picture_flow: freezes, moving again, rates; pauses of the source are not held against the path. */

import t from "tap";
import {
  drawnFrames,
  findFreezes,
  rateBps,
  timeToMoveUs,
  timeToRateUs,
} from "../../../../bench/measure/picture_flow.ts";
import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";

const INTERVAL_US = 16_667;
const HOST_US = 7_000_000_000;

/** Frame `id`, captured at its place in the cadence and drawn 30 ms later. */
function frameOf(id: number, changes: Partial<FrameRecord> = {}): FrameRecord {
  const atUs = id * INTERVAL_US;
  return {
    frameId: id,
    captureTimeUs: HOST_US + atUs,
    bytes: 1000,
    keyframe: false,
    firstDatagramUs: atUs + 24_000,
    lastDatagramUs: atUs + 25_000,
    readyUs: atUs + 25_000,
    decodeSubmitUs: atUs + 25_000,
    decodedUs: atUs + 28_000,
    drawUs: atUs + 29_000,
    presentedUs: atUs + 30_000,
    outcome: "presented",
    ...changes,
  };
}

function framesOf(count: number): FrameRecord[] {
  return Array.from({ length: count }, (_, index) => frameOf(index + 1));
}

const LIMITS = { longerThanUs: 50_000, intervalUs: INTERVAL_US };

t.test("a steady picture has no freeze, in whatever order the records come", (t) => {
  const frames = framesOf(60);
  const span = { startUs: 40_000, endUs: 1_040_000 };
  t.same(findFreezes(frames.toReversed(), span, LIMITS), []);
  t.same(drawnFrames(frames.toReversed(), span)[0]?.frameId, 1);
  t.end();
});

t.test("frames that were never drawn make a freeze", (t) => {
  const frames = framesOf(60).filter(({ frameId }) => frameId < 20 || frameId > 25);
  const [freeze, ...others] = findFreezes(frames, { startUs: 40_000, endUs: 1_040_000 }, LIMITS);
  t.match(freeze, { frameId: 19, atUs: 19 * INTERVAL_US + 30_000, lengthUs: 7 * INTERVAL_US });
  t.equal(freeze?.readyGapUs, 7 * INTERVAL_US);
  t.same(others, []);
  const undrawn = framesOf(60).map((frame) =>
    frame.frameId < 20 || frame.frameId > 25 ? frame : { ...frame, presentedUs: 0 }
  );
  t.equal(findFreezes(undrawn, { startUs: 40_000, endUs: 1_040_000 }, LIMITS).length, 1);
  t.end();
});

t.test("a late frame makes one although none is missing", (t) => {
  const frames = framesOf(60).map((frame) => ({
    ...frame,
    // Nothing was drawn until frame 25 could be.
    presentedUs: Math.max(frame.presentedUs, frame.frameId >= 20 ? 25 * INTERVAL_US + 31_000 : 0),
  }));
  const freezes = findFreezes(frames, { startUs: 40_000, endUs: 1_040_000 }, LIMITS);
  t.match(freezes, [{ frameId: 19, lengthUs: 6 * INTERVAL_US + 1000 }]);
  t.equal(freezes[0]?.readyGapUs, INTERVAL_US, "they were whole in time");
  t.end();
});

t.test("a source that pauses is no freeze, but being late after the pause is", (t) => {
  const pauseUs = 400_000;
  const after = (lateUs: number) =>
    framesOf(40).map((frame) => {
      if (frame.frameId < 20) return frame;
      return {
        ...frame,
        captureTimeUs: frame.captureTimeUs + pauseUs,
        presentedUs: frame.presentedUs + pauseUs + lateUs,
      };
    });
  const span = { startUs: 40_000, endUs: 1_060_000 };
  t.same(findFreezes(after(0), span, LIMITS), []);
  t.match(findFreezes(after(60_000), { ...span, endUs: 1_100_000 }, LIMITS), [{
    frameId: 19,
    lengthUs: INTERVAL_US + 60_000,
  }]);
  t.end();
});

t.test("a picture that never comes, or ends, is a freeze to the end", (t) => {
  t.same(findFreezes([], { startUs: 0, endUs: 900_000 }, LIMITS), [
    { atUs: 0, lengthUs: 900_000, frameId: 0, readyGapUs: 900_000 },
  ]);
  const freezes = findFreezes(framesOf(10), { startUs: 40_000, endUs: 1_000_000 }, LIMITS);
  t.match(freezes, [{ frameId: 10, lengthUs: 1_000_000 - 10 * INTERVAL_US - 30_000 }]);
  t.end();
});

t.test("timeToMoveUs wants two pictures in a row", (t) => {
  const frames = [frameOf(30), frameOf(40), ...[50, 51, 52].map((id) => frameOf(id))];
  const fromUs = 25 * INTERVAL_US;
  t.equal(timeToMoveUs(frames, fromUs, 50_000), 25 * INTERVAL_US + 30_000);
  t.equal(timeToMoveUs(frames, 53 * INTERVAL_US + 30_000, 50_000), undefined);
  t.equal(timeToMoveUs([], 0, 50_000), undefined);
  t.end();
});

t.test("rates count what arrived in the span", (t) => {
  const frames = framesOf(180).map((frame) => ({
    ...frame,
    bytes: frame.frameId <= 60 ? 1000 : 3000,
  }));
  const span = { startUs: 25_000 + INTERVAL_US, endUs: 25_000 + INTERVAL_US * 31 };
  t.equal(Math.round(rateBps(frames, span)), Math.round(30 * 8000e6 / (30 * INTERVAL_US)));
  const from = { startUs: 0, endUs: 3_000_000 };
  const back = timeToRateUs(frames, from, { wantedBps: 1_400_000, windowUs: 1_000_000 });
  // From frame 61 on, at 1.04 s, it takes most of a window to get there.
  t.ok(back !== undefined && back > 1_800_000 && back <= 2_100_000, `${back} us`);
  t.equal(timeToRateUs(frames, from, { wantedBps: 2_000_000, windowUs: 1_000_000 }), undefined);
  t.end();
});
