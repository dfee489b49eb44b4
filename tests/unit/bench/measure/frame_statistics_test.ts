/** frame_statistics: stages, totals across the two clocks, counts. */

import t from "tap";
import type { FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";
import {
  bestClockSample,
  countFrames,
  sinceTruncated,
  stageSamples,
} from "../../../../bench/measure/frame_statistics.ts";

const OFFSET_US = 5_000_000_000;
const DRAW_US = 10_000_000_000;

/** A frame captured 500 us after drawing number `number`, at 60 frames a second. */
function frameOf(number: number, changes: Partial<FrameRecord> = {}): FrameRecord {
  const drawUs = DRAW_US + number * 16_667;
  const captureTimeUs = drawUs + 500;
  const pageUs = captureTimeUs - OFFSET_US;
  return {
    frameId: number,
    captureTimeUs,
    bytes: 1000,
    keyframe: false,
    firstDatagramUs: pageUs + 3200,
    lastDatagramUs: pageUs + 3300,
    readyUs: pageUs + 3350,
    decodeSubmitUs: pageUs + 3360,
    decodedUs: pageUs + 4350,
    drawUs: pageUs + 4360,
    presentedUs: pageUs + 4550,
    outcome: "presented",
    marker: { frame: number, drawTimeUs: drawUs % 2 ** 32, inputCount: 0 },
    repeated: false,
    host: {
      frameId: number,
      captureTimeUs,
      grabUs: 500,
      convertUs: 400,
      firstSliceUs: 700,
      encodeUs: 1500,
      emitUs: 2450,
      sendUs: 2800,
      bytes: 1000,
      qp: 24,
    },
    ...changes,
  };
}

t.test("stageSamples adds up to the total", (t) => {
  const samples = stageSamples([frameOf(1)], OFFSET_US);
  t.same(samples.grab, [0.5]);
  t.same(samples.convert, [0.4]);
  t.same(samples["encode to first slice"], [0.7]);
  t.same(samples.encode, [1.5]);
  t.same(samples.send, [0.4]);
  t.same(samples.network, [0.5]);
  t.same(samples.reorder, [0.05]);
  t.same(samples.decode, [1]);
  t.same(samples.present, [0.2]);
  t.same(samples["capture -> decoded"], [4.35]);
  t.same(samples["draw -> decoded"], [4.85]);
  t.same(samples["capture -> presented"], [4.55]);
  t.same(samples["draw -> presented"], [5.05]);
  t.end();
});

t.test("stageSamples leaves out what a frame lacks", (t) => {
  const frames = [
    frameOf(1, { decodedUs: 0 }),
    frameOf(2, { presentedUs: 0, outcome: "superseded" }),
    frameOf(3, { marker: null }),
    frameOf(4, { repeated: true }),
  ];
  delete frames[3]?.host;
  const samples = stageSamples(frames, OFFSET_US);
  t.equal(samples.decode.length, 3);
  t.equal(samples.present.length, 2);
  t.equal(samples["capture -> decoded"].length, 2);
  t.equal(samples["draw -> decoded"].length, 1, "neither the misread nor the repeated one");
  t.end();
});

t.test("sinceTruncated crosses the wrap of 32 bits both ways", (t) => {
  t.equal(sinceTruncated(2 ** 32 + 100, 2 ** 32 - 50), 150);
  t.equal(sinceTruncated(7 * 2 ** 32 + 5, 5), 0);
  t.equal(sinceTruncated(7 * 2 ** 32 + 5, 25), -20, "a clock error of 20 us stays visible");
  t.end();
});

t.test("bestClockSample takes the shortest round trip", (t) => {
  const best = { rttUs: 300, offsetUs: 7 };
  t.equal(bestClockSample([{ rttUs: 900, offsetUs: 1 }, best, { rttUs: 301, offsetUs: 2 }]), best);
  t.throws(() => bestClockSample([]), { message: /no probe was answered/ });
  t.end();
});

t.test("countFrames counts a smooth run as nothing wrong", (t) => {
  const counts = countFrames([1, 2, 3, 4].map((number) => frameOf(number)), 60);
  t.same(counts, {
    decoded: 4,
    presented: 4,
    droppedContent: 0,
    repeated: 0,
    lostFrames: 0,
    superseded: 0,
    misread: 0,
    shownStale: 0,
    incomplete: 0,
  });
  t.end();
});

t.test("countFrames counts gaps of content and of frames, also across a misread marker", (t) => {
  const frames = [frameOf(1), frameOf(2, { marker: null }), frameOf(5), frameOf(6)];
  const counts = countFrames(frames, 60);
  t.equal(counts.droppedContent, 3, "2 could not be read, 3 and 4 never came");
  t.equal(counts.misread, 1);
  t.equal(counts.incomplete, 1);
  t.end();
});

t.test("countFrames follows the numbers over their wrap", (t) => {
  const last = frameOf(1, { frameId: 2 ** 32 - 1 });
  last.marker = { frame: 2 ** 24 - 1, drawTimeUs: 0, inputCount: 0 };
  const next = frameOf(2, { frameId: 1 });
  next.marker = { frame: 1, drawTimeUs: 0, inputCount: 0 };
  const counts = countFrames([last, next], 60);
  t.equal(counts.droppedContent, 1);
  t.equal(counts.lostFrames, 1);
  t.end();
});

t.test("countFrames finds a frame drawn after one two intervals newer was decoded", (t) => {
  const late = frameOf(1);
  const newer = frameOf(3);
  const drawUs = newer.decodedUs + 10;
  t.equal(countFrames([{ ...late, drawUs }, newer], 60).shownStale, 1);
  t.equal(
    countFrames([{ ...late, drawUs }, frameOf(2)], 60).shownStale,
    0,
    "one interval may pass",
  );
  t.equal(countFrames([late, newer], 60).shownStale, 0);
  t.end();
});
