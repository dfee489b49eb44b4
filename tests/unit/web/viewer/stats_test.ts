/** Tests of web/viewer/receive/stats_collector.ts and web/viewer/ui/stats_lines.ts. */

import t from "tap";
import { BT601_LIMITED } from "../../../../src/wire/codec.ts";
import { ClockOffset } from "../../../../web/viewer/receive/clock_offset.ts";
import { StatsCollector } from "../../../../web/viewer/receive/stats_collector.ts";
import { MOONLIGHT_LINES, statsLines } from "../../../../web/viewer/ui/stats_lines.ts";
import { frameRecord } from "./frame_record_fixture.ts";

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
  const stats = collector.snapshot(500_000, DESCRIPTION, "WebGL 2");
  t.equal(stats.receivedFps, 62);
  t.equal(stats.renderedFps, 60);
  t.equal(stats.networkDropShare, 10 / 41);
  t.equal(stats.decodeMsMean, 1.5);
  t.equal(stats.queueMsMean, 1);
  t.equal(stats.renderMsMean, 2);
  t.equal(stats.captureToShownMsMean, 6.5);
  t.equal(stats.rttMs, 1);
  t.equal(stats.bitrateBps, 31 * 1000 * 8 / 0.5);
  const next = collector.snapshot(1_500_000, DESCRIPTION, "WebGL 2");
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

t.test("statsLines has Moonlight's lines in Moonlight's order, then ours", (t) => {
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
  const lines = statsLines(collector.snapshot(1_000_000, DESCRIPTION, "WebGL 2"));
  t.same(lines.map(([label]) => label).slice(0, MOONLIGHT_LINES), [
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
  const values = new Map(lines);
  t.equal(values.get("Video stream"), "1920x1080 60 FPS (H.264)");
  t.equal(values.get("Host processing latency min/max/average"), "3.4/3.4/3.4 ms");
  t.equal(values.get("Average network latency"), "-");
  t.equal(values.get("Average decoding time"), "1.50 ms");
  t.equal(values.get("Capture to screen average/max"), "-", "unknown without a clock offset");
  t.equal(values.get("Encoder"), "x264");
  t.end();
});
