/**
 * Comparison: this run against an earlier report of the same scenario. It shows ratios only and
 * decides nothing: two runs on a shared machine differ by more than most changes do. A scenario that
 * knows its noise, such as `memory`, adds checks of its own.
 */

import { ConfigError } from "../../src/core/errors.ts";
import type { Report } from "./report.ts";
import { formatFigure } from "./table.ts";

/** Reads a report that `--json` wrote. Throws ConfigError when it is none. */
export async function readReport(path: string): Promise<Report> {
  let report: unknown;
  try {
    report = JSON.parse(await Deno.readTextFile(path));
  } catch (cause) {
    throw new ConfigError(`Cannot read report "${path}"`, { reason: "unreadable_file", cause });
  }
  if (!isReport(report)) {
    throw new ConfigError(`Cannot compare with "${path}": not a report`, { reason: "bad_value" });
  }
  return report;
}

/** Throws ConfigError when `before` is of another scenario or has another value of an option. */
export function assertComparable(
  before: Report,
  after: { readonly name: string; readonly options: Readonly<Record<string, unknown>> },
  options: readonly string[],
): void {
  const refuse = (what: string) => {
    throw new ConfigError(`Cannot compare ${what}`, { reason: "conflict" });
  };
  if (before.scenario !== after.name) {
    refuse(`${after.name} with a report of ${before.scenario}`);
  }
  for (const name of options) {
    const [then, now] = [before.options[name], after.options[name]];
    if (then !== now) refuse(`${name} ${String(now)} with a report of ${String(then)}`);
  }
}

/** Lines of p50 and p99 of both runs and their ratios. Throws ConfigError for another scenario. */
export function compareReports(before: Report, after: Report): string[] {
  assertComparable(before, { ...after, name: after.scenario }, []);
  const lines = [`compared with ${before.machine.startedAt}`];
  for (const [name, value] of Object.entries(after.options)) {
    const then = before.options[name];
    if (then !== value) lines.push(`  other ${name}: ${String(then)} -> ${String(value)}`);
  }
  for (const [name, now] of Object.entries(after.results.distributions)) {
    const then = before.results.distributions[name];
    if (then === undefined) continue;
    const parts = (["p50", "p99"] as const).map((key) => change(key, then[key], now[key]));
    lines.push(`  ${name}: ${parts.join(", ")} ${now.unit}`);
  }
  for (const [name, now] of Object.entries(after.results.values)) {
    const then = before.results.values[name];
    if (then !== undefined) {
      lines.push(`  ${name}: ${change("", then.value, now.value)} ${now.unit}`);
    }
  }
  return lines;
}

function change(label: string, before: number | null, after: number | null): string {
  const ratio = before !== null && after !== null && before !== 0
    ? ` (${(after / before).toFixed(2)}x)`
    : "";
  return `${label} ${formatFigure(before)} -> ${formatFigure(after)}${ratio}`.trim();
}

function isReport(value: unknown): value is Report {
  if (typeof value !== "object" || value === null) return false;
  const { scenario, results, checks, machine } = value as Record<string, unknown>;
  return typeof scenario === "string" && typeof results === "object" && results !== null &&
    "distributions" in results && "values" in results && Array.isArray(checks) &&
    typeof machine === "object" && machine !== null;
}
