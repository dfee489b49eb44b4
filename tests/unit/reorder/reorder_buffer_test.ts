/** Tests of src/reorder/reorder_buffer.ts: order, outcomes, and bounds under hostile arrival. */

import fc from "fast-check";
import t from "tap";
import { REORDER_WINDOW_PACKETS, ReorderBuffer } from "../../../src/reorder/reorder_buffer.ts";
import { add32 } from "../../../src/core/sequence.ts";
import { seededRandom } from "../../seeded.ts";

interface Step {
  readonly call: "push" | "pushNear" | "pull" | "skipTo" | "skipGap" | "restart";
  readonly id: number;
  readonly bytes: number;
}

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
  t.equal(buffer.skipGap(), 0);
  buffer.push(3, packet(3));
  t.equal(buffer.skipGap(), 3);
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

t.test("ReorderBuffer holds the same bytes whatever is called with whatever ids", (t) => {
  const near = fc.integer({ min: -1100, max: 1100 });
  const wrap = fc.constantFrom(0, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 1023, 1024);
  const id = fc.oneof(fc.nat(0xffff_ffff), wrap);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ call: fc.constant("push" as const), id, bytes: fc.nat(1600) }),
    fc.record({ call: fc.constant("pushNear" as const), id: near, bytes: fc.nat(1600) }),
    fc.record({ call: fc.constant("pull" as const), id: fc.nat(64), bytes: fc.constant(0) }),
    fc.record({
      call: fc.constantFrom("skipTo" as const, "skipGap" as const, "restart" as const),
      ...{ id, bytes: fc.constant(0) },
    }),
  );
  let moves = 0;
  const check = (first: number, steps: readonly Step[]) => {
    const buffer = new ReorderBuffer(first);
    const { bufferBytes } = buffer;
    for (const { call, id, bytes } of steps) {
      if (call === "push") buffer.push(id, new Uint8Array(bytes));
      else if (call === "pushNear") buffer.push(add32(buffer.nextId, id), new Uint8Array(bytes));
      else if (call === "pull") { for (let at = 0; at < id; at++) buffer.pull(); }
      else if (call === "skipTo") buffer.skipTo(id);
      else if (call === "restart") buffer.restart(id);
      else buffer.skipGap();
      let held = 0;
      for (let at = 0; at < buffer.capacity; at++) if (buffer.has(add32(buffer.nextId, at))) held++;
      equal(buffer.size, held);
      equal(buffer.bufferBytes, bufferBytes);
    }
    const { accepted, dropped } = buffer.stats;
    if (buffer.size > accepted - dropped) throw new Error("More are held than were taken");
    moves += buffer.stats.windowMoves;
    if (bufferBytes > 2_000_000) throw new Error(`${bufferBytes} bytes`);
  };
  const seed = seededRandom("reorder any calls").seed | 0;
  t.doesNotThrow(() =>
    fc.assert(fc.property(id, fc.array(step, { maxLength: 150, size: "max" }), check), {
      numRuns: 200,
      seed,
    })
  );
  t.ok(moves > 500, `the window moved ${moves} times`);
  t.end();
});

t.test("ReorderBuffer shows what it holds, and skips to any id ahead", (t) => {
  const buffer = new ReorderBuffer(0xffff_fffe, 8);
  for (const offset of [1, 3, 5]) buffer.push(add32(0xffff_fffe, offset), packet(offset));
  t.equal(buffer.newestId, 3);
  t.equal(buffer.peek(1)?.[0], 3);
  t.equal(buffer.peek(1)?.[0], 3, "it stays held");
  t.same([0xffff_fffe, 0xffff_ffff, 0, 3, 4, 1000].map((id) => buffer.has(id)), [
    false,
    true,
    false,
    true,
    false,
    false,
  ]);
  t.equal(buffer.peek(0), undefined);
  buffer.skipTo(1);
  t.equal(buffer.pull()?.[0], 3);
  t.notOk(buffer.has(1), "what was pulled is not held");
  buffer.skipTo(0);
  t.equal(buffer.nextId, 2, "never back");
  buffer.skipTo(100);
  t.equal(buffer.nextId, 100);
  t.match(buffer.stats, { dropped: 2, skipped: 2 + 97 });
  t.end();
});

