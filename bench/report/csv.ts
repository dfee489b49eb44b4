/**
 * CSV: a report as one flat table (RFC 4180), one line per figure, for spreadsheets and plots.
 */

import type { Report } from "./report.ts";

const HEADER = [
  "scenario",
  "kind",
  "name",
  "unit",
  "count",
  "min",
  "mean",
  "p50",
  "p90",
  "p95",
  "p99",
  "p99.9",
  "max",
  "value",
  "limit",
  "pass",
] as const;

type Row = Partial<Record<(typeof HEADER)[number], string | number | boolean | null>>;

/** The report's distributions, values and checks, with a header line. */
export function formatCsv(report: Report): string {
  const rows: Row[] = [];
  for (const [name, figures] of Object.entries(report.results.distributions)) {
    rows.push({ kind: "distribution", name, ...figures });
  }
  for (const [name, value] of Object.entries(report.results.values)) {
    rows.push({ kind: "value", name, ...value });
  }
  for (const check of report.checks) rows.push({ kind: "check", ...check });
  const lines = rows.map((row) =>
    HEADER.map((column) => cellOf(column === "scenario" ? report.scenario : row[column])).join(",")
  );
  return `${[HEADER.join(","), ...lines].join("\r\n")}\r\n`;
}

function cellOf(value: string | number | boolean | null | undefined): string {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
