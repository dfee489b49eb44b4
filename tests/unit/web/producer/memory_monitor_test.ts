/** Tests of web/producer/memory_monitor.ts. */

import t from "tap";
import {
  CALM_US,
  MemoryMonitor,
  RELIEF_STEPS,
  STEP_INTERVAL_US,
  WARNING_INTERVAL_US,
} from "../../../../web/producer/memory_monitor.ts";

t.test("MemoryMonitor leaves a page alone that stays below the threshold", (t) => {
  const monitor = new MemoryMonitor(100);
  for (let s = 0; s < 100; s++) {
    t.match(monitor.push(100, s * 1e6), { isChanged: false, warns: false });
  }
  t.equal(monitor.warnings, 0);
  t.same(monitor.relief, RELIEF_STEPS[0]);
  t.end();
});

t.test("MemoryMonitor warns at most every 30 s", (t) => {
  const monitor = new MemoryMonitor(100);
  const warned: number[] = [];
  for (let s = 0; s < 95; s++) if (monitor.push(101, s * 1e6).warns) warned.push(s);
  t.same(warned, [0, 30, 60, 90]);
  t.equal(WARNING_INTERVAL_US, 30e6);
  t.end();
});

t.test("MemoryMonitor gives up step by step, each with time to show", (t) => {
  const monitor = new MemoryMonitor(100);
  const changed: number[] = [];
  for (let s = 0; s < 60; s++) if (monitor.push(500, s * 1e6).isChanged) changed.push(s);
  const pauseS = STEP_INTERVAL_US / 1e6;
  t.same(changed, [0, pauseS, 2 * pauseS]);
  t.same(monitor.relief, RELIEF_STEPS.at(-1));
  for (const [index, step] of RELIEF_STEPS.entries()) {
    const before = RELIEF_STEPS[index - 1];
    if (before === undefined) continue;
    t.ok(step.ringChunks < before.ringChunks, "each step shortens the ring");
    t.ok(step.qualityMax <= before.qualityMax);
  }
  t.ok(RELIEF_STEPS.at(-1)!.qualityMax < 1, "the last ones make the picture smaller");
  t.end();
});

t.test("MemoryMonitor takes relief back after calm, not at the edge", (t) => {
  const monitor = new MemoryMonitor(100);
  monitor.push(200, 0);
  for (let s = 1; s < 300; s++) monitor.push(90, s * 1e6);
  t.same(monitor.relief, RELIEF_STEPS[1], "just below the threshold is not calm");
  monitor.push(50, 300e6);
  t.equal(monitor.push(50, 300e6 + CALM_US - 1).isChanged, false);
  t.equal(monitor.push(50, 300e6 + CALM_US).isChanged, true);
  t.same(monitor.relief, RELIEF_STEPS[0]);
  t.end();
});

t.test("MemoryMonitor refuses a threshold that is none", (t) => {
  for (const bytes of [0, -1, NaN]) t.throws(() => new MemoryMonitor(bytes), RangeError);
  t.end();
});
