/**
 * Memory owners: what the owners of the ledger held against the budget of the configuration, what was
 * allocated while nothing changed, and how often frames of the pool served again.
 */

import type { FigureTable } from "../report/report.ts";
import type { MemoryRun } from "./memory_run.ts";

/** One owner in a run. */
export interface OwnerCourse {
  readonly owner: string;
  readonly endBytes: number;
  readonly peakBytes: number;
  /** Most that the budget gives it; undefined when no line of it does. */
  readonly capBytes: number | undefined;
  /** Within the measured span. */
  readonly allocations: number;
  readonly reuses: number;
  /** Buffers that were collected without being given back, in the whole run. */
  readonly undisposed: number;
}

const UNITS: Readonly<Record<string, number>> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 };
/** A line with a reason, which begins with count and bytes of one where there are several. */
const BUDGET_LINE = /^ {2}([a-z_]+) +([\d.]+) (B|kB|MB|GB) {2}(?:(\d+) x ([\d.]+) (B|kB|MB|GB))?/gm;
const SUMS = new Set(["sum", "both"]);

/**
 * Bytes of each owner in the text of `--print-budget`, its lines of both processes summed. Figures
 * there are rounded: these are the most that they can stand for.
 */
export function parseBudget(text: string): Map<string, number> {
  const budget = new Map<string, number>();
  for (const match of text.matchAll(BUDGET_LINE)) {
    const [, owner = "", figure = "", unit = "", count, one = "", oneUnit = ""] = match;
    if (SUMS.has(owner)) continue;
    const line = mostBytes(figure, unit);
    const bytes = count === undefined
      ? line
      : Math.min(line, Number(count) * mostBytes(one, oneUnit));
    budget.set(owner, (budget.get(owner) ?? 0) + bytes);
  }
  return budget;
}

/** The most that a figure with one decimal stands for. */
function mostBytes(figure: string, unit: string): number {
  return (Number(figure) + (unit === "B" ? 0 : 0.05)) * UNITS[unit]!;
}

/** Each owner of a run. */
export function ownerCourses(run: MemoryRun): OwnerCourse[] {
  const budget = parseBudget(run.budget);
  const { start, end, last } = run;
  const during = (name: string, owner: string) =>
    (end.metrics.value(name, owner) ?? 0) - (start.metrics.value(name, owner) ?? 0);
  return Object.entries(end.metrics.byLabel("wavry_owner_bytes")).map(([owner, endBytes]) => ({
    owner,
    endBytes,
    peakBytes: last.value("wavry_owner_peak_bytes", owner) ?? 0,
    capBytes: budget.get(owner),
    allocations: during("wavry_owner_allocations_total", owner),
    reuses: during("wavry_owner_reuses_total", owner),
    undisposed: last.value("wavry_owner_undisposed", owner) ?? 0,
  }));
}

/** Uses of frames of the pool that an allocation of before served, 0 to 1. */
export function reuseRatio(owners: readonly OwnerCourse[]): number | undefined {
  const staging = owners.find(({ owner }) => owner === "staging");
  const uses = (staging?.allocations ?? 0) + (staging?.reuses ?? 0);
  return uses === 0 ? undefined : (staging?.reuses ?? 0) / uses;
}

/** Owners as a table. */
export function ownerTable(owners: readonly OwnerCourse[]): FigureTable {
  const mb = (bytes: number | undefined) => bytes === undefined ? "-" : (bytes / 1e6).toFixed(3);
  return {
    title: "Owners, MB; allocations and reuses within the measured span",
    columns: ["owner", "end", "peak", "cap", "allocations", "reuses"],
    rows: owners.map(({ owner, endBytes, peakBytes, capBytes, allocations, reuses }) => [
      ...[owner, mb(endBytes), mb(peakBytes), mb(capBytes), allocations, reuses],
    ]),
  };
}
