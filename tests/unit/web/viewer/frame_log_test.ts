/** Tests of web/viewer/receive/frame_log.ts. */

import t from "tap";
import { FrameLog, FRAMES_KEPT } from "../../../../web/viewer/receive/frame_log.ts";
import type { Hitch } from "../../../../web/viewer/receive/hitch_detector.ts";
import { frameRecord } from "./frame_record_fixture.ts";

const CONTEXT = {
  offsetUs: 5,
  rttUsMin: 100,
  stats: undefined,
  decoderAcceleration: "prefer-software",
  renderer: "2D canvas",
};

function timing(frameId: number) {
  return {
    frameId,
    captureTimeUs: frameId * 16_667 + 0x1_0000_0000,
    grabUs: 1,
    convertUs: 2,
    firstSliceUs: 3,
    encodeUs: 4,
    emitUs: 5,
    sendUs: 6,
    bytes: 7,
    qp: 24,
  };
}

t.test("FrameLog keeps nothing before it is started", (t) => {
  const log = new FrameLog();
  log.add(frameRecord(1));
  log.addTiming(timing(1));
  t.same(log.take(CONTEXT).frames, []);
  t.end();
});

t.test("FrameLog joins the host's timings by frame id and starts anew after a take", (t) => {
  const log = new FrameLog();
  log.start();
  log.add(frameRecord(1));
  log.add(frameRecord(2));
  log.addTiming(timing(2));
  log.addProbe({ atUs: 1, rttUs: 100, offsetUs: 5 });
  const report = log.take(CONTEXT);
  t.equal(report.frames.length, 2);
  t.equal(report.frames[0]?.host, undefined);
  t.equal(report.frames[1]?.host?.encodeUs, 4);
  t.equal(report.frames[1]?.captureTimeUs, 2 * 16_667 + 0x1_0000_0000);
  t.equal(report.probes.length, 1);
  t.equal(report.offsetUs, 5);
  t.same(log.take(CONTEXT).frames, []);
  t.end();
});

t.test("FrameLog is bounded and counts what it forgot", (t) => {
  const log = new FrameLog();
  log.start();
  for (let id = 1; id <= FRAMES_KEPT + 10; id++) log.add(frameRecord(id));
  const report = log.take(CONTEXT);
  t.equal(report.frames.length, FRAMES_KEPT);
  t.equal(report.framesForgotten, 10);
  t.equal(report.frames[0]?.frameId, 11, "the oldest went");
  log.add(frameRecord(1));
  t.equal(log.take(CONTEXT).framesForgotten, 0);
  t.end();
});

t.test("FrameLog counts markers that were read, misread and repeated", (t) => {
  const log = new FrameLog();
  log.start();
  const frames = [1, 2, 3].map(frameRecord);
  for (const frame of frames) log.add(frame);
  log.noteMarker(frames[0]!, { frame: 7, drawTimeUs: 1, inputCount: 0 });
  log.noteMarker(frames[1]!, { frame: 7, drawTimeUs: 1, inputCount: 0 });
  log.noteMarker(frames[2]!, undefined);
  const report = log.take(CONTEXT);
  t.same(report.frames.map((frame) => frame.repeated), [false, true, undefined]);
  t.equal(report.frames[2]?.marker, null);
  t.equal(report.markersRead, 2);
  t.equal(report.markersMisread, 1);
  t.end();
});

t.test("FrameLog keeps hitches while it runs, with the cause that is made out later", (t) => {
  const log = new FrameLog();
  const hitch: Hitch = {
    frameId: 7,
    atUs: 1,
    durationUs: 97_000,
    cause: "host_or_network",
    delayUs: 80_000,
    framesWaited: 0,
    framesMissing: 0,
    keyframe: false,
  };
  log.addHitch(hitch);
  t.same(log.take(CONTEXT).hitches, [], "not started");
  log.start();
  log.addHitch(hitch);
  hitch.cause = "encode";
  t.same(log.take(CONTEXT).hitches.map(({ cause }) => cause), ["encode"]);
  for (let count = 0; count < 1000; count++) log.addHitch(hitch);
  t.equal(log.take(CONTEXT).hitches.length, 256, "and no more than fit");
  t.end();
});
