/** Tests of the timeline's model and control: one axis over replay, recordings and the present. */

import t from "tap";
import type { PlaybackCommand } from "../../../../../web/viewer/playback/playback_messages.ts";
import { Marks } from "../../../../../web/viewer/ui/timeline/marks.ts";
import { PastControl } from "../../../../../web/viewer/ui/timeline/past_control.ts";
import { TimelineModel } from "../../../../../web/viewer/ui/timeline/timeline_model.ts";
import type { ReplayAnswer } from "../../../../../web/viewer/ui/timeline/timeline_model.ts";

/** The host's clock at page time 0, and the wall clock that goes with it. */
const HOST_US = 100_000_000;
const WALL_OFFSET_US = 1_700_000_000_000_000;

function answer(share = 1): ReplayAnswer {
  return {
    ...{ isOn: true, nowUs: HOST_US, wallClockOffsetUs: WALL_OFFSET_US },
    streams: [{
      ...{ id: 0, isPaused: false, limits: { seconds: 30, bytes: 1000, share } },
      span: { startUs: 80_000_000, endUs: 99_900_000, bytes: 500 },
      segments: [80, 85, 90, 95].map((second) => ({ startUs: second * 1e6, bytes: 100 })),
      gaps: [
        { cause: "blanked", fromUs: 82_000_000, toUs: 83_000_000 },
        { cause: "paused", fromUs: 99_000_000, toUs: null },
      ],
    }],
  };
}

function model(share?: number): TimelineModel {
  const made = new TimelineModel();
  made.takeReplay(answer(share), 0, 0);
  // Of an earlier run of the machine: its clock began elsewhere.
  const startedMs = (50_000_000 + WALL_OFFSET_US) / 1000;
  made.takeRecordings([
    { id: "r1", streamId: 0, startedMs, startUs: 7_000_000, endUs: 17_000_000, bytes: 5 },
    { id: "other", streamId: 1, startedMs, startUs: 0, endUs: 1_000_000, bytes: 5 },
  ]);
  return made;
}

t.test("TimelineModel puts replay and recordings on one axis", (t) => {
  const made = model();
  t.equal(made.nowUs(2000), HOST_US + 2_000_000);
  t.equal(made.wallMs(HOST_US), (HOST_US + WALL_OFFSET_US) / 1000);
  t.match(made.spans(HOST_US), [
    { kind: "recording", fromUs: 50_000_000, toUs: 60_000_000 },
    { kind: "replay", fromUs: 80_000_000, toUs: HOST_US },
  ]);
  t.match(made.at(90_000_000, HOST_US), { timeUs: 90_000_000, source: { isLive: true } });
  t.match(made.at(55_000_000, HOST_US), {
    timeUs: 12_000_000,
    source: { isLive: false, framesPath: "/api/recordings/r1/frames" },
  });
  t.match(made.at(62_000_000, HOST_US), { axisUs: 60_000_000, timeUs: 17_000_000 }, "the nearest");
  t.match(made.at(1, HOST_US), { axisUs: 50_000_000 });
  t.equal(new TimelineModel().at(1, 1), undefined);
  t.end();
});

t.test("TimelineModel knows the keyframe of a time, gaps and what memory took away", (t) => {
  const made = model();
  t.match(made.keyframeAt(94_900_000, HOST_US), { timeUs: 90_000_000, axisUs: 90_000_000 });
  t.match(made.keyframeAt(55_700_000, HOST_US), { timeUs: 12_000_000, axisUs: 55_000_000 });
  t.same(made.gaps(HOST_US), [
    { cause: "blanked", fromUs: 82_000_000, toUs: 83_000_000 },
    { cause: "paused", fromUs: 99_000_000, toUs: HOST_US },
  ]);
  t.match(model(0.5).gaps(HOST_US).at(-1), {
    cause: "shortened",
    fromUs: 70_000_000,
    toUs: 80_000_000,
  });
  t.equal(made.bytesIn({ fromUs: 86_000_000, toUs: 91_000_000 }), 200);
  t.same(made.view(HOST_US), { fromUs: 70_000_000, toUs: HOST_US });
  made.viewUs = 60_000_000;
  t.same(made.view(HOST_US), { fromUs: 40_000_000, toUs: HOST_US });
  t.equal(made.wholeUs(HOST_US), 50_000_000);
  t.end();
});

