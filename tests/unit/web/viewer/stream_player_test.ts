/** Tests of web/viewer/receive/stream_player.ts: from datagrams to the decoder and back. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { Packetizer } from "../../../../src/packet/packetizer.ts";
import type { ClientMessage } from "../../../../src/wire/control.ts";
import { parseFeedback } from "../../../../src/wire/feedback.ts";
import type { Feedback } from "../../../../src/wire/feedback.ts";
import { ClockOffset } from "../../../../web/shared/clock_offset.ts";
import { FrameLog } from "../../../../web/viewer/receive/frame_log.ts";
import { StatsCollector } from "../../../../web/viewer/receive/stats_collector.ts";
import { StreamPlayer } from "../../../../web/viewer/receive/stream_player.ts";

const MAX_DATAGRAM = 1200;

function setUp(isReady = true) {
  const clock = new ManualClock(1_000_000);
  const decoded: { frameId: number; bytes: number; captureTimeUs: number }[] = [];
  const sent: ClientMessage[] = [];
  const feedback: Feedback[] = [];
  const clockOffset = new ClockOffset();
  const log = new FrameLog();
  log.start();
  const decoder = {
    isReady,
    depth: 0,
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
    sendFeedback: (datagram) => feedback.push(parseFeedback(datagram)),
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
  return { player, clock, decoder, decoded, sent, feedback, log, clockOffset, datagrams, receive };
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

t.test("StreamPlayer gives a backlog to the decoder as it works it off", async (t) => {
  const { player, decoder, decoded, datagrams, receive, clock } = setUp();
  receive(datagrams(1, 0, 100));
  decoder.depth = 8;
  for (let frameId = 2; frameId <= 30; frameId++) receive(datagrams(frameId, 1, 100));
  t.equal(decoded.length, 1);
  decoder.depth = 7;
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.equal(decoded.length, 30, "it is looked at again without a packet");
  decoder.depth = 8;
  receive(datagrams(31, 1, 100));
  clock.advance(200_000);
  receive(datagrams(32, 1, 100));
  t.equal(decoded.length, 32, "a decoder that is too slow decides itself");
  player.close();
  t.end();
});

t.test("StreamPlayer reports what arrived, what waits and what was drawn", (t) => {
  const { player, decoder, datagrams, receive, feedback } = setUp();
  receive(datagrams(1, 0, 5_000));
  t.equal(feedback.length, 1, "at the end of the frame");
  t.match(feedback[0], { packetsReceived: 5, lastCompleteFrameId: 1, presentedFrameId: 0 });
  player.presented(1, 1_003_000);
  decoder.depth = 2;
  datagrams(2, 1, 100);
  receive(datagrams(3, 1, 5_000).slice(0, 2));
  t.equal(feedback.length, 1, "not for each packet");
  player.pump(1_010_000);
  t.match(feedback.at(-1), {
    packetsReceived: 7,
    presentedFrameId: 1,
    presentedUs: 1_003_000,
    decodeQueue: 2,
    firstMissingId: 5,
    missingLength: 6,
    damagedFrameId: 0,
  });
  player.close();
  t.end();
});

t.test("StreamPlayer reports before the decoder is ready, too", (t) => {
  const { player, datagrams, receive, feedback } = setUp(false);
  receive(datagrams(1, 0, 5_000));
  t.match(feedback, [{ packetsReceived: 5, lastCompleteFrameId: 0 }]);
  player.close();
  t.end();
});

t.test("StreamPlayer goes on with a frame that refers to one before the loss", (t) => {
  const { player, decoded, datagrams, receive, sent, feedback, clock } = setUp();
  receive(datagrams(1, 0, 1_000));
  datagrams(2, 1, 1_000);
  receive(datagrams(3, 1, 1_000));
  clock.advance(60_000);
  player.pump(clock.nowUs());
  t.match(feedback.at(-1), { missingLength: 1, deficit: 1, lastCompleteFrameId: 1 });
  receive(datagrams(4, 3, 1_000));
  t.same(decoded.map(({ frameId }) => frameId), [1, 4]);
  t.same(sent, [], "all of this goes by feedback");
  player.close();
  t.end();
});

t.test("StreamPlayer reports damage of the decoder without waiting for packets", async (t) => {
  const { player, datagrams, receive, sent, feedback, clock } = setUp();
  receive(datagrams(1, 0, 1_000));
  clock.advance(10_000);
  t.equal(feedback.length, 1);
  player.damaged(2, 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
  t.equal(feedback.length, 2);
  t.match(feedback.at(-1), { damagedFrameId: 2, lastCompleteFrameId: 1 });
  t.same(sent, []);
  player.damaged(0, 0);
  t.same(sent, [{ type: "keyframe_request", streamId: 0 }]);
  player.close();
  t.end();
});

t.test("StreamPlayer counts what its receiver saw", (t) => {
  const { player, datagrams, receive } = setUp();
  receive(datagrams(1, 0, 5_000));
  receive([new Uint8Array(3)]);
  t.match(player.receiverStats, { datagrams: 6, malformed: 1, framesYielded: 1, feedbackSent: 1 });
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
