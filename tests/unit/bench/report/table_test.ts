/** table, csv, comparison: one report in every form. */

import t from "tap";
import { distributionOf } from "../../../../bench/measure/distribution.ts";
import {
  assertComparable,
  compareReports,
  readReport,
} from "../../../../bench/report/comparison.ts";
import { formatCsv } from "../../../../bench/report/csv.ts";
import { atLeast, atMost } from "../../../../bench/report/report.ts";
import type { Report } from "../../../../bench/report/report.ts";
import { commandOf, formatResults } from "../../../../bench/report/results_table.ts";
import { formatFigure, formatMarkdown, formatTable } from "../../../../bench/report/table.ts";

const machine = {
  cpu: "test",
  cores: 2,
  memoryMiB: 1,
  kernel: "0",
  deno: "0",
  chromium: "absent",
  loadAverage: 0,
  startedAt: "2026-01-01T00:00:00.000Z",
};

function reportOf(samples: number[]): Report {
  return {
    scenario: "example",
    seed: 7,
    options: { size: "320x240" },
    machine,
    results: {
      distributions: { "capture -> decoded": distributionOf(samples, "ms") },
      values: { "cpu, server": { value: 12.5, unit: "%" } },
      notes: ["A note"],
    },
    checks: [atMost("p50, ms", 2, 3), atMost("p99, ms", 9, 8)],
  };
}

t.test("formatTable aligns and shows every figure and check", (t) => {
  const lines = formatTable(reportOf([1, 2, 3])).split("\n");
  t.equal(lines[0], "example size=320x240 seed=7");
  t.match(lines.find((line) => line.includes("capture")), /ms +3 +2 +3 +3 +3 +3 +3$/);
  t.ok(lines.some((line) => /^ {2}pass {2}p50, ms +2 +3$/.test(line)));
  t.ok(lines.some((line) => /^ {2}FAIL {2}p99, ms +9 +8$/.test(line)));
  t.ok(lines.includes("note: A note"));
  t.end();
});

t.test("formatMarkdown makes tables", (t) => {
  const text = formatMarkdown(reportOf([1]));
  t.match(text, "| what | unit | n | p50 |");
  t.match(text, "| --- | --- | --- | --- |");
  t.match(text, "| capture -> decoded | ms | 1 | 1 |");
  t.end();
});

t.test("formatCsv quotes what needs it and keeps one line per figure", (t) => {
  const lines = formatCsv(reportOf([1, 2])).trimEnd().split("\r\n");
  t.equal(lines.length, 1 + 1 + 1 + 2);
  t.equal(lines[1], "example,distribution,capture -> decoded,ms,2,1,1.5,1,2,2,2,2,2,,,");
  t.equal(lines[2], 'example,value,"cpu, server",%,,,,,,,,,,12.5,,');
  t.equal(lines[4], 'example,check,"p99, ms",,,,,,,,,,,9,8,false');
  t.end();
});

t.test("formatFigure gives digits by size", (t) => {
  t.same([0.123456, 12.3456, 1234.56, 3, null].map(formatFigure), [
    "0.123",
    "12.35",
    "1234.6",
    "3",
    "-",
  ]);
  t.end();
});

t.test("atMost and atLeast fail for what was not measured", (t) => {
  t.same([atMost("a", 3, 3).pass, atMost("a", null, 3).pass], [true, false]);
  t.same([atLeast("a", 3, 3).pass, atLeast("a", undefined, 0).pass], [true, false]);
  t.doesNotThrow(() => JSON.parse(JSON.stringify(atMost("a", null, 3))));
  t.end();
});

t.test("compareReports shows both and their ratio", (t) => {
  const lines = compareReports(reportOf([2]), reportOf([3]));
  t.match(lines[1], "capture -> decoded: p50 2 -> 3 (1.50x)");
  t.match(lines[2], "cpu, server: 12.50 -> 12.50 (1.00x) %");
  const other = { ...reportOf([1]), options: { size: "640x360" } };
  t.equal(compareReports(reportOf([1]), other)[1], "  other size: 320x240 -> 640x360");
  t.throws(() => compareReports({ ...reportOf([1]), scenario: "other" }, reportOf([1])), {
    name: "ConfigError",
  });
  t.end();
});

t.test("assertComparable refuses another scenario and another kind of run", (t) => {
  const before = reportOf([1]);
  const after = { name: "example", options: { size: "320x240", fps: 30 } };
  t.doesNotThrow(() => assertComparable(before, after, ["size"]));
  t.throws(() => assertComparable(before, { ...after, options: { size: "1x1" } }, ["size"]), {
    name: "ConfigError",
    message: "Cannot compare size 1x1 with a report of 320x240",
  });
  t.doesNotThrow(() => assertComparable(before, { ...after, options: { size: "1x1" } }, []));
  t.throws(() => assertComparable(before, { ...after, name: "other" }, []), /with a report of/);
  t.end();
});

t.test("readReport takes its own reports only", async (t) => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, JSON.stringify(reportOf([1])));
  t.equal((await readReport(file)).scenario, "example");
  await Deno.writeTextFile(file, '{"scenario":"x"}');
  await t.rejects(readReport(file), { name: "ConfigError", message: /not a report/ });
  await Deno.remove(file);
  await t.rejects(readReport(file), { name: "ConfigError", message: /Cannot read report/ });
});

t.test("formatResults gives each report its command and each check its row", (t) => {
  const text = formatResults([reportOf([1]), { ...reportOf([1]), scenario: "second" }]);
  t.match(text, "| `example --size 320x240` | p50, ms | 2 | 3 |  |");
  t.match(text, "|  | p99, ms | 9 | 8 | missed |");
  t.match(text, "2026-01-01");
  t.equal(text.split("\n").filter((line) => line.startsWith("| `")).length, 2 + 1);
  t.equal(formatResults([]), "");
  t.end();
});

t.test("commandOf leaves out what is off and names what is on", (t) => {
  const options = { warmUp: 4, xshm: true, skipRaw: false, target: "" };
  t.equal(commandOf({ ...reportOf([1]), options }), "example --warm-up 4 --xshm");
  t.end();
});
