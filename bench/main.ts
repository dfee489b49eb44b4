/**
 * The bench command: `bench <scenario> [options]`. It runs one scenario, prints its table and writes
 * its report. Exit code 0 when every check passes, 1 when one fails or the run breaks, 2 for bad
 * options. Ctrl+C and the deadline end everything that the run started.
 */

import { Command, CommanderError } from "commander";
import { ConfigError } from "../src/core/errors.ts";
import { describeMachine } from "./measure/machine.ts";
import { assertComparable, compareReports, readReport } from "./report/comparison.ts";
import { formatCsv } from "./report/csv.ts";
import type { Report } from "./report/report.ts";
import { formatResults } from "./report/results_table.ts";
import { formatMarkdown, formatTable } from "./report/table.ts";
import type { Scenario } from "./scenario.ts";
import { SCENARIOS } from "./scenario_table.ts";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const MAX_SEED = 2 ** 32 - 1;

interface OutputOptions {
  seed: number;
  json?: string;
  csv?: string;
  markdown?: string;
  compare?: string;
}

async function main(args: readonly string[]): Promise<number> {
  let exitCode = EXIT_USAGE;
  const program = new Command("bench")
    .description("Measures Wavry with real parts; docs/BENCHMARKS.md says how")
    .exitOverride();
  for (const scenario of SCENARIOS) {
    const command = program.command(scenario.name).description(scenario.summary).exitOverride();
    addScenarioOptions(command, scenario);
    addOutputOptions(command);
    command.action(async (given: Record<string, unknown>) => {
      exitCode = await runScenario(scenario, given);
    });
  }
  program.command("results").description("earlier --json reports as one Markdown table")
    .argument("<files...>").exitOverride()
    .action(async (files: string[]) => {
      console.log(formatResults(await Promise.all(files.map(readReport))));
      exitCode = 0;
    });
  try {
    await program.parseAsync(args as string[], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    console.error(error instanceof Error ? error.message : String(error));
    return error instanceof ConfigError ? EXIT_USAGE : EXIT_FAILED;
  }
}

function addScenarioOptions(command: Command, scenario: Scenario): void {
  for (const option of Object.values(scenario.options)) {
    if (option.parse === undefined) command.option(option.flag, option.summary);
    else command.option(option.flag, option.summary, option.parse, option.fallback);
  }
}

function addOutputOptions(command: Command): void {
  command
    .option("--seed <n>", "seed of everything random", parseSeed, 1)
    .option("--json <file>", "write the report; - prints it alone on standard output")
    .option("--csv <file>", "write the figures as CSV; - for standard output")
    .option("--markdown <file>", "write the tables as Markdown; - for standard output")
    .option("--compare <file>", "show the change from an earlier --json report");
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!/^\d+$/.test(text) || seed > MAX_SEED) {
    throw new ConfigError(`Cannot use "${text}" for --seed: expected a whole number below 2^32`, {
      reason: "bad_value",
    });
  }
  return seed;
}

async function runScenario(scenario: Scenario, given: Record<string, unknown>): Promise<number> {
  const output = given as unknown as OutputOptions;
  const toStdout = [output.json, output.csv, output.markdown].filter((file) => file === "-");
  if (toStdout.length > 1) {
    throw new ConfigError("Cannot print two reports on standard output", { reason: "conflict" });
  }
  const before = output.compare === undefined ? undefined : await readReport(output.compare);
  const options = Object.fromEntries(
    Object.entries(scenario.options).map(([name, option]) => [
      name,
      given[attributeOf(option.flag)] ?? option.fallback,
    ]),
  );
  if (before !== undefined) {
    assertComparable(before, { ...scenario, options }, scenario.comparable ?? []);
  }
  using interruption = new Interruption(scenario.deadlineSeconds(options));
  const machine = await describeMachine();
  const outcome = await scenario.run({
    seed: output.seed,
    options,
    signal: interruption.signal,
    log: (line) => console.error(line),
  }).catch((error) => {
    if (interruption.signal.aborted) throw interruption.signal.reason;
    throw error;
  });
  const { results, csv } = outcome;
  const measured: Report = {
    ...{ scenario: scenario.name, seed: output.seed, options, machine, results },
    checks: outcome.checks,
  };
  const comparison = before === undefined ? [] : compareReports(before, measured);
  const regressions = before === undefined ? [] : scenario.regressions?.(before, measured) ?? [];
  const report: Report = { ...measured, checks: [...measured.checks, ...regressions] };
  const table = formatTable(report);
  if (toStdout.length > 0) console.error(table);
  else console.log(table);
  if (comparison.length > 0) console.error(comparison.join("\n"));
  await writeOutput(output.json, () => `${JSON.stringify(report, null, 2)}\n`);
  await writeOutput(output.csv, () => csv ?? formatCsv(report));
  await writeOutput(output.markdown, () => formatMarkdown(report));
  return report.checks.every((check) => check.pass) ? 0 : EXIT_FAILED;
}

/** Commander's name of a flag: `--warm-up <s>` is `warmUp`. */
function attributeOf(flag: string): string {
  return new Command().createOption(flag).attributeName();
}

async function writeOutput(file: string | undefined, format: () => string): Promise<void> {
  if (file === undefined) return;
  if (file === "-") await writeAll(Deno.stdout, new TextEncoder().encode(format()));
  else await Deno.writeTextFile(file, format());
}

async function writeAll(writer: typeof Deno.stdout, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) offset += await writer.write(bytes.subarray(offset));
}

/** Aborts on Ctrl+C, SIGTERM and the deadline; a second Ctrl+C ends the program at once. */
class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;

  constructor(deadlineSeconds: number) {
    this.#timer = setTimeout(
      () => this.#abort(`Cannot finish within ${deadlineSeconds} s`),
      deadlineSeconds * 1000,
    );
    Deno.addSignalListener("SIGINT", this.#onSignal);
    Deno.addSignalListener("SIGTERM", this.#onSignal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    Deno.removeSignalListener("SIGINT", this.#onSignal);
    Deno.removeSignalListener("SIGTERM", this.#onSignal);
  }

  readonly #onSignal = (): void => {
    if (this.signal.aborted) Deno.exit(EXIT_INTERRUPTED);
    this.#abort("Interrupted");
  };

  #abort(message: string): void {
    this.#controller.abort(new Error(message));
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
