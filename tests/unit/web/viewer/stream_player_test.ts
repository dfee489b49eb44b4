/** Tests of web/viewer/receive/stream_player.ts: from datagrams to the decoder and back. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { Packetizer } from "../../../../src/packet/packetizer.ts";
import type { ClientMessage } from "../../../../src/wire/control.ts";
import { ClockOffset } from "../../../../web/viewer/receive/clock_offset.ts";
import { FrameLog } from "../../../../web/viewer/receive/frame_log.ts";
import { StatsCollector } from "../../../../web/viewer/receive/stats_collector.ts";
import { StreamPlayer } from "../../../../web/viewer/receive/stream_player.ts";

const MAX_DATAGRAM = 1200;

function setUp(isReady = true) {
  const clock = new ManualClock(1_000_000);
  const decoded: { frameId: number; bytes: number; captureTimeUs: number }[] = [];
  const sent: ClientMessage[] = [];
  const clockOffset = new ClockOffset();
  const log = new FrameLog();
  log.start();
  const decoder = {
    isReady,
    push: (
      record: { frameId: number; captureTimeUs: number },
      _reference: number,
      payload: Uint8Array,
    ) => {
      const { frameId, captureTimeUs } = record;
      decoded.push({ frameId, bytes: payload.byteLength, captureTimeUs });
      return true;
    },
  };
  const player = new StreamPlayer({
    streamId: 0,
    clock,
    decoder,
    clockOffset,
    stats: new StatsCollector(clockOffset, clock.nowUs()),
    log,
    send: (message) => sent.push(message),
  });
  const packetizer = new Packetizer(0);
  /** The datagrams of one frame. */
  const datagrams = (frameId: number, referenceDistance: number, bytes: number) => {
    const packets: Uint8Array[] = [];
    const captureTimeUs = 0x1_0000_0000 * 3 + frameId * 16_667;
    const payload = new Uint8Array(bytes).fill(frameId);
    packetizer.push(
      { streamId: 0, frameId, referenceDistance, captureTimeUs, payload },
      MAX_DATAGRAM,
      (packet) => packets.push(packet.slice()),
    );
    return packets;
  };
  const receive = (packets: readonly Uint8Array[]) => {
    for (const packet of packets) {
      clock.advance(50);
      player.push(packet, clock.nowUs());
    }
  };
  return { player, clock, decoder, decoded, sent, log, clockOffset, datagrams, receive };
}

t.test("StreamPlayer gives whole frames to the decoder, in order", (t) => {
  const { player, decoded, datagrams, receive, sent } = setUp();
  receive(datagrams(1, 0, 5_000));
  const second = datagrams(2, 1, 3_000);
  receive(second.toReversed());
  t.same(decoded.map(({ frameId, bytes }) => [frameId, bytes]), [[1, 5_000], [2, 3_000]]);
  t.same(sent, []);
  t.ok(player.firstDatagramUs > 0);
  player.close();
  t.end();
});

t.test("StreamPlayer keeps frames until the decoder is ready", (t) => {
  const { player, decoder, decoded, datagrams, receive, clock } = setUp(false);
  receive(datagrams(1, 0, 5_000));
  receive(datagrams(2, 1, 500));
  t.same(decoded, []);
  decoder.isReady = true;
  player.pump(clock.nowUs());
  t.same(decoded.map(({ frameId }) => frameId), [1, 2]);
  player.close();
  t.end();
});

t.test("StreamPlayer reports a loss once a gap is older than reordering explains", (t) => {
  const { player, decoded, datagrams, receive, sent, clock } = setUp();
  receive(datagrams(1, 0, 1_000));
  datagrams(2, 1, 1_000);
  receive(datagrams(3, 1, 1_000));
  t.same(sent, [], "not at once");
  clock.advance(60_000);
  player.pump(clock.nowUs());
  t.same(sent, [{ type: "loss_report", streamId: 0, firstFrameId: 2, lastCompleteFrameId: 1 }]);
  receive(datagrams(4, 3, 1_000));
  t.same(decoded.map(({ frameId }) => frameId), [1, 4], "one that refers to frame 1 goes on");
  player.close();
  t.end();
});

t.test("StreamPlayer asks for a keyframe when reports bring nothing", (t) => {
  const { player, datagrams, receive, sent, clock } = setUp();
  receive(datagrams(1, 0, 1_000));
  datagrams(2, 1, 1_000);
  for (let frameId = 3; frameId < 40; frameId++) {
    receive(datagrams(frameId, 1, 1_000));
    clock.advance(16_000);
    player.pump(clock.nowUs());
  }
  const reports = sent.filter(({ type }) => type === "loss_report").length;
  t.ok(reports >= 4 && reports <= 10, `${reports} reports in 0.4 s`);
  t.match(sent.at(-1), { type: "keyframe_request", streamId: 0 });
  player.close();
  t.end();
});

t.test("StreamPlayer asks for a keyframe at once when nothing was ever decoded", (t) => {
  const { player, sent } = setUp();
  player.damaged(0, 0);
  player.damaged(0, 0);
  t.same(sent, [{ type: "keyframe_request", streamId: 0 }], "and does not insist");
  player.close();
  t.end();
});

t.test("StreamPlayer completes capture times by the clock offset", (t) => {
  const { player, decoded, datagrams, receive, clockOffset } = setUp();
  const offsetUs = 0x1_0000_0000 * 3;
  clockOffset.push({
    id: 0,
    viewerSendUs: 1_000_000,
    serverReceiveUs: 1_000_000 + offsetUs,
    serverSendUs: 1_000_000 + offsetUs,
  }, 1_000_000);
  receive(datagrams(1, 0, 100));
  t.equal(decoded[0]?.captureTimeUs, 0x1_0000_0000 * 3 + 16_667);
  player.close();
  t.end();
});
