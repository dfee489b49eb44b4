/** Tests of when a frame counts as late or lost, and of slots to recover. */

import t from "tap";
import { CompletionCounter } from "../../../../bench/simulator/completion_counter.ts";
import { SOURCE_HEADER_BYTES, writeSourceHeader } from "../../../../src/wire/packet.ts";
import { emptyRepairHeader, writeRepairHeader } from "../../../../src/wire/repair.ts";

const INTERVAL_US = 10_000;

function sourcePacket(sourceId: number): Uint8Array {
  const packet = new Uint8Array(SOURCE_HEADER_BYTES + 4);
  writeSourceHeader(new DataView(packet.buffer), {
    streamId: 0,
    transportSequence: sourceId,
    sourceId,
    frameId: Math.floor(sourceId / 2) + 1,
    packetIndex: sourceId % 2,
    packetCount: 2,
    sliceIndex: 0,
    referenceDistance: 1,
    captureTimeUs: 0,
    payloadBytes: 4,
  });
  return packet;
}

function repairPacket(transportSequence: number, isReactive = false): Uint8Array {
  const packet = new Uint8Array(40);
  const header = { ...emptyRepairHeader(), transportSequence, isReactive, windowLength: 1 };
  writeRepairHeader(packet, header, 0);
  return packet;
}

t.test("CompletionCounter counts lateness from the end of the frame's own repairs", (t) => {
  const counter = new CompletionCounter(4, { frameIntervalUs: INTERVAL_US });
  for (let sourceId = 0; sourceId < 8; sourceId++) {
    counter.noteSent(sourcePacket(sourceId), 1000 * sourceId);
    if (sourceId % 2 === 1) counter.noteSent(repairPacket(100 + sourceId), 1000 * sourceId + 500);
  }
  // Frame 1 in time with its repair, 2 one frame late, 3 three frames late, 4 never.
  const arrive = (sourceId: number, atUs: number) =>
    counter.noteArrived(sourcePacket(sourceId), atUs);
  arrive(0, 0);
  counter.noteRecovered({ sourceId: 1, frameId: 1 }, 1500);
  arrive(2, 2000);
  arrive(3, 3500 + INTERVAL_US);
  arrive(4, 4000);
  arrive(4, 4001);
  t.same(counter.summary(3, 3).never, 1, "a duplicate is not the other packet");
  arrive(5, 5501 + 2 * INTERVAL_US);
  arrive(6, 6000);
  const { late, never, neverFrames, frames, overhead } = counter.summary(1, 4);
  t.same(late, [0.75, 0.5, 0.5]);
  t.match({ never, neverFrames, frames, overhead }, { never: 0.25, neverFrames: 1, frames: 4 });
  t.equal(overhead, 0.5);
  t.end();
});

t.test("CompletionCounter measures recovery in slots; reactive repairs end no frame", (t) => {
  const counter = new CompletionCounter(2, { frameIntervalUs: INTERVAL_US });
  counter.noteSent(sourcePacket(0), 0);
  counter.noteSent(sourcePacket(1), 0);
  counter.noteSent(repairPacket(50), 100);
  counter.noteSent(repairPacket(51, true), 50_000);
  counter.noteArrived(sourcePacket(0), 0);
  counter.noteArrived(repairPacket(51, true), 50_000);
  counter.noteRecovered({ sourceId: 1, frameId: 1 }, 50_000);
  const { slotsP50, slotsP99, late } = counter.summary(1, 1);
  t.equal(slotsP50, 2);
  t.equal(slotsP99, 2);
  t.same(late, [1, 1, 1]);
  t.end();
});
