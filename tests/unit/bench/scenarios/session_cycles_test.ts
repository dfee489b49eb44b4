/** session_cycles: the line of growth ignores the saw-tooth of the collector and the warm-up. */

import t from "tap";
import { slopeOf } from "../../../../bench/measure/distribution.ts";
import { lowerEnvelope } from "../../../../bench/scenarios/session_cycles.ts";

function looksOf(kibOf: (cycle: number) => number) {
  return Array.from({ length: 100 }, (_, index) => {
    const cycle = (index + 1) * 10;
    return { cycle, descriptors: 20, anonymousKiB: kibOf(cycle) };
  });
}

t.test("lowerEnvelope of a saw-tooth is flat", (t) => {
  const points = lowerEnvelope(looksOf((cycle) => 50_000 + (cycle % 50) * 100));
  t.equal(slopeOf(points).slope, 0);
  t.ok(points.every(([cycle]) => cycle > 200));
  t.end();
});

t.test("lowerEnvelope shows a leak below the saw-tooth", (t) => {
  const points = lowerEnvelope(looksOf((cycle) => 50_000 + (cycle % 50) * 100 + cycle * 2));
  t.ok(Math.abs(slopeOf(points).slope - 2) < 1e-9);
  t.end();
});

t.test("lowerEnvelope of a short run is empty", (t) => {
  t.same(lowerEnvelope(looksOf(() => 1).slice(0, 22)), []);
  t.end();
});
