/** Tests of web/viewer/receive/stats_collector.ts and web/viewer/ui/stats_lines.ts. */

import t from "tap";
import { BT601_LIMITED } from "../../../../src/wire/codec.ts";
import { ClockOffset } from "../../../../web/shared/clock_offset.ts";
import { StatsCollector } from "../../../../web/viewer/receive/stats_collector.ts";
import type { StatsSnapshot } from "../../../../web/viewer/receive/stats_snapshot.ts";
import { MOONLIGHT_LINES, statsSections } from "../../../../web/viewer/ui/stats_lines.ts";
import { frameRecord } from "./frame_record_fixture.ts";
import { pathReport } from "./path_report_fixture.ts";

const DESCRIPTION = {
  id: 0,
  name: "pattern",
  kind: "video" as const,
  codec: "avc1.42e02a",
  codedWidth: 1920,
  codedHeight: 1080,
  colorSpace: BT601_LIMITED,
  optimizeForLatency: true,
  framerate: 60,
  bitrateBps: 10_000_000,
  encoder: "x264",
};

const VIEW = { renderer: "WebGL 2", decodeQueue: 1, transport: "WebTransport (QUIC)" };

const REPORT = pathReport();

/** All lines of a snapshot by label, with value and style. */
function linesOf(stats: StatsSnapshot) {
  const lines = statsSections(stats).flatMap((section) => section.lines);
  return new Map(lines.map(([label, value, style]) => [label, [value, style ?? "plain"]]));
}

function play(collector: StatsCollector, frameId: number): void {
  const record = {
    ...frameRecord(frameId),
    captureTimeUs: 1_000_000,
    readyUs: 1_002_000,
    decodeSubmitUs: 1_002_500,
    decodedUs: 1_004_000,
    drawUs: 1_004_500,
    presentedUs: 1_006_500,
  };
  collector.received(record);
  collector.decoded(record);
  collector.presented(record);
}

t.test("StatsCollector sums an interval and starts the next one with nothing", (t) => {
  const offset = new ClockOffset();
  offset.push({ id: 0, viewerSendUs: 0, serverReceiveUs: 500, serverSendUs: 500 }, 1_000);
  const collector = new StatsCollector(offset, 0);
  for (let id = 1; id <= 30; id++) play(collector, id);
  // Ten frames that never came: a quarter of what was sent.
  collector.received({ ...frameRecord(41) });
  const stats = collector.snapshot(500_000, DESCRIPTION, VIEW);
  t.equal(stats.receivedFps, 62);
  t.equal(stats.renderedFps, 60);
  t.equal(stats.networkDropShare, 10 / 41);
  t.equal(stats.decodeMsMean, 1.5);
  t.equal(stats.queueMsMean, 1);
  t.equal(stats.renderMsMean, 2);
  t.equal(stats.captureToShownMsMean, 6.5);
  t.equal(stats.rttMs, 1);
  t.equal(stats.bitrateBps, 31 * 1000 * 8 / 0.5);
  const next = collector.snapshot(1_500_000, DESCRIPTION, VIEW);
  t.equal(next.receivedFps, 0);
  t.equal(next.decodeMsMean, undefined);
  t.equal(next.networkDropShare, 0);
  t.same(collector.totals, {
    received: 31,
    decoded: 30,
    rendered: 30,
    droppedNetwork: 10,
    droppedLate: 0,
  });
  t.end();
});

