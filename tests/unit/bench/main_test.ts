/** bench command: help from the table, exit codes, reports where they are asked for. */

import t from "tap";
import { fileURLToPath } from "node:url";
import { SCENARIOS } from "../../../bench/scenario_table.ts";

const MAIN = fileURLToPath(new URL("../../../bench/main.ts", import.meta.url));

async function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-net", MAIN, ...args],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code: output.code, stdout: text(output.stdout), stderr: text(output.stderr) };
}

t.test("bench --help lists every scenario", async (t) => {
  const { code, stdout } = await bench("--help");
  t.equal(code, 0);
  for (const { name, summary } of SCENARIOS) {
    t.ok(stdout.includes(name), name);
    t.ok(summary.length > 0 && summary.length < 100, `${name} has a summary of one line`);
  }
});

t.test("bench ends with 2 and names the value for bad options", async (t) => {
  for (
    const [args, message] of [
      [["fuzz", "--cases", "many"], /Cannot use "many" for --cases/],
      [["fuzz", "--seed", "-1"], /Cannot use "-1" for --seed|argument missing/],
      [["fuzz", "--json", "-", "--csv", "-"], /two reports/],
      [["fuzz", "--wrong"], /--wrong/],
      [["nothing"], /nothing/],
      [["fuzz", "--target", "no such target"], /no such target/],
    ] as const
  ) {
    const { code, stderr } = await bench(...args);
    t.equal(code, 2, args.join(" "));
    t.match(stderr, message);
  }
});

t.test("bench fuzz prints the report alone on standard output", async (t) => {
  const { code, stdout, stderr } = await bench(
    ...["fuzz", "--cases", "200", "--target", "probe request", "--seed", "3", "--json", "-"],
  );
  t.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  t.same(Object.keys(report), ["scenario", "seed", "options", "machine", "results", "checks"]);
  t.equal(report.seed, 3);
  t.same(report.options, { cases: 200, target: "probe request" });
  t.ok(report.checks.length > 0);
  t.match(stderr, "cases/s");
});
