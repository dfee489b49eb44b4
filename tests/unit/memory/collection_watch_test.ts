/** Tests of src/memory/collection_watch.ts. */

import v8 from "node:v8";
import vm from "node:vm";
import t from "tap";
import { CollectionWatch, heapFigures } from "../../../src/memory/collection_watch.ts";

v8.setFlagsFromString("--expose-gc");
const gc = vm.runInNewContext("gc") as (options?: { type: "minor" }) => void;

t.test("CollectionWatch tells each collection and how long it took", (t) => {
  using watch = new CollectionWatch();
  watch.take();
  const before = totalOf(watch);
  // Something to look at, so that it takes a measurable time.
  const kept = Array.from({ length: 200_000 }, (_, index) => ({ index }));
  const startMs = performance.now();
  gc();
  const wallUs = (performance.now() - startMs) * 1000;
  const pauses = watch.take().filter(({ kind }) => kind === "major");
  const pauseUs = pauses.reduce((sum, pause) => sum + pause.pauseUs, 0);
  t.ok(pauses.length >= 1, `${pauses.length} collections of ${kept.length} objects`);
  t.ok(pauseUs > 0 && pauseUs <= wallUs, `${pauseUs} us of ${Math.round(wallUs)} us`);
  const after = totalOf(watch);
  t.ok(after.collections >= before.collections + pauses.length, "and counts it");
  t.ok(after.pauseUs >= before.pauseUs + pauseUs);
  t.end();
});

t.test("CollectionWatch tells a pause once and keeps none", (t) => {
  using watch = new CollectionWatch();
  gc({ type: "minor" });
  gc();
  t.ok(watch.take().length >= 1);
  const { collections } = totalOf(watch);
  const again = watch.take();
  t.equal(totalOf(watch).collections, collections + again.length);
  t.ok(again.every(({ kind }) => kind === "minor"), "nothing but what has come since");
  t.end();
});

t.test("heapFigures counts what was allocated, also what is garbage by now", (t) => {
  const before = heapFigures();
  const sizes = Array.from({ length: 100 }, (_, index) => Array(10_000).fill(index).length);
  const after = heapFigures();
  const grownBytes = after.allocatedBytes - before.allocatedBytes;
  t.ok(grownBytes >= sizes.length * 10_000 * 4, `${grownBytes} bytes`);
  t.equal(after.limitBytes, before.limitBytes);
  t.ok(after.limitBytes > 50e6);
  t.end();
});

function totalOf(watch: CollectionWatch): { collections: number; pauseUs: number } {
  return watch.totals.reduce((sum, { collections, pauseUs }) => ({
    collections: sum.collections + collections,
    pauseUs: sum.pauseUs + pauseUs,
  }), { collections: 0, pauseUs: 0 });
}
