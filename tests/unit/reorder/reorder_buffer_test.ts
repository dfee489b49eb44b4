/** Tests of src/reorder/reorder_buffer.ts: order, outcomes, and bounds under hostile arrival. */

import t from "tap";
import { REORDER_WINDOW_PACKETS, ReorderBuffer } from "../../../src/reorder/reorder_buffer.ts";
import { add32 } from "../../../src/core/sequence.ts";
import { seededRandom } from "../../seeded.ts";

const packet = (value: number) => Uint8Array.of(value & 0xff, (value >> 8) & 0xff, 1);

t.test("ReorderBuffer restores order across the wrap", (t) => {
  const first = 0xffff_fffd;
  const buffer = new ReorderBuffer(first, 8);
  for (const offset of [2, 0, 1, 4, 3]) buffer.push(add32(first, offset), packet(offset));
  const pulled: (number | undefined)[] = [];
  for (let bytes = buffer.pull(); bytes !== undefined; bytes = buffer.pull()) pulled.push(bytes[0]);
  t.same(pulled, [0, 1, 2, 3, 4]);
  t.equal(buffer.nextId, 2);
  t.end();
});

t.test("ReorderBuffer tells duplicate, too old, too large and far ahead apart", (t) => {
  const buffer = new ReorderBuffer(10, 8);
  t.equal(buffer.push(10, packet(1)), "accepted");
  t.equal(buffer.push(10, packet(1)), "duplicate");
  t.equal(buffer.push(9, packet(1)), "too_old");
  t.equal(buffer.push(11, new Uint8Array(1501)), "too_large");
  t.equal(buffer.push(11, new Uint8Array(0)), "too_large");
  t.equal(buffer.push(12, packet(3)), "accepted");
  t.equal(buffer.push(19, packet(9)), "window_moved");
  t.same(buffer.stats, {
    accepted: 3,
    duplicates: 1,
    tooOld: 1,
    windowMoves: 1,
    dropped: 1,
    tooLarge: 2,
    skipped: 1,
  });
  t.equal(buffer.nextId, 12);
  t.equal(buffer.pull()?.[0], 3);
  t.end();
});

t.test("ReorderBuffer skips a gap only up to the first packet held", (t) => {
  const buffer = new ReorderBuffer(0, 8);
  t.equal(buffer.gapLength, 0);
  t.equal(buffer.skipGap(), 0);
  buffer.push(3, packet(3));
  t.ok(buffer.blocked);
  t.equal(buffer.gapLength, 3);
  t.equal(buffer.skipGap(), 3);
  t.notOk(buffer.blocked);
  t.equal(buffer.pull()?.[0], 3);
  t.equal(buffer.pull(), undefined);
  t.end();
});

t.test("ReorderBuffer keeps at most 2 MB and its invariants under hostile arrival", (t) => {
  const random = seededRandom("reorder hostile arrival");
  const buffer = new ReorderBuffer(random.int(2 ** 32));
  t.ok(buffer.bufferBytes <= 2 * 1024 * 1024, `${buffer.bufferBytes} bytes`);
  const bytes = buffer.bufferBytes;
  let pulled = 0;
  for (let step = 0; step < 200_000; step++) {
    const jump = random.pick([1, 1, 1, 2, 3, -1, 50, 1023, 1024, 5000, 2 ** 31 - 1, -(2 ** 31)]);
    const before = buffer.nextId;
    const id = random.next() < 0.1 ? random.int(2 ** 32) : add32(before, jump - 1);
    const outcome = buffer.push(id, packet(id));
    if (outcome === "accepted" || outcome === "window_moved") pulled--;
    while (random.next() < 0.5) {
      const next = buffer.nextId;
      const out = buffer.pull();
      if (out === undefined) break;
      pulled++;
      if (out[0] !== (next & 0xff) || out[1] !== ((next >> 8) & 0xff)) {
        t.fail(`id ${next} yields the bytes of another, seed ${random.seed}`);
      }
    }
    if (random.next() < 0.01) buffer.skipGap();
    if (buffer.size > REORDER_WINDOW_PACKETS || buffer.bufferBytes !== bytes) {
      t.fail(`size ${buffer.size}, seed ${random.seed}`);
      break;
    }
  }
  t.equal(buffer.size, -pulled - buffer.stats.dropped, `seed ${random.seed}`);
  t.end();
});

t.test("ReorderBuffer refuses a window that is no power of two", (t) => {
  t.throws(() => new ReorderBuffer(0, 1000), { message: /1000/ });
  t.end();
});
