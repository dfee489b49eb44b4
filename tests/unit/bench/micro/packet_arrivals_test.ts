/** Tests of bench/micro/packet_arrivals.ts, and of the plain ways that products are measured against. */

import t from "tap";
import {
  ARRIVAL_KINDS,
  FIRST_ID,
  packetArrivals,
} from "../../../../bench/micro/packet_arrivals.ts";
import { PlainPacketizer } from "../../../../bench/micro/plain_packetizer.ts";
import { PlainReorder } from "../../../../bench/micro/plain_reorder.ts";
import { takeTurns } from "../../../../bench/micro/turns.ts";
import { add32, distance32 } from "../../../../src/core/sequence.ts";
import { Packetizer } from "../../../../src/packet/packetizer.ts";
import { randomFromSeed } from "../../../seeded.ts";

const COUNT = 20_000;
/** Comparing long lists by their elements takes tap minutes. */
const isSame = (left: ArrayLike<number>, right: ArrayLike<number>) =>
  left.length === right.length && Array.from(left).every((value, at) => value === right[at]);
const offsetsOf = (ids: Uint32Array) => [...ids].map((id) => distance32(FIRST_ID, id));

t.test("packetArrivals makes the kinds of paths that it names, by the seed", (t) => {
  const lists = Object.fromEntries(
    ARRIVAL_KINDS.map((kind) => [kind, packetArrivals(kind, COUNT, randomFromSeed(1))]),
  ) as Record<(typeof ARRIVAL_KINDS)[number], Uint32Array>;
  const all = Array.from({ length: COUNT }, (_, at) => at);
  t.ok(isSame(offsetsOf(lists["in order"]), all), "in order, over the wrap");
  const late = offsetsOf(lists.reordered);
  const sorted = late.toSorted((left, right) => left - right);
  t.ok(isSame(sorted, all), "late packets arrive, once each");
  const overtaken = late.filter((offset, at) => at > 0 && offset < late[at - 1]!).length;
  t.ok(overtaken > 0.03 * COUNT && overtaken < 0.06 * COUNT, `${overtaken} overtaken`);
  t.ok(late.every((offset, at) => Math.abs(offset - at) <= 60), "none by much");
  const kept = offsetsOf(lists["bursts lost"]);
  t.ok(kept.length > 0.96 * COUNT && kept.length < COUNT, `${kept.length} arrive`);
  const gaps = kept.filter((offset, at) => at > 0 && offset !== kept[at - 1]! + 1).length;
  t.ok((COUNT - kept.length) / gaps > 2, "several at a time are lost");
  const hostile = offsetsOf(lists.hostile);
  t.ok(hostile.some((offset) => offset < 0) && hostile.some((offset) => offset > 2 ** 30));
  const hostileBy = (seed: number) => packetArrivals("hostile", COUNT, randomFromSeed(seed));
  t.ok(isSame(hostileBy(1), lists.hostile), "the seed decides");
  t.notOk(isSame(hostileBy(2), lists.hostile));
  t.end();
});

t.test("PlainReorder puts packets in order and holds all that comes", (t) => {
  const plain = new PlainReorder(FIRST_ID);
  const bytes = (value: number) => Uint8Array.of(value);
  for (const offset of [1, 0, 3, 3, 5]) plain.push(add32(FIRST_ID, offset), bytes(offset));
  t.same([plain.pull()?.[0], plain.pull()?.[0], plain.pull()], [0, 1, undefined]);
  plain.push(FIRST_ID, bytes(0));
  t.same([plain.size, plain.heldBytes], [2, 2], "neither doubled nor passed ones");
  plain.skipGap();
  t.equal(plain.nextId, add32(FIRST_ID, 3));
  t.equal(plain.pull()?.[0], 3);
  for (let id = 0; id < 5000; id++) plain.push(add32(FIRST_ID, 10_000 + 3 * id), bytes(1));
  t.equal(plain.size, 5001);
  t.end();
});

t.test("PlainPacketizer makes the packets of the packetizer", (t) => {
  const payload = randomFromSeed(1).bytes(60_000);
  const frame = { streamId: 3, frameId: 9, referenceDistance: 1, captureTimeUs: 5, payload };
  const [plain, expected]: [Uint8Array[], Uint8Array[]] = [[], []];
  const packetizer = new PlainPacketizer();
  t.equal(packetizer.push(frame, 1292, (packet) => plain.push(packet.slice())), 48);
  new Packetizer(3).push(frame, 1292, (packet) => expected.push(packet.slice()));
  t.equal(plain.length, expected.length);
  t.ok(plain.every((packet, at) => isSame(packet, expected[at]!)));
  t.equal(packetizer.packets, 48);
  t.equal(packetizer.bufferBytes, 60_000 + 48 * 24);
  t.end();
});

t.test("takeTurns counts time and bytes of the heap for each unit", async (t) => {
  const kept: number[][] = [];
  const ways = [
    { name: "frugal", round: () => 100_000 },
    {
      name: "wasteful",
      round: () => {
        for (let unit = 0; unit < 1000; unit++) kept[unit] = new Array(100).fill(unit);
        return 1000;
      },
    },
  ] as const;
  const costs = await takeTurns(ways, 4, new AbortController().signal);
  t.equal(costs.wasteful.unitNs.length, 4);
  t.ok(costs.wasteful.heapBytes >= 400, `${costs.wasteful.heapBytes} bytes for 100 numbers`);
  t.ok(costs.frugal.heapBytes < 100, `${costs.frugal.heapBytes} bytes for nothing`);
  const reason = new Error("Interrupted");
  await t.rejects(takeTurns(ways, 1, AbortSignal.abort(reason)), { message: "Interrupted" });
});
