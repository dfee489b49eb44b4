/** Tests of src/pipeline/media_fanout.ts and media_group.ts. */

import t from "tap";
import { isInLayers, MediaGroup } from "../../../src/pipeline/media_group.ts";
import { MAX_SENDERS } from "../../../src/pipeline/media_fanout.ts";
import { parseSourcePacket } from "../../../src/wire/packet.ts";
import { isRepairPacket, parseRepairPacket } from "../../../src/wire/repair.ts";
import { FRAME_US, frameOf, SenderRig } from "./sender_rig.ts";

const repairsOf = (sent: readonly Uint8Array[]) => sent.filter(isRepairPacket);
const sourcesOf = (sent: readonly Uint8Array[]) => sent.filter((bytes) => !isRepairPacket(bytes));
/** What all viewers of a group share: everything but epoch and transport sequence. */
const sharedPart = (packet: Uint8Array) => packet[0] + packet.subarray(4).join();

t.test("MediaFanout cuts and protects once for viewers of any redundancy", (t) => {
  const rig = new SenderRig();
  const viewers = [0, 0.1, 0.3].map((redundancy) => rig.join({ fixedRedundancy: redundancy }));
  rig.play(1, 20);
  const [group] = rig.fanout.groups;
  t.equal(rig.fanout.groups.length, 1);
  t.equal(group!.size, 3);
  const [none, some, many] = viewers.map(({ sent }) => repairsOf(sent));
  t.equal(none!.length, 0);
  t.ok(some!.length > 10 && many!.length > 2.5 * some!.length, `${some!.length}, ${many!.length}`);
  t.equal(group!.fecStats.repairs, many!.length, "as many as the viewer with the most got");
  const sources = sourcesOf(viewers[0]!.sent).length;
  t.equal(group!.packetizerStats.packets, sources, "each packet was cut once");
  for (const { sent } of viewers) {
    t.same(sourcesOf(sent).map(sharedPart), sourcesOf(viewers[0]!.sent).map(sharedPart));
  }
  const made = new Set(many!.map(sharedPart));
  t.ok(some!.every((repair) => made.has(sharedPart(repair))), "the same bytes");
  for (const { sent } of viewers) {
    const sequences = sent.map((bytes) => bytes[2]! | bytes[3]! << 8);
    t.same(sequences, sequences.map((_, index) => index), "each its own transport sequence");
  }
  t.same(rig.faults, []);
  t.end();
});

t.test("MediaFanout holds the rings of groups until nobody watches", (t) => {
  const rig = new SenderRig();
  const [first, second] = [rig.join(), rig.join()];
  t.equal(rig.fanout.heldGroups.length, 0, "nothing before a frame");
  rig.play(1, 3);
  second!.sender.layers = "keyframes";
  rig.push(frameOf(4, 0));
  t.same([rig.fanout.groups.length, rig.fanout.heldGroups.length], [2, 2]);
  rig.fanout.remove(second!.sender);
  t.same([rig.fanout.groups.length, rig.fanout.heldGroups.length], [1, 2], "it may come back");
  rig.fanout.remove(first!.sender);
  t.same([rig.fanout.groups.length, rig.fanout.heldGroups.length], [0, 0]);
  rig.fanout.add(first!.sender);
  rig.push(frameOf(5, 0));
  rig.push(frameOf(6, 1));
  rig.run(60_000);
  t.ok(first!.yielded.includes(6), "and begins anew");
  t.end();
});

t.test("MediaFanout lets all members recover with the repairs they share", (t) => {
  const rig = new SenderRig();
  const [first, second] = [rig.join({ fixedRedundancy: 0.2 }), rig.join({ fixedRedundancy: 0.5 })];
  let packets = 0;
  first!.isLost = (packet) => !isRepairPacket(packet) && ++packets % 11 === 0;
  second!.isLost = (packet) => !isRepairPacket(packet) && parseSourcePacket(packet).packetIndex < 2;
  rig.play(1, 30);
  rig.run(60_000);
  for (const viewer of [first!, second!]) {
    t.same(viewer.yielded, Array.from({ length: 30 }, (_, index) => index + 1));
    t.same(viewer.asked, []);
  }
  t.ok(second!.receiver.stats.recovered >= 60, `${second!.receiver.stats.recovered} recovered`);
  t.end();
});

t.test("MediaFanout covers nothing older than a viewer that joins, or than a keyframe", (t) => {
  const rig = new SenderRig();
  const first = rig.join({ fixedRedundancy: 0.2 });
  rig.play(1, 5);
  const second = rig.join({ fixedRedundancy: 0.2 });
  rig.push(frameOf(6, 1));
  t.equal(second.sent.length, 0, "nothing before a keyframe");
  rig.push(frameOf(7, 0));
  const start = parseSourcePacket(second.sent[0]!).sourceId;
  t.ok(start > 0, "in the middle of the ids");
  const windows = [...repairsOf(second.sent), ...repairsOf(first.sent).slice(-2)].map((packet) => {
    const { lastSourceId, windowLength } = parseRepairPacket(packet);
    return lastSourceId - windowLength + 1;
  });
  t.ok(windows.length >= 3);
  t.ok(windows.every((firstId) => firstId === start), windows.join());
  t.end();
});

