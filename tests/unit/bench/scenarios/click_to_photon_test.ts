/** click_to_photon: which frame answers which press. */

import t from "tap";
import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";
import { matchPresses } from "../../../../bench/scenarios/click_to_photon.ts";

function frameOf(decodedUs: number, inputCount: number): FrameRecord {
  return {
    frameId: decodedUs,
    captureTimeUs: 0,
    bytes: 1,
    keyframe: false,
    firstDatagramUs: 1,
    lastDatagramUs: 1,
    readyUs: 1,
    decodeSubmitUs: 1,
    decodedUs,
    drawUs: decodedUs,
    presentedUs: decodedUs,
    outcome: "presented",
    marker: { frame: 1, drawTimeUs: 0, inputCount },
  };
}

const press = (atUs: number) => ({ atUs, isKey: false });

function matched(presses: number[], frames: FrameRecord[]): (readonly [number, number])[] {
  return matchPresses(presses.map(press), frames)
    .map(({ press, frame }) => [press.atUs, frame.decodedUs] as const);
}

t.test("matchPresses takes the first frame that counts the press", (t) => {
  const frames = [frameOf(50, 3), frameOf(120, 4), frameOf(130, 4), frameOf(220, 5)];
  t.same(matched([100, 200], frames), [[100, 120], [200, 220]]);
  t.end();
});

t.test("matchPresses lets one frame answer two presses", (t) => {
  t.same(matched([100, 101], [frameOf(50, 0), frameOf(120, 2)]), [[100, 120], [101, 120]]);
  t.end();
});

t.test("matchPresses works without a frame before the first press", (t) => {
  t.same(matched([100, 200], [frameOf(120, 8), frameOf(210, 9)]), [[100, 120], [200, 210]]);
  t.end();
});

t.test("matchPresses follows the count over its wrap", (t) => {
  const frames = [frameOf(50, 0xffff), frameOf(120, 0), frameOf(220, 1)];
  t.same(matched([100, 200], frames), [[100, 120], [200, 220]]);
  t.end();
});

t.test("matchPresses leaves out a press that was never answered", (t) => {
  t.same(matched([100, 200], [frameOf(50, 0), frameOf(120, 1)]), [[100, 120]]);
  t.same(matched([], [frameOf(50, 0)]), []);
  t.end();
});
