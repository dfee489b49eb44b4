/** Order of a publisher's packets, what is asked for again, and what is given up. */

import t from "tap";
import {
  REORDER_BYTES,
  REORDER_PACKETS,
  WhipReorder,
} from "../../../../src/transport/webrtc/whip_reorder.ts";
import { seededRandom } from "../../../seeded.ts";

const WAIT_US = 200_000;
const ROUND_TRIP_US = 40_000;

class Packet {
  readonly sequence: number;
  readonly byteLength: number;

  constructor(sequence: number, byteLength = 1200) {
    this.sequence = sequence;
    this.byteLength = byteLength;
  }
}

function drain(reorder: WhipReorder<Packet>, nowUs: number): { ids: number[]; holes: number[] } {
  const ids: number[] = [];
  const holes: number[] = [];
  for (let next = reorder.pull(nowUs); next !== undefined; next = reorder.pull(nowUs)) {
    ids.push(next.packet.sequence);
    if (next.isAfterHole) holes.push(next.packet.sequence);
  }
  return { ids, holes };
}

t.test("What came out of order goes on in order, across the end of the numbers", (t) => {
  const reorder = new WhipReorder<Packet>({ waitUs: WAIT_US });
  const order = [65533, 65535, 65534, 1, 0, 2];
  for (const sequence of order) reorder.push(sequence, new Packet(sequence), 0);
  t.same(drain(reorder, 0), { ids: [65533, 65534, 65535, 0, 1, 2], holes: [] });
  reorder.push(1, new Packet(1), 0);
  t.equal(reorder.stats.late, 1, "one that came twice is dropped");
  t.equal(reorder.heldBytes, 0);
  t.end();
});

t.test("What is missing is asked for a few times and then given up", (t) => {
  const reorder = new WhipReorder<Packet>({ waitUs: WAIT_US });
  reorder.push(10, new Packet(10), 0);
  reorder.push(13, new Packet(13), 0);
  t.same(drain(reorder, 0).ids, [10]);
  t.same(reorder.asks(1000, ROUND_TRIP_US), [], "it may only have been overtaken");
  t.same(reorder.asks(6000, ROUND_TRIP_US), [11, 12]);
  t.same(reorder.asks(20_000, ROUND_TRIP_US), [], "an answer takes a round trip");
  t.same(reorder.asks(50_000, ROUND_TRIP_US), [11, 12]);
  reorder.push(12, new Packet(12), 60_000);
  t.equal(reorder.stats.recovered, 1);
  t.same(drain(reorder, 100_000).ids, [], "what is still missing is waited for");
  t.same(drain(reorder, WAIT_US), { ids: [12, 13], holes: [12] });
  t.equal(reorder.stats.lost, 1);
  let asked = 0;
  for (let nowUs = 0; nowUs < 1e6; nowUs += 5000) asked += reorder.asks(nowUs, 1).length;
  t.equal(asked, 0, "nobody asks for what was given up");
  t.end();
});

t.test("Whatever comes, it holds no more than its limits", (t) => {
  const random = seededRandom("whip reorder limits");
  const reorder = new WhipReorder<Packet>({ waitUs: WAIT_US });
  let nowUs = 0;
  let isOver = false;
  for (let step = 0; step < 20_000; step++) {
    nowUs += random.int(2000);
    const sequence = random.next() < 0.5 ? random.int(65536) : (step & 0xffff);
    reorder.push(sequence, new Packet(sequence, 1 + random.int(60_000)), nowUs);
    if (random.next() < 0.01) drain(reorder, nowUs);
    if (random.next() < 0.1) reorder.asks(nowUs, ROUND_TRIP_US);
    isOver ||= reorder.heldBytes > REORDER_BYTES;
  }
  t.notOk(isOver, `at most ${REORDER_BYTES} bytes`);
  reorder.clear();
  t.equal(reorder.heldBytes, 0);
  t.end();
});

t.test("A publisher that counts anew is followed", (t) => {
  const reorder = new WhipReorder<Packet>({ waitUs: WAIT_US });
  reorder.push(5000, new Packet(5000), 0);
  drain(reorder, 0);
  const far = 5000 + REORDER_PACKETS + 10;
  reorder.push(far, new Packet(far), 1000);
  t.same(drain(reorder, 1000), { ids: [far], holes: [far] }, "after a jump ahead");
  reorder.push(17, new Packet(17), 2000);
  t.same(drain(reorder, 2000), { ids: [17], holes: [17] }, "and after one back");
  t.end();
});

t.test("With losses that are repaired nothing is missing, in random order", (t) => {
  const random = seededRandom("whip reorder repair");
  const reorder = new WhipReorder<Packet>({ waitUs: WAIT_US });
  const late: { readonly sequence: number; readonly dueUs: number }[] = [];
  const got: number[] = [];
  const isLost = new Set<number>();
  for (let index = 0; index < 5000; index++) {
    const nowUs = index * 1000;
    const sequence = (60_000 + index) & 0xffff;
    const fate = random.next();
    if (fate < 0.05 && index < 4800) isLost.add(sequence);
    else if (fate < 0.15) late.push({ sequence, dueUs: nowUs + random.int(4000) });
    else reorder.push(sequence, new Packet(sequence), nowUs);
    for (const asked of reorder.asks(nowUs, ROUND_TRIP_US)) {
      // A repair may be lost as well.
      if (random.next() < 0.8) late.push({ sequence: asked, dueUs: nowUs + 20_000 });
    }
    for (let at = late.length - 1; at >= 0; at--) {
      if (late[at]!.dueUs > nowUs) continue;
      reorder.push(late[at]!.sequence, new Packet(late[at]!.sequence), nowUs);
      late.splice(at, 1);
    }
    got.push(...drain(reorder, nowUs).ids);
  }
  for (const { sequence } of late) reorder.push(sequence, new Packet(sequence), 5e6);
  got.push(...drain(reorder, 6e6).ids);
  const first = got[0]!;
  t.ok(isLost.size > 200, `${isLost.size} were lost`);
  t.ok(got.every((sequence, index) => sequence === ((first + index) & 0xffff)), "order is kept");
  t.equal(reorder.stats.lost, 0);
  t.end();
});
