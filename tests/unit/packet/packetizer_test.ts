/** Round trips of src/packet: packetizer to depacketizer, sizes, damage and hostile packets. */

import t from "tap";
import { Depacketizer } from "../../../src/packet/depacketizer.ts";
import { Packetizer } from "../../../src/packet/packetizer.ts";
import { MAX_FRAME_BYTES } from "../../../src/wire/frame.ts";
import type { EncodedFrame } from "../../../src/wire/frame.ts";
import {
  packetPayloadCapacity,
  parseSourcePacket,
  SOURCE_HEADER_BYTES,
} from "../../../src/wire/packet.ts";
import type { SourcePacket } from "../../../src/wire/packet.ts";
import { seededRandom } from "../../seeded.ts";

const DATAGRAM = 1200;

function frameOf(frameId: number, payload: Uint8Array, referenceDistance = 1): EncodedFrame {
  return { streamId: 2, frameId, referenceDistance, captureTimeUs: frameId * 1000, payload };
}

interface Packet extends SourcePacket {
  readonly bytes: Uint8Array;
}

function packetsOf(packetizer: Packetizer, frame: EncodedFrame, size = DATAGRAM): Packet[] {
  const packets: Packet[] = [];
  packetizer.push(frame, size, (packet) => {
    const bytes = packet.slice();
    packets.push({ ...parseSourcePacket(bytes), bytes });
  });
  return packets;
}

t.test("Packetizer and Depacketizer round trip every size near a packet boundary", (t) => {
  const random = seededRandom("packetizer sizes");
  const packetizer = new Packetizer(2);
  const depacketizer = new Depacketizer();
  const capacity = packetPayloadCapacity(DATAGRAM);
  const sizes = [1, capacity - 1, capacity, capacity + 1, 2 * capacity, 300_000, MAX_FRAME_BYTES];
  sizes.forEach((size, index) => {
    const frame = frameOf(index + 1, random.bytes(size), index === 0 ? 0 : 1);
    const packets = packetsOf(packetizer, frame);
    t.equal(packets.length, Math.ceil(size / capacity));
    const outcomes = packets.map((packet) => depacketizer.push(packet, packet.bytes));
    t.equal(outcomes.at(-1), "complete");
    t.ok(outcomes.slice(0, -1).every((outcome) => outcome === "open"));
    t.equal(depacketizer.frame?.frameId, frame.frameId);
    t.equal(depacketizer.frame?.captureTimeUs, frame.captureTimeUs);
    t.ok(equal(depacketizer.frame?.payload, frame.payload), `${size} bytes`);
  });
  t.ok(depacketizer.bufferBytes <= MAX_FRAME_BYTES + SOURCE_HEADER_BYTES);
  t.end();
});

t.test("Packetizer counts ids on and refuses frames that the wire cannot hold", (t) => {
  const packetizer = new Packetizer(0);
  packetsOf(packetizer, frameOf(1, new Uint8Array(5000), 0));
  t.equal(packetizer.nextSourceId, 5);
  t.equal(packetsOf(packetizer, frameOf(2, new Uint8Array(0))).length, 0);
  t.equal(packetsOf(packetizer, frameOf(2, new Uint8Array(MAX_FRAME_BYTES * 2))).length, 0);
  t.equal(packetsOf(packetizer, frameOf(2, new Uint8Array(10)), 600).length, 0);
  t.equal(packetsOf(packetizer, frameOf(2, new Uint8Array(10), 256)).length, 0);
  t.same(packetizer.stats, { frames: 1, packets: 5, payloadBytes: 5000, framesRefused: 4 });
  t.throws(() => new Packetizer(16), { message: /16/ });
  t.end();
});

t.test("Depacketizer gives up a frame whose packets do not all come", (t) => {
  const packetizer = new Packetizer(2);
  const depacketizer = new Depacketizer();
  const [first, , third] = packetsOf(packetizer, frameOf(1, new Uint8Array(3000), 0));
  const second = packetsOf(packetizer, frameOf(2, new Uint8Array(100)));
  if (first === undefined || third === undefined || second[0] === undefined) throw new Error();
  t.equal(depacketizer.push(first, first.bytes), "open");
  t.equal(depacketizer.openFrameId, 1);
  t.equal(depacketizer.push(third, third.bytes), "orphan");
  t.equal(depacketizer.openFrameId, undefined);
  t.equal(depacketizer.push(second[0], second[0].bytes), "complete");
  t.same(depacketizer.stats, {
    framesCompleted: 1,
    framesDamaged: 1,
    packetsOrphaned: 1,
    packetsMismatched: 0,
  });
  t.end();
});

t.test("Depacketizer refuses packets that contradict their frame", (t) => {
  const contradictions: Partial<SourcePacket>[] = [
    { frameId: 9 },
    { packetCount: 4 },
    { referenceDistance: 2 },
    { captureTimeUs: 1 },
  ];
  for (const contradiction of contradictions) {
    const depacketizer = new Depacketizer();
    const [first, second] = packetsOf(new Packetizer(2), frameOf(1, new Uint8Array(3000)));
    if (first === undefined || second === undefined) throw new Error();
    depacketizer.push(first, first.bytes);
    t.equal(depacketizer.push({ ...second, ...contradiction }, second.bytes), "mismatch");
    t.equal(depacketizer.stats.framesDamaged, 1);
  }
  t.end();
});

t.test("Depacketizer stops a frame that grows beyond the limit", (t) => {
  const depacketizer = new Depacketizer();
  const payloadBytes = 1476;
  const datagram = new Uint8Array(SOURCE_HEADER_BYTES + payloadBytes);
  let outcome = "";
  for (let index = 0; outcome !== "too_large" && index < 4000; index++) {
    outcome = depacketizer.push({
      streamId: 0,
      epoch: 0,
      transportSequence: 0,
      sourceId: index,
      frameId: 1,
      packetIndex: index,
      packetCount: 4000,
      sliceIndex: 0,
      referenceDistance: 0,
      captureTimeUs: 0,
      payloadBytes,
    }, datagram);
  }
  t.equal(outcome, "too_large");
  t.ok(depacketizer.bufferBytes <= MAX_FRAME_BYTES + SOURCE_HEADER_BYTES);
  t.end();
});

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i]);
}
