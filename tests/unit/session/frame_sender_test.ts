/** Tests of src/session/frame_sender.ts: frames in the place of packets, damage, moves between streams. */

import t from "tap";
import { emptySenderCounts } from "../../../src/pipeline/sender_report.ts";
import type { MediaSenderStats } from "../../../src/pipeline/sender_report.ts";
import { FrameSender } from "../../../src/session/frame_sender.ts";
import { carriesFrames } from "../../../src/session/frame_viewer.ts";
import type { ConnectionFrames, FramedConnection } from "../../../src/session/frame_viewer.ts";
import type { HostFrame } from "../../../src/session/session_host.ts";
import type { FrameLayers } from "../../../src/wire/control.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";

const STATS: MediaSenderStats = {
  ...emptySenderCounts(),
  ...{ packetsSent: 0, bytesSent: 0, headerBytesSent: 0, packetsDropped: 0, packetsPaced: 0 },
  ...{ waitedUs: 0, reactiveRepairsSent: 0, targetBps: 4e6, redundancy: 0, loss: 0 },
  ladder: { repairs: 0, reactive: 2, reference: 0, keyframe: 0, rate: 0 },
  ...{ burstLength: 1, rttUs: 0, rttLatestUs: 0, rttTotalUs: 0, rttSamples: 0, jitterUs: 0 },
  ...{ packetsArrived: 0, packetsLost: 0, queueDelayUs: 0, bytesInFlight: 0, queuedBytes: 0 },
  ...{ queuedUs: 0, rateCuts: 0 },
};

/** One stream of a connection, and what was done with it. */
class Frames implements ConnectionFrames {
  readonly videoBps = 4e6;
  readonly frameRateShare = 1;
  readonly isSilent = false;
  readonly stats = STATS;
  layers: FrameLayers = "all";
  share = 1;
  lastFrameId = 0;
  isClosed = false;

  constructor(readonly streamId: number, readonly keyframeNeeded: () => void) {}

  push(frame: HostFrame): void {
    this.lastFrameId = frame.frameId;
  }

  pathReport(): ReturnType<ConnectionFrames["pathReport"]> {
    return {
      ...{ targetBps: 0, videoBps: 0, sentBps: 0, redundancy: 0, rung: "none", rttUs: 0 },
      ...{ queueDelayUs: 0, loss: 0, burstLength: 1, layers: this.layers, reactiveRepairs: 0 },
      ...{ referenceRepairs: 0, keyframes: 0, rateCuts: 0 },
    };
  }

  close(): void {
    this.isClosed = true;
  }
}

/** A sender over a connection that carries frames. */
class Desk {
  readonly opened: Frames[] = [];
  readonly asked: string[] = [];
  readonly sender: FrameSender;

  constructor() {
    const connection = {
      openFrames: (streamId: number, keyframeNeeded: () => void) => {
        const frames = new Frames(streamId, keyframeNeeded);
        this.opened.push(frames);
        return frames;
      },
    } as unknown as FramedConnection;
    this.sender = new FrameSender({
      ...{ connection, streamId: 2 },
      onInvalidate: (id) => this.asked.push(`invalidate ${id}`),
      onKeyframeNeeded: () => this.asked.push("keyframe"),
    });
  }

  report(damagedFrameId: number, lastCompleteFrameId: number, nowUs: number): void {
    const feedback = { streamId: 2, damagedFrameId, lastCompleteFrameId } as Feedback;
    this.sender.onFeedback(feedback, nowUs);
  }
}

t.test("Damage is answered by an older reference, and by a keyframe when that is of no use", (t) => {
  const desk = new Desk();
  desk.report(0, 8, 0);
  t.same(desk.asked, [], "nothing is damaged");
  desk.report(10, 9, 10_000);
  desk.report(10, 9, 40_000);
  t.same(desk.asked, ["invalidate 10"], "one answer, which takes its time");
  desk.report(10, 9, 170_000);
  t.same(desk.asked, ["invalidate 10", "invalidate 10"]);
  desk.report(10, 9, 600_000);
  t.same(desk.asked.slice(2), ["keyframe"], "it was of no use");
  desk.report(0, 12, 700_000);
  desk.report(20, 19, 900_000);
  t.same(desk.asked.slice(3), ["invalidate 20"], "damage of its own");
  desk.report(1, 0, 2_000_000);
  t.same(desk.asked.slice(4), ["keyframe"], "who has nothing can use no reference");
  const { ladder, feedbacks } = desk.sender.stats;
  t.same(ladder, { repairs: 0, reactive: 2, reference: 3, keyframe: 2, rate: 0 });
  t.equal(feedbacks, 8);
  t.match(desk.sender.pathReport(3_000_000), { referenceRepairs: 3, keyframes: 2 });
  t.end();
});

t.test("A viewer that gets no frames, and so says nothing, is sent a keyframe", (t) => {
  const desk = new Desk();
  const push = (nowUs: number) => desk.sender.push({ frameId: nowUs } as HostFrame, nowUs);
  for (let us = 0; us < 700_000; us += 16_000) push(us);
  t.same(desk.asked, [], "a moment is none");
  push(704_000);
  t.same(desk.asked, ["keyframe"]);
  for (let us = 704_000; us < 1_400_000; us += 16_000) push(us);
  t.same(desk.asked, ["keyframe"], "the next one has more time");
  push(1_408_000);
  t.same(desk.asked, ["keyframe", "keyframe"]);
  desk.report(0, 8, 1_500_000);
  push(2_000_000);
  push(2_600_000);
  t.equal(desk.asked.length, 2, "it was heard, and a still screen sends nothing");
  push(2_700_000);
  t.equal(desk.asked.length, 3);
  t.end();
});

t.test("Reports of another stream say nothing of this one", (t) => {
  const desk = new Desk();
  desk.sender.onFeedback({ streamId: 5, damagedFrameId: 3 } as Feedback, 0);
  t.same(desk.asked, []);
  t.end();
});

t.test("It ends and begins with the play of its viewer, and moves between streams", (t) => {
  const { sender, opened, asked } = new Desk();
  sender.begin();
  t.equal(opened.length, 1, "it was open");
  sender.push({ frameId: 7 } as HostFrame, 0);
  t.equal(sender.lastFrameId, 7);
  sender.share = 0.5;
  t.equal(sender.videoBps, 2e6);
  sender.layers = "base";
  t.equal(opened[0]?.layers, "base");
  sender.leave();
  t.ok(opened[0]?.isClosed);
  sender.begin();
  t.equal(opened.length, 2);
  sender.moveTo(4);
  t.ok(opened[1]?.isClosed);
  sender.begin();
  t.equal(opened[2]?.streamId, 4);
  t.equal(opened[2]?.share, 0.5, "its part of the path stays");
  opened[2]?.keyframeNeeded();
  t.same(asked, ["keyframe"], "what the gateway asks for is passed on");
  t.end();
});

t.test("A connection carries frames or does not", (t) => {
  t.ok(carriesFrames({ openFrames: () => {} }));
  t.notOk(carriesFrames({ sendDatagram: () => {} }));
  t.end();
});
