import t from "tap";
import { FLIGHT_BYTES_MAX } from "../../../src/pipeline/sender_path.ts";
import { MAX_DATAGRAM_BYTES, MAX_RELIABLE_DATAGRAM_BYTES } from "../../../src/wire/packet.ts";
import { ReliableRig } from "./reliable_rig.ts";

const SECOND_US = 1_000_000;

t.test("MediaSender over a rung that loses nothing sends long packets and no repairs", (t) => {
  const rig = new ReliableRig();
  rig.run(3 * SECOND_US);
  t.same(rig.faults, []);
  t.ok(Math.max(...rig.sizes) > MAX_DATAGRAM_BYTES, "packets that fit into no datagram of QUIC");
  t.ok(Math.max(...rig.sizes) <= MAX_RELIABLE_DATAGRAM_BYTES);
  t.equal(rig.sender.stats.repairsSent, 0);
  t.equal(rig.receiver.stats.malformed, 0);
  t.equal(rig.receiver.stats.packetsLost, 0);
  t.ok(rig.receiver.stats.framesYielded >= 175, `${rig.receiver.stats.framesYielded} frames`);
  t.equal(rig.repairs, 0);
  t.end();
});

t.test("MediaSender over a rung that loses nothing follows 20 to 4 Mbit/s and back", (t) => {
  const rig = new ReliableRig();
  rig.run(5 * SECOND_US);
  t.ok(rig.sender.videoBps > 14e6, `${rig.sender.videoBps} of 20 Mbit/s`);
  rig.rateBps = 4e6;
  rig.run(2 * SECOND_US);
  t.ok(rig.queuedBytesMax <= FLIGHT_BYTES_MAX, `${rig.queuedBytesMax} bytes waited`);
  t.ok(rig.sender.stats.framesSkipped > 0, "whole frames were left out");
  rig.takeLatencyMs();
  rig.run(5 * SECOND_US);
  t.ok(rig.sender.videoBps < 4.5e6, `${rig.sender.videoBps} of 4 Mbit/s`);
  t.ok(rig.latenciesUs.length > 290, `${rig.latenciesUs.length} of 300 frames`);
  const lateMs = rig.takeLatencyMs(0.95);
  t.ok(lateMs < 60, `${lateMs} ms late`);
  rig.rateBps = 20e6;
  rig.run(8 * SECOND_US);
  t.ok(rig.sender.videoBps > 14e6, `${rig.sender.videoBps} of 20 Mbit/s again`);
  t.equal(rig.receiver.stats.framesUndecodable, 0);
  t.end();
});

t.test("MediaSender over a rung that loses nothing finds out what a path carries", (t) => {
  const rig = new ReliableRig();
  rig.encoderBps = 500_000;
  rig.run(4 * SECOND_US);
  t.ok(rig.sender.videoBps > 10e6, `${rig.sender.videoBps} though the picture needs little`);
  t.equal(rig.receiver.stats.malformed, 0);
  t.end();
});

t.test("MediaSender sends nothing at all while a rung that loses nothing stands", (t) => {
  const rig = new ReliableRig();
  rig.run(3 * SECOND_US);
  rig.isStopped = true;
  rig.run(SECOND_US);
  const sent = rig.sizes.length;
  t.ok(rig.queuedBytes <= FLIGHT_BYTES_MAX, `${rig.queuedBytes} bytes wait`);
  rig.run(20 * SECOND_US);
  t.equal(rig.sizes.length, sent, "no probe piles up behind what waits");
  t.equal(rig.sender.isSilent, true);
  rig.isStopped = false;
  rig.run(2 * SECOND_US);
  rig.takeLatencyMs();
  rig.run(SECOND_US);
  t.ok(rig.latenciesUs.length >= 58, `${rig.latenciesUs.length} frames in the third second`);
  t.ok(rig.takeLatencyMs() < 40);
  t.end();
});
