/**
 * Results table: the checks of many reports as one Markdown table, each with the command that gave
 * it, as docs/BENCHMARKS.md shows the last full run.
 */

import type { Report } from "./report.ts";
import { formatFigure } from "./table.ts";

/** One row per check, one command per report; the machine of the first report above. */
export function formatResults(reports: readonly Report[]): string {
  const machine = reports[0]?.machine;
  if (machine === undefined) return "";
  const loads = reports.map((report) => report.machine.loadAverage);
  const lines = [
    `${machine.cores} cores (${machine.cpu.trim()}), ${machine.memoryMiB} MiB, Linux ` +
    `${machine.kernel}, Deno ${machine.deno}, Chromium ${machine.chromium}; ` +
    `${machine.startedAt.slice(0, 10)}, load before each run ${
      formatFigure(Math.min(...loads))
    } to ` +
    `${formatFigure(Math.max(...loads))}.`,
    "",
    "| `deno task bench ...` | what | measured | limit | |",
    "| --- | --- | ---: | ---: | --- |",
  ];
  for (const report of reports) {
    for (const [index, check] of report.checks.entries()) {
      const command = index === 0 ? `\`${commandOf(report)}\`` : "";
      lines.push(
        `| ${command} | ${check.name} | ${formatFigure(check.value)} | ${
          formatFigure(check.limit)
        } ` +
          `| ${check.pass ? "" : "missed"} |`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** The arguments that repeat a report, without those that are switched off. */
export function commandOf(report: Report): string {
  const flags = Object.entries(report.options).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (value === false || value === "") return [];
    return value === true ? [flag] : [flag, String(value)];
  });
  return [report.scenario, ...flags].join(" ");
}
