/**
 * Table: a report as text, for people (aligned columns) and for documents (Markdown). The rows are
 * built once, so both show the same figures.
 */

import type { Distribution } from "../measure/distribution.ts";
import type { Report } from "./report.ts";

/** One heading with its rows; the first row holds the names of the columns. */
export interface TableSection {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
}

/** Columns of distributions, in order. */
const COLUMNS = ["p50", "p90", "p95", "p99", "p99.9", "max"] as const;

/** A figure with as many digits as its size deserves. */
export function formatFigure(value: number | null): string {
  if (value === null) return "-";
  if (Number.isInteger(value)) return String(value);
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

/** The sections of a report. */
export function sectionsOf(report: Report): TableSection[] {
  const { distributions, values } = report.results;
  const sections: TableSection[] = [];
  const names = Object.keys(distributions);
  if (names.length > 0) {
    const rows = names.map((name) => distributionRow(name, distributions[name] as Distribution));
    sections.push({ title: "Distributions", rows: [["what", "unit", "n", ...COLUMNS], ...rows] });
  }
  if (Object.keys(values).length > 0) {
    const rows = Object.entries(values).map(([name, { value, unit }]) => [
      name,
      formatFigure(value),
      unit,
    ]);
    sections.push({ title: "Values", rows: [["what", "value", "unit"], ...rows] });
  }
  for (const { title, columns, rows } of report.results.tables ?? []) {
    const cells = rows.map((row) =>
      row.map((cell) => typeof cell === "number" ? formatFigure(cell) : cell)
    );
    sections.push({ title, rows: [columns, ...cells] });
  }
  if (report.checks.length > 0) {
    const rows = report.checks.map((check) => [
      check.pass ? "pass" : "FAIL",
      check.name,
      formatFigure(check.value),
      formatFigure(check.limit),
    ]);
    sections.push({ title: "Checks", rows: [["", "what", "value", "limit"], ...rows] });
  }
  return sections;
}

/** The report as aligned text. */
export function formatTable(report: Report): string {
  const lines = [headingOf(report), ""];
  for (const { title, rows } of sectionsOf(report)) {
    lines.push(title);
    const widths = (rows[0] ?? []).map((_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? "").length))
    );
    for (const row of rows) {
      const cells = row.map((cell, column) =>
        isFigure(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
      );
      lines.push(`  ${cells.join("  ")}`.trimEnd());
    }
    lines.push("");
  }
  for (const note of report.results.notes) lines.push(`note: ${note}`);
  return `${lines.join("\n").trimEnd()}\n`;
}

/** The report as Markdown tables. */
export function formatMarkdown(report: Report): string {
  const lines = [`### ${headingOf(report)}`, ""];
  for (const { title, rows } of sectionsOf(report)) {
    const [head = [], ...body] = rows;
    lines.push(`**${title}**`, "", markdownRow(head), markdownRow(head.map(() => "---")));
    lines.push(...body.map(markdownRow), "");
  }
  for (const note of report.results.notes) lines.push(`- ${note}`);
  return `${lines.join("\n").trimEnd()}\n`;
}

function headingOf(report: Report): string {
  const options = Object.entries(report.options)
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`);
  return [report.scenario, ...options, `seed=${report.seed}`].join(" ");
}

function distributionRow(name: string, distribution: Distribution): string[] {
  return [
    name,
    distribution.unit,
    String(distribution.count),
    ...COLUMNS.map((column) => formatFigure(distribution[column])),
  ];
}

function isFigure(cell: string): boolean {
  return /^-?\d|^-$/.test(cell);
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