t.test("TimelineModel names clips of a replay and of a recording", (t) => {
  const made = model();
  t.match(made.clip({ fromUs: 90_000_000, toUs: 92_500_000 }, HOST_US), {
    path: "/api/clips?from=90000000&to=92500000&stream=0",
    name: /^wavry-2023-11-14-22-14-50\.mp4$/,
  });
  t.match(made.clip({ fromUs: 51_000_000, toUs: 53_000_000 }, HOST_US), {
    path: "/api/clips?from=8000000&to=10000000&recording=r1",
  });
  t.end();
});

t.test("Marks hold a range, and a mark on the wrong side begins a new one", (t) => {
  const marks = new Marks();
  t.same(marks.clipRange(90, 10), { fromUs: 10, toUs: 90 }, "without marks what came before");
  t.equal(marks.clipRange(90, undefined), undefined);
  t.same(marks.clipRange(50_000_000, 10), { fromUs: 20_000_000, toUs: 50_000_000 }, "30 s at most");
  marks.set("in", 20);
  t.same(marks.clipRange(90, 10), { fromUs: 20, toUs: 90 });
  marks.set("out", 40);
  marks.toggleLoop();
  t.same(marks.loop, { fromUs: 20, toUs: 40 });
  t.same(marks.clipRange(90, 10), { fromUs: 20, toUs: 40 });
  marks.set("in", 60);
  t.match({ inUs: marks.inUs, outUs: marks.outUs, loop: marks.loop }, {
    inUs: 60,
    outUs: undefined,
    loop: undefined,
  });
  marks.set("out", 50);
  t.match([marks.inUs, marks.outUs], [undefined, 50]);
  marks.clear();
  marks.toggleLoop();
  t.equal(marks.loop, undefined, "no loop without a range");
  t.end();
});

function setUpControl() {
  const sent: PlaybackCommand[] = [];
  const past: boolean[] = [];
  let nothing = 0;
  const made = model();
  const control = new PastControl({
    model: made,
    nowMs: () => 0,
    send: (command) => sent.push(command),
    pastChanged: (isPast) => past.push(isPast),
    nothingHeld: () => nothing++,
  });
  return { control, sent, past, model: made };
}

t.test("PastControl says when the past is shown, at once and once", (t) => {
  const { control, sent, past } = setUpControl();
  t.equal(control.positionUs, HOST_US);
  control.seekTo(90_000_000, 0);
  t.same(past, [true], "before the player answered");
  t.equal(control.positionUs, 90_000_000);
  control.take({
    ...{ mode: "paused", sourceKey: "replay 0", timeUs: 90_000_000, frameId: 3 },
    ...{ rate: 0, isWaiting: false },
  });
  control.skip(1);
  t.match(sent.findLast((command) => command.do === "seek"), { timeUs: 91_000_000, rate: 0 });
  control.skip(60);
  t.equal(sent.at(-1)?.do, "live", "beyond the present is live");
  t.same(past, [true, false]);
  control.live();
  t.equal(sent.filter((command) => command.do === "live").length, 1);
  t.end();
});

t.test("PastControl steps and plays from live too, and moves loops to the source's clock", (t) => {
  const { control, sent, past } = setUpControl();
  control.step(1);
  control.shuttle(1);
  t.same([sent, past], [[], []], "live is as far on as it goes");
  control.shuttle(-1);
  t.match(sent[0], { do: "seek", timeUs: HOST_US, rate: -1 });
  control.seekTo(55_000_000, 1);
  control.loop = { fromUs: 52_000_000, toUs: 53_000_000 };
  t.same(sent.at(-1), { do: "loop", range: { fromUs: 9_000_000, toUs: 10_000_000 } });
  control.seekTo(90_000_000, 1);
  t.same(sent.at(-1), { do: "loop", range: { fromUs: 52_000_000, toUs: 53_000_000 } });
  control.shuttle(0);
  t.same(sent.at(-1), { do: "pause" });
  t.end();
});
