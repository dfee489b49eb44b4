/** Tests of src/session/media_feed.ts and frame_timings.ts. */

import t from "tap";
import { MediaFeed } from "../../../src/session/media_feed.ts";
import { parseServerMessage } from "../../../src/wire/control.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";
import { parseSourcePacket } from "../../../src/wire/packet.ts";
import { isRepairPacket } from "../../../src/wire/repair.ts";
import { hostFrame, TestHost } from "./test_host.ts";

const EMPTY = new Uint8Array(0);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a viewer says that has everything up to a frame. */
function feedback(changes: Partial<Feedback>): Feedback {
  return {
    ...{ streamId: 0, epoch: 0, sequence: 0, newestSequence: 0, newestArrivalUs: 0, sentUs: 0 },
    ...{ packetsReceived: 1, firstMissingId: 0, missingLength: 0, deficit: 0, loss: 0 },
    ...{ burstLength: 1, lastCompleteFrameId: 0, damagedFrameId: 0, presentedFrameId: 0 },
    ...{ presentedUs: 0, recovered: 0, decodeQueue: 0, bitmap: EMPTY, arrivals: [] },
    ...changes,
  };
}

function setUp() {
  const host = new TestHost();
  const said: ServerMessage[] = [];
  const sent: number[] = [];
  const clock = { nowUs: 0, sendUs: 0 };
  const feed = new MediaFeed({
    connection: {
      maxDatagramSize: 1200,
      sendDatagram: (bytes) => {
        if (!isRepairPacket(bytes)) sent.push(parseSourcePacket(bytes).frameId);
        clock.nowUs += clock.sendUs;
        return true;
      },
    },
    streamId: 0,
    host,
    nowUs: () => clock.nowUs,
    send: (framed) => said.push(parseServerMessage(framed.subarray(4))),
  });
  const push = (frameId: number, distance: number, bytes = 100) => {
    host.push(hostFrame(frameId, distance, { bytes, streamId: feed.streamId }), clock.nowUs);
  };
  const timings = () => said.flatMap((m) => m.type === "frame_timings" ? [m.frames] : []);
  return { host, feed, said, sent, clock, push, timings };
}

t.test("MediaFeed moves to another stream and counts on", (t) => {
  const { feed, host, push, sent, said, clock } = setUp();
  feed.measure(true);
  feed.play();
  push(1, 0);
  push(2, 1);
  const before = feed.stats!;
  t.ok(feed.moveTo(1));
  t.same(host.fanouts.map(({ size }) => size), [0, 1]);
  push(900, 1);
  t.same(sent, [1, 2], "nothing before a keyframe of the new stream");
  push(901, 0);
  push(902, 1);
  t.same(sent, [1, 2, 901, 902]);
  t.equal(feed.stats!.framesSent, before.framesSent + 2, "one sender for both");
  clock.nowUs = 600_000;
  const old = feedback({ streamId: 0, sequence: 7, newestSequence: 1, lastCompleteFrameId: 2 });
  feed.onFeedback(old, clock.nowUs);
  t.equal(feed.stats!.feedbacks, 0, "what is said of the stream before says nothing");
  const lie = feedback({ streamId: 1, sequence: 0, newestSequence: 1, lastCompleteFrameId: 2 });
  feed.onFeedback(lie, clock.nowUs);
  t.equal(feed.stats!.feedbacks, 0, "nor what names its packets");
  const newestSequence = feed.stats!.packetsSent - 1;
  const now = feedback({ streamId: 1, newestSequence, lastCompleteFrameId: 902 });
  feed.onFeedback(now, clock.nowUs);
  t.equal(feed.stats!.feedbacks, 1, "and its reports count from 0");
  host.hasRoom = false;
  t.notOk(feed.moveTo(0), "nowhere to go");
  t.equal(host.viewers, 0);
  t.ok(said.every((message) => message.type !== "frame_timings" || message.streamId === 1));
  feed.pause();
  t.end();
});

t.test("MediaFeed attaches once, detaches, and begins anew with a keyframe", (t) => {
  const { feed, host, push, sent } = setUp();
  t.equal(feed.stats, undefined, "nothing before play");
  t.ok(feed.play());
  t.ok(feed.play());
  t.equal(host.viewers, 1);
  push(1, 0);
  feed.pause();
  feed.pause();
  t.equal(host.viewers, 0);
  push(2, 1);
  t.ok(feed.play());
  push(3, 1);
  push(4, 0);
  push(5, 1);
  t.same(sent, [1, 4, 5]);
  feed.pause();
  t.end();
});

t.test("MediaFeed does not play what is not there", (t) => {
  const { host } = setUp();
  const options = { host, nowUs: () => 0, send: () => {} };
  const connection = { maxDatagramSize: 1200, sendDatagram: () => true };
  t.notOk(new MediaFeed({ ...options, connection, streamId: 5 }).play(), "no such stream");
  host.hasRoom = false;
  t.notOk(new MediaFeed({ ...options, connection, streamId: 0 }).play(), "no room");
  t.end();
});

