/** Tests of web/viewer/receive/stats_reporter.ts. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { BT601_LIMITED } from "../../../../src/wire/codec.ts";
import type { ClientMessage } from "../../../../src/wire/control.ts";
import { ClockOffset } from "../../../../web/shared/clock_offset.ts";
import { StatsCollector } from "../../../../web/viewer/receive/stats_collector.ts";
import { StatsReporter } from "../../../../web/viewer/receive/stats_reporter.ts";
import type { PlayingView } from "../../../../web/viewer/receive/stats_reporter.ts";
import type { WorkerMessage } from "../../../../web/viewer/worker_messages.ts";
import { frameRecord } from "./frame_record_fixture.ts";
import { pathReport } from "./path_report_fixture.ts";

const VIEW: PlayingView = {
  description: {
    id: 0,
    name: "pattern",
    kind: "video",
    codec: "avc1.42e01f",
    codedWidth: 1280,
    codedHeight: 720,
    colorSpace: BT601_LIMITED,
    optimizeForLatency: true,
    framerate: 60,
    bitrateBps: 8_000_000,
    encoder: "x264",
  },
  decodeQueue: 70,
  droppedLate: 5,
  renderer: "WebGL 2",
  transport: "WebTransport (QUIC)",
  reorderPackets: 17,
};

function setUp() {
  const clock = new ManualClock(1_000_000);
  const posted: WorkerMessage[] = [];
  const sent: ClientMessage[] = [];
  const stats = new StatsCollector(new ClockOffset(), clock.nowUs());
  const reporter = new StatsReporter({
    streamId: () => 3,
    clock,
    stats,
    view: () => VIEW,
    post: (message) => posted.push(message),
    send: (message) => sent.push(message),
  });
  return { clock, posted, sent, stats, reporter };
}

t.test("StatsReporter tells the page and the host what happened in a second", (t) => {
  const { clock, posted, sent, stats, reporter } = setUp();
  for (let id = 1; id <= 30; id++) stats.received(frameRecord(id));
  reporter.pathReport(pathReport());
  clock.advance(1_000_000);
  reporter.report();
  t.match(posted, [{ type: "stats", stats: { receivedFps: 30, decodeQueue: 70 } }]);
  t.equal(reporter.last?.path?.targetBps, 8_000_000);
  t.same(sent, [{
    type: "viewer_report",
    streamId: 3,
    framesReceived: 30,
    framesDecoded: 0,
    framesRendered: 0,
    framesDroppedNetwork: 0,
    framesDroppedLate: 5,
    decodeQueue: 64,
    reorderPackets: 17,
    reorderPacketsMax: 1024,
  }], "within the limits of the wire");
  t.end();
});

t.test("StatsReporter says nothing of a stream that is not played yet", (t) => {
  const { clock, posted, sent, stats } = setUp();
  const reporter = new StatsReporter({
    ...{ streamId: () => 3, clock, stats, view: () => undefined },
    post: (message) => posted.push(message),
    send: (message) => sent.push(message),
  });
  reporter.report();
  t.same([posted, sent, reporter.last], [[], [], undefined]);
  t.end();
});

t.test("StatsReporter has the page speak of a poor network, and takes it back at the end", (t) => {
  const { clock, posted, reporter } = setUp();
  const hear = (count: number, rung: "keyframe" | "none") => {
    for (let report = 0; report < count; report++) {
      clock.advance(500_000);
      reporter.pathReport(pathReport({ rung }));
    }
  };
  hear(10, "keyframe");
  t.same(posted, [{ type: "network_notice", notice: "repairing" }], "once");
  reporter.stop();
  t.same(posted.at(-1), { type: "network_notice", notice: undefined });
  t.equal(posted.length, 2);

  const other = setUp();
  other.reporter.stop();
  t.same(other.posted, [], "nothing was said");
  t.end();
});

t.test("StatsReporter lets a notice go when the host falls silent", (t) => {
  const { clock, posted, reporter } = setUp();
  for (let report = 0; report < 10; report++) {
    clock.advance(500_000);
    reporter.pathReport(pathReport({ layers: "base" }));
  }
  for (let second = 0; second < 10; second++) {
    clock.advance(1_000_000);
    reporter.report();
  }
  const notices = posted.flatMap((message) =>
    message.type === "network_notice" ? [message.notice] : []
  );
  t.same(notices, ["slow", undefined]);
  t.end();
});
