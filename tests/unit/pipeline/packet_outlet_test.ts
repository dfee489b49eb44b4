/** Tests of src/pipeline/packet_outlet.ts and sender_path.ts. */

import t from "tap";
import { SentPackets } from "../../../src/congestion/sent_packets.ts";
import { PacketOutlet } from "../../../src/pipeline/packet_outlet.ts";
import { FLIGHT_BYTES_MAX, SenderPath } from "../../../src/pipeline/sender_path.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";
import { PACKET_FLAG_REPAIR } from "../../../src/wire/packet.ts";

const EMPTY = new Uint8Array(0);

/** A packet of `bytes` bytes with a source id. */
function packetOf(sourceId: number, bytes = 1000): Uint8Array {
  const packet = new Uint8Array(bytes);
  new DataView(packet.buffer).setUint32(4, sourceId, true);
  return packet;
}

function setUp(targetBps: number) {
  const sent = new SentPackets();
  const packets: Uint8Array[] = [];
  const state = { takes: true };
  const outlet = new PacketOutlet({
    connection: {
      maxDatagramSize: 1200,
      sendDatagram: (bytes) => {
        if (state.takes) packets.push(bytes.slice());
        return state.takes;
      },
    },
    streamId: 3,
    ...{ sent, targetBps },
  });
  outlet.startEpoch();
  return { outlet, sent, packets, state };
}

t.test("PacketOutlet stamps stream, epoch and a sequence of its own", (t) => {
  const { outlet, packets, sent } = setUp(20e6);
  outlet.send(packetOf(7), 0);
  outlet.startEpoch();
  outlet.send(packetOf(9), 0);
  t.same(packets.map((packet) => [...packet.subarray(1, 4)]), [[0x03, 0, 0], [0x13, 1, 0]]);
  for (let count = 0; count < 300; count++) outlet.send(packetOf(10 + count, 100), count * 1000);
  t.equal(outlet.newestSequence, 301);
  t.same([...packets.at(-1)!.subarray(1, 4)], [0x13, 301 & 0xff, 301 >> 8]);
  t.equal(sent.stats.packets, 302);
  t.equal(outlet.stats.headerBytesSent, 302 * 24);
  const repair = packetOf(1);
  repair[0] = PACKET_FLAG_REPAIR;
  outlet.send(repair, 1e6);
  t.equal(outlet.stats.headerBytesSent, 302 * 24 + 12, "a repair has a shorter one");
  t.end();
});

t.test("PacketOutlet gives no sequence to what the transport did not take", (t) => {
  const { outlet, packets, state, sent } = setUp(20e6);
  outlet.send(packetOf(1), 0);
  state.takes = false;
  outlet.send(packetOf(2), 0);
  state.takes = true;
  outlet.send(packetOf(3), 0);
  t.same(packets.map((packet) => packet[2]), [0, 1]);
  t.match(outlet.stats, { packetsSent: 2, packetsDropped: 1, bytesSent: 2000 });
  t.equal(sent.bytesInFlight, 2000);
  t.end();
});

t.test("PacketOutlet knows which source packets had left with each sequence", (t) => {
  const { outlet } = setUp(2e6);
  t.equal(outlet.lastSourceId, undefined);
  const repair = packetOf(0);
  repair[0] = PACKET_FLAG_REPAIR;
  outlet.send(repair, 0);
  t.equal(outlet.lastSourceIdAt(0), undefined, "a repair is no source");
  for (let id = 0xffff_fffe; id < 0x1_0000_000e; id++) outlet.send(packetOf(id >>> 0, 1250), 0);
  // The micro-burst of 2 Mbit/s is 16 KiB.
  t.equal(outlet.lastSourceId, 9, "the rest waits");
  t.ok(outlet.queuedBytes > 0);
  t.equal(outlet.lastSourceIdAt(1), 0xffff_fffe);
  t.equal(outlet.lastSourceIdAt(outlet.newestSequence), 9);
  t.equal(outlet.lastSourceIdAt(outlet.newestSequence + 1), undefined, "not sent yet");
  const deadline = outlet.deadline!;
  outlet.pull(deadline);
  t.ok(outlet.lastSourceId! > 9, "the first that waited");
  outlet.startEpoch();
  t.equal(outlet.lastSourceId, undefined, "other ids");
  outlet.pull(1_000_000);
  t.equal(outlet.lastSourceId, undefined, "what waited is of the epoch before");
  outlet.clear();
  t.equal(outlet.queuedBytes, 0);
  t.end();
});

/** Feedback that acknowledges all up to `newestSequence`. */
function feedbackOf(changes: Partial<Feedback>): Feedback {
  return {
    ...{ streamId: 0, epoch: 0, sequence: 0, newestSequence: 0, newestArrivalUs: 0, sentUs: 0 },
    ...{ packetsReceived: 1, firstMissingId: 0, missingLength: 0, deficit: 0, loss: 0 },
    ...{ burstLength: 1, lastCompleteFrameId: 0, damagedFrameId: 0, presentedFrameId: 0 },
    ...{ presentedUs: 0, recovered: 0, decodeQueue: 0, bitmap: EMPTY, arrivals: [] },
    ...changes,
  };
}

t.test("SenderPath bounds what is in flight by rate, path and frames", (t) => {
  const of = (targetBps: number) =>
    new SenderPath({
      controller: "trend",
      limits: { startBps: targetBps, minBps: targetBps, maxBps: targetBps },
      frameIntervalUs: 16_667,
    });
  t.equal(of(300e3).flightBytesMax, 64 * 1024, "always a little");
  const path = of(20e6);
  const empty = path.flightBytesMax;
  t.ok(empty > 300_000 && empty < 800_000, `${empty} before the round trip is known`);
  path.sent.push(0, 1000, 0);
  path.observe(feedbackOf({}), 20_000, false);
  t.equal(path.emptyRttUs, 20_000);
  const near = path.flightBytesMax;
  t.equal(near, 300_000, "120 ms of the rate, should the viewer stall");
  path.noteFrame(200_000, 160);
  t.equal(path.flightBytesMax, near + 200_000, "a large frame besides");
  for (let frame = 0; frame < 30; frame++) path.noteFrame(1000, 1);
  t.ok(path.flightBytesMax < near + 110_000, "for half a second");
  t.equal(of(900e6).flightBytesMax, FLIGHT_BYTES_MAX);
  t.end();
});

t.test("SenderPath takes an outage for no property of the path", (t) => {
  const limits = { startBps: 8e6, minBps: 300e3, maxBps: 8e6 };
  const of = (endsSilence: boolean) => {
    const path = new SenderPath({ controller: "trend", limits, frameIntervalUs: 16_667 });
    let sequence = 0;
    const report = (lost: number, isEnd: boolean) => {
      const nowUs = sequence * 1000;
      for (let packet = 0; packet < 20 + lost; packet++) path.sent.push(sequence++, 1000, nowUs);
      const bitmap = new Uint8Array(64);
      for (let bit = 0; bit < 19; bit++) bitmap[bit >> 3]! |= 1 << (bit & 7);
      const newestSequence = (sequence - 1) & 0xffff;
      path.observe(
        feedbackOf({ sequence, newestSequence, packetsReceived: sequence, bitmap }),
        nowUs + 20_000,
        isEnd,
      );
    };
    for (let count = 0; count < 20; count++) report(0, false);
    report(150, endsSilence);
    return path;
  };
  t.ok(of(false).redundancy > 0.2, "150 packets lost in one run");
  t.ok(of(true).redundancy < 0.12, "150 packets while the path was gone");
  t.end();
});