t.test("MediaFeed counts the time to the last packet in host time", (t) => {
  const { feed, host, push, timings, clock } = setUp();
  host.hostAheadUs = 9000;
  feed.measure(true);
  feed.play();
  for (let id = 1; id <= 30; id++) push(id, id === 1 ? 0 : 1);
  t.equal(timings().length, 1);
  const [frames] = timings();
  t.equal(frames!.length, 30);
  t.ok(frames!.every(({ sendUs }) => sendUs === 8000), "captured at 1000");
  feed.measure(true);
  push(31, 1);
  t.equal(timings().length, 1, "the next batch is not full yet");
  host.hostAheadUs = undefined;
  clock.sendUs = 40;
  for (let id = 32; id <= 60; id++) push(id, 1);
  const sendUs = timings()[1]!.map((frame) => frame.sendUs);
  // 500 to the pipe, 40 for each packet, and now and then a repair.
  t.ok(sendUs.slice(1).every((us) => us === 540 || us === 580), sendUs.join());
  feed.pause();
  t.end();
});

t.test("MediaFeed counts a paced frame as sent when its last packet has left", async (t) => {
  const { feed, host, push, timings, clock, sent } = setUp();
  host.settings = { ...host.settings, limits: { startBps: 8e6, minBps: 8e6, maxBps: 8e6 } };
  host.hostAheadUs = 0;
  feed.measure(true);
  feed.play();
  // 60 kB at 8 Mbit/s: the micro-burst is 50 ms of the target, 50 kB.
  push(1, 0, 60_000);
  const atOnce = sent.length;
  t.ok(atOnce > 30 && atOnce < 55, `${atOnce} packets at once`);
  clock.nowUs = 20_000;
  const deadlineMs = performance.now() + 2000;
  while (sent.length < 54 && performance.now() < deadlineMs) await pause(2);
  t.ok(sent.length >= 54, `${sent.length} packets in the end`);
  for (let id = 2; id <= 30; id++) {
    clock.nowUs += 16_667;
    feed.onFeedback(feedback({ sequence: id, newestSequence: sent.length - 1 }), clock.nowUs);
    push(id, 1);
  }
  const [frames] = timings();
  t.equal(frames![0]!.sendUs, 19_000, "not the time at which it came");
  feed.pause();
});

t.test("MediaFeed asks for nothing while it is paused, and for little while it plays", (t) => {
  const { feed, host, clock } = setUp();
  feed.requestKeyframe(0);
  t.notOk(feed.onFeedback(feedback({ damagedFrameId: 1 }), 0), "not before play");
  t.same(host.asked, []);
  feed.play();
  for (let i = 0; i < 10; i++) feed.requestKeyframe(clock.nowUs);
  t.same(host.asked, Array(4).fill("keyframe 0"));
  t.equal(feed.requestsLimited, 6);
  feed.requestKeyframe(clock.nowUs + 500_000);
  t.equal(host.asked.length, 5, "two a second");
  feed.pause();
  t.end();
});

t.test("MediaFeed turns damage into a repair of references, however often it is reported", (t) => {
  const { feed, host, push, sent, clock } = setUp();
  feed.play();
  for (let id = 1; id <= 4; id++) push(id, id === 1 ? 0 : 1);
  for (let sequence = 1; sequence <= 200; sequence++) {
    clock.nowUs += 1000;
    feed.onFeedback(
      feedback({
        sequence,
        newestSequence: sent.length - 1,
        lastCompleteFrameId: 2,
        damagedFrameId: 3,
      }),
      clock.nowUs,
    );
  }
  const repairs = host.asked.filter((asked) => asked === "invalidate 0 3").length;
  t.ok(repairs >= 2 && repairs <= 4, `${repairs} in 200 ms`);
  t.equal(host.asked.length, repairs, "and nothing else");
  feed.pause();
  t.end();
});

t.test("MediaFeed tells the viewer how its path is, twice a second", async (t) => {
  const { feed, said, push, clock } = setUp();
  feed.play();
  push(1, 0);
  clock.nowUs = 500_000;
  const deadlineMs = performance.now() + 3000;
  while (said.length === 0 && performance.now() < deadlineMs) await pause(20);
  t.match(said[0], {
    ...{ type: "path_report", streamId: 0, fps: 60, scale: 0.75, layers: "all" },
    ...{ targetBps: 20_000_000, rateCuts: 0, keyframes: 0 },
  });
  feed.pause();
  const count = said.length;
  clock.nowUs = 2_000_000;
  await pause(600);
  t.equal(said.length, count, "not while it is paused");
});
