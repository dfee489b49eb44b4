import fc from "fast-check";
import t from "tap";
import { MemoryLedger } from "../../../src/memory/memory_ledger.ts";
import { FileSegment } from "../../../src/recording/file_segment.ts";
import { SegmentCache } from "../../../src/recording/segment_cache.ts";

const LIMITS = { bytes: 1000, entries: 4, lifetimeUs: 100 };

function bench(limits = LIMITS) {
  const account = new MemoryLedger().account("recording_cache");
  const cache = new SegmentCache(limits);
  return {
    account,
    cache,
    /** Reads a segment, keeps it in the cache and lets go of it. */
    add(key: string, bytes: number, nowUs = 0) {
      const segment = new FileSegment(account, new Uint8Array(bytes));
      cache.put(key, segment, nowUs);
      segment.release();
    },
    has(key: string, nowUs = 0) {
      const segment = cache.take(key, nowUs);
      segment?.release();
      return segment !== undefined;
    },
  };
}

t.test("FileSegment gives its memory back when the last one lets go, and at once", (t) => {
  const account = new MemoryLedger().account("recording_cache");
  const bytes = new Uint8Array(64);
  const segment = new FileSegment(account, bytes);
  segment.hold();
  segment.release();
  t.equal(account.reading.currentBytes, 64);
  segment.release();
  t.equal(account.reading.currentBytes, 0);
  t.equal(bytes.byteLength, 0, "nobody can read it any more");
  t.throws(() => segment.release(), TypeError);
  t.throws(() => segment.hold(), TypeError);
  t.end();
});

t.test("SegmentCache lets go of what is unused for longest", (t) => {
  const { cache, add, has, account } = bench();
  for (const key of ["a", "b", "c"]) add(key, 300);
  t.ok(has("a"), "used again");
  add("d", 300);
  t.notOk(has("b"), "the bytes of four are too many");
  t.ok(has("a") && has("c") && has("d"));
  t.equal(cache.bytes, 900);
  t.equal(account.reading.currentBytes, 900);
  for (const key of ["e", "f", "g", "h", "i"]) add(key, 1);
  t.equal(cache.entries, 4, "and so are five entries");
  t.ok(cache.isFull);
  add("huge", 1001);
  t.notOk(has("huge"), "what is larger than all room is not kept");
  cache.clear();
  t.equal(account.reading.currentBytes, 0);
  t.end();
});

t.test("SegmentCache lets go of what is old, of one file, and of a share of it all", (t) => {
  const { cache, add, has } = bench();
  add("one\n1", 10, 0);
  add("two\n1", 10, 50);
  t.ok(has("one\n1", 99));
  t.notOk(has("one\n1", 100), "it is too old at its time");
  cache.expire(150);
  t.equal(cache.entries, 0);
  t.equal(cache.stats.expiries, 2);
  add("one\n1", 400);
  add("two\n1", 400);
  cache.drop("one\n");
  t.notOk(has("one\n1"));
  t.ok(has("two\n1"));
  cache.limit(0.25);
  t.equal(cache.bytes, 0);
  add("two\n1", 200);
  t.equal(cache.bytes, 200);
  cache.limit(0);
  t.equal(cache.entries, 0);
  cache.limit(1);
  add("two\n1", 1000);
  t.equal(cache.bytes, 1000);
  t.throws(() => new SegmentCache({ bytes: 1, entries: 1, lifetimeUs: 0 }), RangeError);
  t.end();
});

t.test("SegmentCache books what it holds, whatever is done to it", (t) => {
  const step = fc.oneof(
    fc.tuple(fc.constant("add" as const), fc.integer({ min: 0, max: 9 }), fc.nat(600)),
    fc.tuple(fc.constant("take" as const), fc.integer({ min: 0, max: 9 }), fc.nat(40)),
    fc.tuple(fc.constant("limit" as const), fc.integer({ min: 0, max: 4 }), fc.constant(0)),
    fc.tuple(fc.constant("expire" as const), fc.constant(0), fc.nat(40)),
  );
  const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const { cache, account, add } = bench();
    let nowUs = 0;
    const held: FileSegment[] = [];
    for (const [what, number, amount] of steps) {
      if (what === "add") add(`k${number}`, amount, nowUs);
      else if (what === "limit") cache.limit(number / 4);
      else nowUs += amount;
      if (what === "expire") cache.expire(nowUs);
      if (what === "take") {
        const taken = cache.take(`k${number}`, nowUs);
        if (taken !== undefined) held.push(taken);
      }
      if (cache.bytes > LIMITS.bytes || cache.entries > LIMITS.entries) return false;
      if (account.reading.currentBytes < cache.bytes) return false;
    }
    for (const segment of held) segment.release();
    if (account.reading.currentBytes !== cache.bytes) return false;
    cache.clear();
    return account.reading.currentBytes === 0 && account.reading.live === 0;
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 500, seed: 2 }));
  t.end();
});
