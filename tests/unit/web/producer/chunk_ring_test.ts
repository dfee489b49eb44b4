/** Tests of web/producer/chunk_ring.ts. */

import fc from "fast-check";
import t from "tap";
import {
  BYTES_MAX,
  ChunkRing,
  CHUNKS_MAX,
  CHUNKS_MIN,
} from "../../../../web/producer/chunk_ring.ts";

const chunk = (captureUs: number, isKeyframe = false, bytes = 10) => {
  return { isKeyframe, captureUs, payload: new Uint8Array(bytes) };
};

t.test("ChunkRing yields what it took, in order", (t) => {
  const ring = new ChunkRing();
  ring.push(chunk(1, true));
  ring.push(chunk(2));
  t.equal(ring.size, 2);
  t.equal(ring.bytes, 20);
  t.same([ring.pull()?.captureUs, ring.pull()?.captureUs, ring.pull()], [1, 2, undefined]);
  t.same(ring.stats, { pushed: 2, pulled: 2, evicted: 0 });
  t.equal(ring.bytes, 0);
  t.end();
});

t.test("ChunkRing gives up the oldest of a full ring, with what refers to it", (t) => {
  const ring = new ChunkRing();
  for (let at = 0; at <= CHUNKS_MAX; at++) ring.push(chunk(at, at === 0));
  t.equal(ring.size, 0, "no chunk of a broken chain is kept");
  t.equal(ring.needsKeyframe, true);
  t.equal(ring.stats.evicted, CHUNKS_MAX + 1);
  ring.push(chunk(20));
  t.equal(ring.stats.evicted, CHUNKS_MAX + 2, "a later one of the chain counts as well");
  ring.push(chunk(21, true));
  t.equal(ring.needsKeyframe, false);
  t.equal(ring.pull()?.captureUs, 21);
  t.end();
});

t.test("ChunkRing goes on at a keyframe that it holds", (t) => {
  const ring = new ChunkRing();
  for (let at = 0; at <= CHUNKS_MAX; at++) ring.push(chunk(at, at === 0 || at === 4));
  t.equal(ring.pull()?.captureUs, 4);
  t.equal(ring.needsKeyframe, false);
  t.equal(ring.stats.evicted, 4);
  t.end();
});

t.test("ChunkRing is bounded in bytes, too", (t) => {
  const ring = new ChunkRing();
  ring.push(chunk(0, true, BYTES_MAX));
  ring.push(chunk(1, true, 100));
  t.equal(ring.bytes, 100);
  t.equal(ring.pull()?.captureUs, 1);
  t.end();
});

t.test("ChunkRing shrinks at once, and no further than its minimum", (t) => {
  const ring = new ChunkRing();
  for (let at = 0; at < 8; at++) ring.push(chunk(at, true));
  ring.resize(5);
  t.equal(ring.size, 5);
  ring.resize(0);
  t.equal(ring.limit, CHUNKS_MIN);
  ring.resize(99);
  t.equal(ring.limit, CHUNKS_MAX);
  ring.clear();
  t.equal(ring.size, 0);
  t.equal(ring.needsKeyframe, true);
  t.end();
});

t.test("ChunkRing loses count of nothing and yields only what can be decoded", (t) => {
  const step = fc.oneof(
    fc.record({ push: fc.boolean(), bytes: fc.integer({ min: 1, max: 2_000_000 }) }),
    fc.constant("pull" as const),
    fc.record({ resize: fc.integer({ min: 0, max: 12 }) }),
  );
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const ring = new ChunkRing();
      let id = 0;
      let lastPulled = -1;
      for (const one of steps) {
        if (one === "pull") {
          const got = ring.pull();
          if (got === undefined) continue;
          const follows = got.isKeyframe || got.captureUs === lastPulled + 1;
          if (!follows) throw new Error(`${got.captureUs} after ${lastPulled}`);
          lastPulled = got.captureUs;
        } else if ("resize" in one) ring.resize(one.resize);
        else ring.push(chunk(id++, one.push, one.bytes));
        const { pushed, pulled, evicted } = ring.stats;
        if (pushed !== pulled + evicted + ring.size) throw new Error("chunks got lost");
        if (ring.size > ring.limit || ring.bytes > BYTES_MAX) throw new Error("over the limit");
      }
    }))
  );
  t.end();
});
