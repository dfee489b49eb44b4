/** Tests of src/media/freed_memory.ts, and of what it asks the C library for. */

import t from "tap";
import {
  type MemoryType,
  type MemoryTypeStats,
  nativeMemoryStats,
  releaseFreedMemory,
} from "../../../ffi/mod.ts";
import { FreedMemory } from "../../../src/media/freed_memory.ts";

type Counters = Record<MemoryType, MemoryTypeStats>;

/** Counters of now, with `live` of `allocations` encoders. */
function withEncoders(allocations: number, live: number): Counters {
  const native = nativeMemoryStats();
  return { ...native, encoder: { ...native.encoder, allocations, live } };
}

t.test("memory is given back once after something large was freed", async (t) => {
  let asked = 0;
  const freed = new FreedMemory(() => Promise.resolve(void asked++));
  await freed.push(withEncoders(0, 0));
  await freed.push(withEncoders(1, 1));
  t.equal(asked, 0, "an encoder that was made frees nothing");
  await freed.push(withEncoders(1, 0));
  t.equal(asked, 1, "one that ended does");
  await freed.push(withEncoders(1, 0));
  await freed.push(withEncoders(2, 1));
  t.equal(asked, 1, "once");
  await freed.push(withEncoders(3, 1));
  t.equal(asked, 2, "also when another took its place within a second");
  t.equal(freed.releases, 2);
});

t.test("a release that fails is no fault", async (t) => {
  const freed = new FreedMemory(() => Promise.reject(new Error("no")));
  await freed.push(withEncoders(1, 0));
  t.equal(freed.releases, 1);
});

t.test("the C library gives memory back", async (t) => {
  await t.resolves(releaseFreedMemory());
});
