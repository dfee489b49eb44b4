/** memory's checks: a run that keeps the goals passes, and each goal fails alone. */

import t from "tap";
import { memoryRegressions } from "../../../../bench/scenarios/memory_comparison.ts";
import {
  type JudgedRun,
  memoryChecks,
  resolvesDayGrowth,
} from "../../../../bench/scenarios/memory_limits.ts";
import { parseBudget, reuseRatio } from "../../../../bench/scenarios/memory_owners.ts";
import type { Report } from "../../../../bench/report/report.ts";
import { printBudget } from "../../../../bench/measure/host.ts";

const MB = 1e6;
const FLAT = { slope: 0.1 * MB, margin: 0.2 * MB, correlation: 0, effective: 99, level: 100 * MB };
const MEMORY = {
  name: "both",
  baseline: 85 * MB,
  peak: 133 * MB,
  end: 125 * MB,
  after: 90 * MB,
  trend: FLAT,
};
const OWNER = {
  ...{ owner: "staging", endBytes: 3 * MB, peakBytes: 9 * MB, capBytes: 9 * MB },
  ...{ allocations: 0, reuses: 5000, undisposed: 0 },
};
const GOOD: JudgedRun = {
  size: "1920x1080",
  viewers: 2,
  memory: MEMORY,
  owners: [OWNER],
  furtherViewerBytes: 3 * MB,
  fecBytesPerViewer: 0.7 * MB,
  descriptorsMore: 0,
  viewersLost: 0,
};

function failedOf(run: Partial<JudgedRun>): string[] {
  return memoryChecks({ ...GOOD, ...run }).filter(({ pass }) => !pass).map(({ name }) => name);
}

t.test("a run within the goals passes, each goal fails alone", (t) => {
  t.same(failedOf({}), []);
  t.equal(memoryChecks(GOOD).length, 14);
  const bad: [Partial<JudgedRun>, string][] = [
    [{ memory: { ...MEMORY, baseline: 91 * MB } }, "no viewer, MB"],
    [{ memory: { ...MEMORY, peak: 135 * MB } }, "peak, MB"],
    [{ memory: { ...MEMORY, after: 95 * MB } }, "kept after the viewers, MB"],
    [{ furtherViewerBytes: 5 * MB }, "each further viewer, MB"],
    [{ fecBytesPerViewer: 0.9 * MB }, "FEC of a viewer, MB"],
    [{ descriptorsMore: 1 }, "descriptors more than before"],
    [{ viewersLost: 1 }, "viewers lost"],
    [{ owners: [{ ...OWNER, peakBytes: 10 * MB }] }, "owners above their cap"],
    [{ owners: [{ ...OWNER, undisposed: 1 }] }, "buffers never given back"],
    [{ owners: [{ ...OWNER, allocations: 1 }] }, "raw frames allocated in the span"],
  ];
  for (const [run, name] of bad) t.same(failedOf(run), [name]);
  t.same(failedOf({ viewers: 1 }), ["peak, MB"], "the goal is for one viewer, and 4 MB for more");
  t.same(failedOf({ size: "1280x720", memory: { ...MEMORY, peak: 999 * MB } }), []);
  t.end();
});

t.test("growth fails when the run proves it, and is projected when it can be seen", (t) => {
  const grown = (slope: number, margin: number) => ({
    memory: { ...MEMORY, trend: { ...FLAT, slope: slope * MB, margin: margin * MB } },
  });
  t.same(failedOf(grown(0.3, 0.2)), [
    "growth that the run proves, MB an hour",
    "growth in 24 h, MB",
  ]);
  t.same(failedOf(grown(0.1, 0.05)), ["growth that the run proves, MB an hour"]);
  t.same(failedOf(grown(20, 30)), [], "a short run cannot tell");
  t.notOk(resolvesDayGrowth(grown(20, 30).memory));
  t.same(failedOf(grown(20, Infinity)), []);
  t.end();
});

t.test("what was not seen does not pass", (t) => {
  t.same(
    failedOf({
      memory: { ...MEMORY, baseline: undefined, peak: undefined, after: undefined },
      owners: [],
      fecBytesPerViewer: undefined,
      descriptorsMore: undefined,
    }),
    [
      "no viewer, MB",
      "peak, MB",
      "frames of the pool used again",
      "raw frames allocated in the span",
      "FEC of a viewer, MB",
      "kept after the viewers, MB",
      "descriptors more than before",
    ],
  );
  t.equal(reuseRatio([{ ...OWNER, allocations: 1, reuses: 3 }]), 0.75);
  t.end();
});

t.test("parseBudget reads what the host prints", async (t) => {
  const text = await printBudget(["--size", "1920x1080", "--max-viewers", "8"]);
  const budget = parseBudget(text);
  const sum = [...budget.values()].reduce((total, bytes) => total + bytes, 0);
  const both = Number(/^ {2}both +([\d.]+) MB$/m.exec(text)?.[1]) * MB;
  t.ok(Math.abs(sum / both - 1) < 0.01, `${sum} of ${both}`);
  t.ok(budget.get("staging")! > 3 * 3.1 * MB * 0.99);
  t.notOk(budget.has("sum"));
});

t.test("parseBudget takes rounded figures for the most that they can be", (t) => {
  const budget = parseBudget([
    ...["server process", "  fec               1.4 MB  2 x 722.0 kB: coding rings"],
    ...["  ipc             134.4 kB  one read", "  sum               1.6 MB", ""],
    ...["media process", "  ipc              12 B  some", "", "  both              1.6 MB", ""],
  ].join("\n"));
  t.same([...budget.keys()], ["fec", "ipc"]);
  t.same([...budget.values()].map(Math.round), [2 * 722_050, 134_450 + 12]);
  t.end();
});

function reportOf(values: Record<string, number>): Report {
  return {
    ...{ scenario: "memory", seed: 1, options: {}, checks: [] },
    machine: {} as Report["machine"],
    results: {
      distributions: {},
      values: Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, { value, unit: "" }]),
      ),
      notes: [],
    },
  };
}

t.test("memoryRegressions fails what is beyond the noise of two runs", (t) => {
  const before = {
    "memory, no viewer": 80,
    "memory, peak": 120,
    "each further viewer": 1,
    "slope": 2,
    "slope, 95 % margin": 3,
  };
  const worse = (values: Record<string, number>) =>
    memoryRegressions(reportOf(before), reportOf({ ...before, ...values }))
      .filter(({ pass }) => !pass).map(({ name }) => name);
  t.same(worse({}), []);
  t.equal(memoryRegressions(reportOf(before), reportOf(before)).length, 4);
  t.same(worse({ "memory, no viewer": 84, "memory, peak": 129, "slope": 6 }), []);
  t.same(worse({ "memory, no viewer": 85 }), ["memory, no viewer: than before, MB"]);
  t.same(worse({ "slope": 6.3 }), ["slope: than before, MB/h"], "beyond both intervals");
  t.same(worse({ "slope": -50, "memory, peak": 10 }), [], "better is no regression");
  t.end();
});