t.test("MediaFanout groups viewers by what their paths and layers let them share", (t) => {
  const rig = new SenderRig();
  const [small, large] = [rig.join(), rig.join(), rig.join()];
  large!.maxDatagramSize = 1400;
  rig.play(1, 3);
  t.same(rig.fanout.groups.map(({ size }) => size).toSorted(), [1, 2]);
  // A repair of the longest source packet has four bytes more.
  t.equal(Math.max(...large!.sent.map(({ byteLength }) => byteLength)), 1292);
  t.ok(small!.sent.every(({ byteLength }) => byteLength <= 1150));
  small!.maxDatagramSize = 1400;
  rig.play(4, 6);
  t.equal(rig.fanout.groups.length, 2);
  t.equal(small!.sender.group, large!.sender.group, "a path that grew moves at the next frame");
  t.equal(small!.sent.at(-1)![1]! >> 4, 1, "with a new epoch");
  small!.maxDatagramSize = 900;
  rig.play(7, 7);
  t.equal(small!.sender.group, undefined, "too small for any packet");
  rig.run(60_000);
  t.same(small!.yielded, [1, 2, 3, 4, 5, 6]);
  t.end();
});

t.test("MediaFanout leaves out the layers that a viewer does without", (t) => {
  const rig = new SenderRig();
  const [all, base, key] = [rig.join(), rig.join(), rig.join()];
  const push = (id: number) => {
    if (id % 10 === 1) return rig.push(frameOf(id, 0));
    // Even distances from the keyframe are the base layer; the others refer to the frame before.
    const isBase = id % 2 === 1;
    rig.push(frameOf(id, isBase ? 2 : 1, { layer: isBase ? 0 : 1 }));
  };
  for (let id = 1; id <= 4; id++) push(id);
  base!.sender.layers = "base";
  key!.sender.layers = "keyframes";
  for (let id = 5; id <= 15; id++) push(id);
  base!.sender.layers = "all";
  key!.sender.layers = "all";
  for (let id = 16; id <= 22; id++) push(id);
  rig.run(60_000);
  const ids = Array.from({ length: 22 }, (_, index) => index + 1);
  t.same(all!.yielded, ids);
  t.same(base!.yielded, ids.filter((id) => id <= 4 || id >= 16 || id % 2 === 1));
  t.same(key!.yielded, ids.filter((id) => id <= 4 || id === 11 || id >= 21));
  t.end();
});

t.test("isInLayers knows layers", (t) => {
  t.ok(isInLayers("all", frameOf(2, 1, { layer: 1 })));
  t.notOk(isInLayers("base", frameOf(2, 1, { layer: 1 })));
  t.ok(isInLayers("base", frameOf(2, 1)));
  t.notOk(isInLayers("keyframes", frameOf(2, 1)));
  t.ok(isInLayers("keyframes", frameOf(2, 0)));
  t.end();
});

t.test("MediaFanout has room for 64 viewers, and one that leaves begins anew", (t) => {
  const rig = new SenderRig();
  const viewers = Array.from({ length: MAX_SENDERS }, () => rig.join());
  t.equal(rig.fanout.size, MAX_SENDERS);
  t.notOk(rig.fanout.add(viewers[0]!.sender) && rig.fanout.size > MAX_SENDERS);
  const [first] = viewers;
  rig.play(1, 2);
  rig.fanout.remove(first!.sender);
  rig.push(frameOf(3, 1));
  t.ok(rig.fanout.add(first!.sender));
  rig.push(frameOf(4, 1));
  rig.push(frameOf(5, 0));
  rig.run(FRAME_US);
  t.same(first!.yielded, [1, 2, 5]);
  t.end();
});

t.test("MediaFanout removes a sender that throws, and goes on with the others", (t) => {
  const rig = new SenderRig();
  const [bad, good] = [rig.join(), rig.join()];
  rig.play(1, 2);
  Object.defineProperty(bad!, "maxDatagramSize", {
    get() {
      throw new Error("the connection is gone");
    },
  });
  rig.play(3, 4);
  t.equal(rig.faults.length, 1);
  t.equal(rig.fanout.size, 1);
  rig.run(60_000);
  t.same(good!.yielded, [1, 2, 3, 4]);
  t.end();
});

t.test("MediaGroup holds one coding ring, and makes no packet for nobody", (t) => {
  const group = new MediaGroup({ streamId: 0, datagramClass: 1, layers: "all" });
  t.ok(group.bufferBytes < 800_000, `${group.bufferBytes} bytes`);
  group.push(frameOf(1, 0), 0);
  t.equal(group.packetizerStats.packets, 0);
  t.end();
});