t.test("ReorderBuffer starts anew in the same memory and counts what was missing", (t) => {
  const buffer = new ReorderBuffer(10, 8);
  buffer.push(11, packet(11));
  buffer.push(14, packet(14));
  buffer.restart(500);
  t.match(buffer.stats, { skipped: 3, dropped: 2 });
  t.same([buffer.size, buffer.nextId, buffer.newestId], [0, 500, 499]);
  t.equal(buffer.push(499, packet(1)), "too_old");
  t.equal(buffer.push(500, packet(5)), "accepted");
  t.equal(buffer.pull()?.[0], 5);
  buffer.restart(3);
  t.equal(buffer.stats.skipped, 3, "nothing was missing");
  t.end();
});

t.test("ReorderBuffer agrees with a list that is sorted, for any calls", (t) => {
  const start = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 0xffff_fff8, 0x7fff_fff8));
  const step = fc.oneof(
    fc.tuple(fc.constant("push" as const), fc.integer({ min: -20, max: 40 })),
    fc.tuple(fc.constant("push" as const), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 15, 16, 17)),
    fc.tuple(fc.constant("pull" as const), fc.nat(4)),
    fc.tuple(fc.constant("skip" as const), fc.integer({ min: -3, max: 40 })),
    fc.tuple(fc.constant("gap" as const), fc.constant(0)),
  );
  fc.assert(fc.property(start, fc.array(step, { maxLength: 200 }), checkAgainstModel), {
    numRuns: 500,
    seed: seededRandom("reorder model").seed | 0,
  });
  t.pass("500 runs");
  t.end();
});

/** Runs the calls on a buffer and on a map of ids relative to the first, and compares. */
function checkAgainstModel(first: number, steps: ["push" | "pull" | "skip" | "gap", number][]) {
  const capacity = 16;
  const buffer = new ReorderBuffer(first, capacity);
  const held = new Map<number, number>();
  let next = 0;
  const drop = (before: number) => held.forEach((_, at) => at < before && held.delete(at));
  for (const [name, value] of steps) {
    if (name === "push") {
      const at = next + value;
      const id = add32(first, at);
      const outcome = buffer.push(id, packet(id));
      const expected = value < 0
        ? "too_old"
        : value >= capacity
        ? "window_moved"
        : held.has(at)
        ? "duplicate"
        : "accepted";
      equal(outcome, expected);
      if (value < 0 || expected === "duplicate") continue;
      held.set(at, id);
      if (value >= capacity) next = at + 1 - capacity;
    } else if (name === "pull") {
      for (let count = 0; count < value && held.has(next); count++, next++) {
        const bytes = buffer.pull();
        equal(bytes?.[0], held.get(next)! & 0xff);
        held.delete(next);
      }
      if (!held.has(next)) equal(buffer.pull(), undefined);
    } else if (name === "skip") {
      buffer.skipTo(add32(first, next + value));
      next = Math.max(next, next + value);
    } else {
      const first = Math.min(...held.keys());
      equal(buffer.skipGap(), held.size === 0 ? 0 : first - next);
      if (held.size > 0) next = first;
    }
    drop(next);
    equal(buffer.size, held.size);
    equal(buffer.nextId, add32(first, next));
    for (let at = next - 2; at < next + capacity + 2; at++) {
      equal(buffer.has(add32(first, at)), held.has(at));
    }
  }
}

function equal(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${actual} instead of ${expected}`);
}

t.test("ReorderBuffer refuses a window that is no power of two", (t) => {
  t.throws(() => new ReorderBuffer(0, 1000), { message: /1000/ });
  t.end();
});

t.test("ReorderBuffer tells the most packets that waited at once", (t) => {
  const buffer = new ReorderBuffer(0, 8);
  const packet = new Uint8Array(20);
  for (const id of [3, 1, 2]) buffer.push(id, packet);
  buffer.push(1, packet);
  t.equal(buffer.takePeak(), 3, "a duplicate takes no room");
  t.equal(buffer.takePeak(), 3, "they wait still");
  buffer.skipTo(3);
  t.equal(buffer.takePeak(), 3, "until now");
  t.equal(buffer.takePeak(), 1);
  t.end();
});
