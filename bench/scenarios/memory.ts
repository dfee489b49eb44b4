/**
 * memory: what a running host does to the memory of its machine: at the start, at the peak, over time
 * with an interval, for each further viewer, and after the last one; against the goals of the project
 * and beside the floor of the machine. docs/BENCHMARKS.md says how.
 */

import { distributionOf } from "../measure/distribution.ts";
import { atMost, type Value } from "../report/report.ts";
import type { Scenario, ScenarioOutcome, ScenarioRun } from "../scenario.ts";
import { collectionFigures } from "./memory_collections.ts";
import { COMPARABLE_OPTIONS, memoryRegressions } from "./memory_comparison.ts";
import { memoryCsv } from "./memory_csv.ts";
import {
  courseOf,
  courseTable,
  type FigureCourse,
  furtherViewerBytes,
  MB,
  MEMORY_FIGURES,
  scaleChanges,
  verdictOf,
  VIEWER_FIGURE,
} from "./memory_figures.ts";
import { memoryChecks, resolvesDayGrowth } from "./memory_limits.ts";
import { MEMORY_OPTIONS, type MemoryOptions } from "./memory_options.ts";
import { type OwnerCourse, ownerCourses, ownerTable, reuseRatio } from "./memory_owners.ts";
import { plotMemory } from "./memory_plot.ts";
import { MEMORY_RUN_TIMES, type MemoryRun, runMemory } from "./memory_run.ts";

/** Starts, the floor, and a browser that is slow. */
const SLACK_SECONDS = 180;

/** Memory over time. */
export const memory: Scenario<MemoryOptions> = {
  name: "memory",
  summary: "memory of the host over minutes: start, peak, slope, cost of a viewer, what is left",
  options: MEMORY_OPTIONS,
  deadlineSeconds: ({ minutes, viewers, further, warmUp }) =>
    minutes * 60 + warmUp + 2 * MEMORY_RUN_TIMES.join * (viewers + further) +
    2 * MEMORY_RUN_TIMES.idle + SLACK_SECONDS,
  async run(run) {
    const memoryRun = await runMemory(run);
    const outcome = memoryOutcome(run, memoryRun);
    if (run.options.svg !== "") {
      await Deno.writeTextFile(run.options.svg, plotMemory(memoryRun, run.options));
    }
    return outcome;
  },
  comparable: COMPARABLE_OPTIONS,
  regressions: memoryRegressions,
};

/** What a run comes to. */
export function memoryOutcome(run: ScenarioRun<MemoryOptions>, seen: MemoryRun): ScenarioOutcome {
  const { options } = run;
  const courses = MEMORY_FIGURES.map((figure) => courseOf(seen.looks, figure));
  const [memory] = courses as [FigureCourse];
  const owners = ownerCourses(seen);
  const frames = countOf(seen, "wavry_frames_total");
  const seconds = seen.end.seconds - seen.start.seconds;
  const collections = collectionFigures(seen, frames / seconds);
  const further = furtherViewerBytes(seen.looks, VIEWER_FIGURE);
  const fecBytesPerViewer = fecBytes(seen);
  return {
    results: {
      distributions: {
        ...collections.distributions,
        "server: answer to a request": distributionOf(seen.answersMs, "ms"),
      },
      values: {
        ...runValues(seen, { memory, frames, seconds, further, owners }),
        ...floorValues(seen, memory),
        ...collections.values,
      },
      tables: [courseTable(courses), ownerTable(owners)],
      notes: notesOf(seen, memory, options),
    },
    checks: [
      ...memoryChecks({
        size: options.size,
        viewers: options.viewers,
        memory,
        owners,
        furtherViewerBytes: further,
        fecBytesPerViewer,
        descriptorsMore: descriptorsMore(seen),
        viewersLost: seen.viewersLost,
      }),
      // A span without frames would prove nothing.
      atMost("looks missed", seen.missedLooks, Math.ceil(seen.looks.length / 100)),
    ],
    csv: memoryCsv(seen.looks),
  };
}

