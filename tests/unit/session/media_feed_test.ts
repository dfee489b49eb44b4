import t from "tap";
import { MediaFeed } from "../../../src/session/media_feed.ts";
import type { HostFrame, HostFrameSink, SessionHost } from "../../../src/session/session_host.ts";
import { parseServerMessage } from "../../../src/wire/control.ts";

function frame(frameId: number, referenceDistance: number): HostFrame {
  return {
    ...{ streamId: 3, frameId, referenceDistance, captureTimeUs: 1000 },
    payload: new Uint8Array(100),
    ...{ grabUs: 1, convertUs: 2, firstSliceUs: 3, encodeUs: 4, emitUs: 500, bytes: 100, qp: 30 },
  };
}

/** A feed whose host knows its clock, or does not. */
function setUp(hostTimeUs: number | undefined) {
  const sinks = new Set<HostFrameSink>();
  const asked: string[] = [];
  const timings: Uint8Array[] = [];
  const sent: number[] = [];
  const host: SessionHost = {
    greeting: () => [],
    attach: (_id, sink) => {
      sinks.add(sink);
      return () => void sinks.delete(sink);
    },
    requestKeyframe: (id) => asked.push(`keyframe ${id}`),
    invalidate: (id, first) => asked.push(`invalidate ${id} ${first}`),
    sendInput() {},
    hostTimeUs: () => hostTimeUs,
  };
  const clock = { nowUs: 0 };
  const feed = new MediaFeed({
    connection: {
      maxDatagramSize: 1200,
      sendDatagram: (bytes) => {
        sent.push(bytes.byteLength);
        clock.nowUs += 40;
        return true;
      },
    },
    streamId: 3,
    host,
    nowUs: () => clock.nowUs,
    sendTimings: (framed) => timings.push(framed),
  });
  const push = (frame: HostFrame) => sinks.forEach((sink) => sink(frame, clock.nowUs));
  return { feed, push, sinks, asked, timings, sent, clock };
}

function framesOf(framed: Uint8Array) {
  const message = parseServerMessage(framed.subarray(4));
  return message.type === "frame_timings" ? message.frames : [];
}

t.test("MediaFeed attaches once and detaches", (t) => {
  const { feed, sinks, push, sent } = setUp(undefined);
  t.ok(feed.play());
  t.ok(feed.play());
  t.equal(sinks.size, 1);
  push(frame(1, 0));
  feed.pause();
  feed.pause();
  t.equal(sinks.size, 0);
  t.equal(sent.length, 1);
  t.end();
});

t.test("MediaFeed counts the time to the last packet in host time", (t) => {
  const { feed, push, timings } = setUp(9000);
  feed.measure(true);
  feed.play();
  for (let id = 1; id <= 30; id++) push(frame(id, id === 1 ? 0 : 1));
  t.equal(timings.length, 1);
  const frames = framesOf(timings[0]!);
  t.equal(frames.length, 30);
  t.ok(frames.every(({ sendUs }) => sendUs === 8000));
  feed.measure(true);
  push(frame(31, 1));
  t.equal(timings.length, 1, "the next batch is not full yet");
  t.end();
});

t.test("MediaFeed adds its own part where the host's clock is not known yet", (t) => {
  const { feed, push, timings } = setUp(undefined);
  feed.measure(true);
  feed.play();
  for (let id = 1; id <= 30; id++) push(frame(id, id === 1 ? 0 : 1));
  t.ok(framesOf(timings[0]!).every(({ sendUs }) => sendUs === 540), "500 to the pipe, 40 here");
  t.end();
});

t.test("MediaFeed asks for nothing while it is paused, and for little while it plays", (t) => {
  const { feed, asked, clock } = setUp(undefined);
  feed.requestKeyframe(0);
  feed.reportLoss(5, 0);
  t.same(asked, []);
  feed.play();
  for (let i = 0; i < 10; i++) feed.requestKeyframe(clock.nowUs);
  feed.reportLoss(5, clock.nowUs);
  t.same(asked, [...Array(4).fill("keyframe 3"), "invalidate 3 5"]);
  t.equal(feed.requestsLimited, 6);
  feed.requestKeyframe(clock.nowUs + 500_000);
  t.equal(asked.length, 6, "two a second");
  t.end();
});