t.test("statsSections begins with Moonlight's lines in Moonlight's order", (t) => {
  const collector = new StatsCollector(new ClockOffset(), 0);
  play(collector, 1);
  collector.timing({
    frameId: 1,
    captureTimeUs: 0,
    grabUs: 0,
    convertUs: 0,
    firstSliceUs: 0,
    encodeUs: 0,
    emitUs: 0,
    sendUs: 3_400,
    bytes: 1,
    qp: 1,
  });
  const snapshot = collector.snapshot(1_000_000, DESCRIPTION, VIEW);
  const sections = statsSections(snapshot);
  t.same(sections.map(({ title }) => title), ["Picture", "Network", "Repair", "Host"]);
  t.same(sections[0]?.lines.map(([label]) => label).slice(0, MOONLIGHT_LINES), [
    "Video stream",
    "Incoming frame rate from network",
    "Decoding frame rate",
    "Rendering frame rate",
    "Host processing latency min/max/average",
    "Frames dropped by your network connection",
    "Frames dropped due to network jitter",
    "Average network latency",
    "Average decoding time",
    "Average frame queue delay",
    "Average rendering time",
  ]);
  const values = linesOf(snapshot);
  t.equal(values.get("Video stream")?.[0], "1920x1080 60 FPS (H.264)");
  t.equal(values.get("Host processing latency min/max/average")?.[0], "3.4/3.4/3.4 ms");
  t.equal(values.get("Average network latency")?.[0], "-");
  t.equal(values.get("Average decoding time")?.[0], "1.50 ms");
  t.equal(values.get("Capture to screen average/max")?.[0], "-", "unknown without a clock offset");
  t.equal(values.get("Decode queue")?.[0], "1 frame");
  t.equal(values.get("Last hitch")?.[0], "none");
  t.equal(values.get("Encoder")?.[0], "x264");
  t.equal(values.get("Connection")?.[0], "-", "unknown while the host says nothing");
  t.end();
});

t.test("statsSections shows what the host says of the path", (t) => {
  const collector = new StatsCollector(new ClockOffset(), 0);
  collector.pathReport(REPORT, 900_000);
  const values = linesOf(collector.snapshot(1_000_000, DESCRIPTION, VIEW));
  t.same(values.get("Connection"), ["losses, repaired as they come", "plain"]);
  t.equal(values.get("Bitrate target/sent/video")?.[0], "8.00/6.12/0.00 Mbit/s");
  t.equal(values.get("Round trip/queue delay")?.[0], "41.2/3.1 ms");
  t.equal(values.get("Loss burst length")?.[0], "1.8 packets");
  t.equal(values.get("Rate cuts")?.[0], "2");
  t.equal(values.get("Redundancy")?.[0], "8.0%");
  t.equal(values.get("Repair in use")?.[0], "sent along with frames");
  t.equal(values.get("On request/references/keyframes")?.[0], "12/1/0");
  t.same(values.get("Encoder set to"), ["60 FPS, full size", "plain"]);
  t.equal(values.get("Sent to you")?.[0], "all frames");

  collector.pathReport({ ...REPORT, scale: 0.75, fps: 30, layers: "base" }, 1_000_000);
  const slow = linesOf(collector.snapshot(2_000_000, DESCRIPTION, VIEW));
  t.same(slow.get("Connection"), ["slow, fewer frames are sent", "poor"]);
  t.same(slow.get("Encoder set to"), ["30 FPS, 75% size", "poor"]);
  t.equal(slow.get("Sent to you")?.[0], "every other frame");

  const old = linesOf(collector.snapshot(9_000_000, DESCRIPTION, VIEW));
  t.equal(old.get("Redundancy")?.[0], "-", "a report that is out of date is not shown");
  t.end();
});

t.test("StatsCollector tells loss before repair from loss after it", (t) => {
  const collector = new StatsCollector(new ClockOffset(), 0);
  let counts = { datagrams: 500, repairsReceived: 50, recovered: 7, packetsLost: 3 };
  collector.watch(() => counts);
  // 1,040 packets of which 40 were repairs came; 15 were brought back, 5 were not.
  counts = { datagrams: 1540, repairsReceived: 90, recovered: 22, packetsLost: 8 };
  const stats = collector.snapshot(500_000, DESCRIPTION, VIEW);
  t.equal(stats.recoveredPerSecond, 30);
  t.equal(stats.recoveredShare, 0.75);
  t.equal(stats.lossBefore, 20 / 1020);
  t.equal(stats.lossAfter, 5 / 1020);
  t.equal(linesOf(stats).get("Recovered")?.[0], "30.0 packets/s (75% of lost)");
  t.equal(linesOf(stats).get("Loss before/after repair")?.[0], "1.96%/0.49%");
  const next = collector.snapshot(1_500_000, DESCRIPTION, VIEW);
  t.equal(next.recoveredShare, undefined, "nothing was lost since");
  t.equal(linesOf(next).get("Recovered")?.[0], "0.0 packets/s (none lost)");
  t.end();
});