function runValues(
  seen: MemoryRun,
  { memory, frames, seconds, further, owners }: {
    readonly memory: FigureCourse;
    readonly frames: number;
    readonly seconds: number;
    readonly further: number | undefined;
    readonly owners: readonly OwnerCourse[];
  },
): Record<string, Value> {
  const { trend } = memory;
  const mb = (bytes: number | undefined) => ({ value: (bytes ?? NaN) / MB, unit: "MB" });
  const perFrame = (read: (owner: OwnerCourse) => number) =>
    owners.reduce((sum, owner) => sum + read(owner), 0) / Math.max(1, frames);
  return finite({
    "frame rate": { value: frames / seconds, unit: "1/s" },
    "measured span": { value: seconds, unit: "s" },
    "memory, no viewer": mb(memory.baseline),
    "memory, peak": mb(memory.peak),
    "memory, end": mb(memory.end),
    "memory, after the viewers": mb(memory.after),
    "slope": { value: trend.slope / MB, unit: "MB/h" },
    "slope, 95 % margin": { value: trend.margin / MB, unit: "MB/h" },
    "growth in 24 h": { value: trend.slope * 24 / MB, unit: "MB" },
    "growth in 24 h, 95 % margin": { value: trend.margin * 24 / MB, unit: "MB" },
    "independent looks": { value: trend.effective, unit: "" },
    "changes of size seen in the span": { value: scaleChanges(seen.looks), unit: "" },
    "each further viewer": mb(further),
    "each further viewer, both": mb(furtherViewerBytes(seen.looks, MEMORY_FIGURES[0]!)),
    "given back after the viewers": { value: returnedShare(memory) * 100, unit: "%" },
    "frames of the pool used again": { value: reuseRatio(owners) ?? NaN, unit: "" },
    "owners: allocations a frame": { value: perFrame(({ allocations }) => allocations), unit: "" },
    "receiving path of a viewer": mb(seen.receiveBytes),
    "descriptors, no viewer": { value: descriptorsAt(seen, "idle") ?? NaN, unit: "" },
    "descriptors, end": { value: descriptorsAt(seen, "measured") ?? NaN, unit: "" },
    "descriptors, after the viewers": { value: descriptorsAt(seen, "after") ?? NaN, unit: "" },
    "changes of pressure": {
      value: seen.last.value("wavry_memory_pressure_changes_total") ?? NaN,
      unit: "",
    },
  });
}

function floorValues(seen: MemoryRun, memory: FigureCourse): Record<string, Value> {
  const { oneRuntimeBytes, twoRuntimesBytes, encoderBytes } = seen.floor;
  const mb = (bytes: number) => ({ value: bytes / MB, unit: "MB" });
  return finite({
    "floor: one bare runtime": mb(oneRuntimeBytes),
    "floor: two bare runtimes": mb(twoRuntimesBytes),
    "floor: bare capture and encoder": mb(encoderBytes),
    "no viewer / two bare runtimes": {
      value: (memory.baseline ?? NaN) / twoRuntimesBytes,
      unit: "",
    },
    "peak / runtimes and encoder": {
      value: (memory.peak ?? NaN) / (twoRuntimesBytes + encoderBytes),
      unit: "",
    },
  });
}

/** Without what was not seen: JSON knows no other numbers. */
function finite(values: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(values).filter(([, { value }]) => isFinite(value)));
}

function countOf({ start, end }: MemoryRun, name: string): number {
  return (end.metrics.value(name) ?? 0) - (start.metrics.value(name) ?? 0);
}

/** Of what the stream took, the share that came back. */
function returnedShare({ baseline = NaN, end = NaN, after = NaN }: FigureCourse): number {
  return (end - after) / (end - baseline);
}

function fecBytes({ end }: MemoryRun): number | undefined {
  const groups = end.metrics.value("wavry_fec_groups");
  const bytes = end.metrics.value("wavry_owner_bytes", "fec");
  return bytes === undefined || !groups ? undefined : bytes / groups;
}

function descriptorsAt({ looks }: MemoryRun, phase: string): number | undefined {
  return looks.findLast((look) => look.phase === phase)?.descriptors;
}

function descriptorsMore(seen: MemoryRun): number | undefined {
  const [before, after] = [descriptorsAt(seen, "idle"), descriptorsAt(seen, "after")];
  return before === undefined || after === undefined ? undefined : after - before;
}

function notesOf(seen: MemoryRun, memory: FigureCourse, options: MemoryOptions): string[] {
  const { trend } = memory;
  const isOnce = seen.looks.every(({ onceBytes }) => onceBytes !== undefined);
  const notes = [
    isOnce
      ? "Memory is both processes with each page counted once, as if nothing else ran; pss is the " +
        "kernel's, which other programs of the same runtime make smaller"
      : "Pages of files cannot be seen here: memory is the kernel's pss, which other programs of " +
        "the same runtime make smaller",
    `Slope: least squares over looks every 2 s; the interval counts ${
      trend.effective.toFixed(0)
    } ` +
    `independent ones (lag-1 correlation ${trend.correlation.toFixed(2)}): ${verdictOf(trend)}`,
    "FEC of a viewer is that of one who shares it with nobody; a further viewer's cost is the " +
    "server process', since the media process does not know viewers",
  ];
  if (!resolvesDayGrowth(memory)) {
    notes.push("Growth in 24 h is not judged: a run of this length does not resolve 5 MB of it");
  }
  if (options.skipGc) notes.push("Collections were not printed, so they are not known");
  if (seen.trace.refused > 0) notes.push(`${seen.trace.refused} collections found no room`);
  return notes;
}
