/**
 * fuzz: every fuzz target of tests/fuzz/targets with many cases, each in a process of its own, so
 * that a target that crashes, hangs or eats memory is one failed line and not the end of the run.
 */

import { fileURLToPath } from "node:url";
import { ConfigError } from "../../src/core/errors.ts";
import { ProcessGroup } from "../measure/process_group.ts";
import type { Check, Value } from "../report/report.ts";
import { atMost } from "../report/report.ts";
import { type Scenario, type ScenarioOption, wholeNumberOption } from "../scenario.ts";
import type { ScenarioRun } from "../scenario.ts";
import type { FuzzLine } from "./fuzz_target_runner.ts";

/** Resident memory above which a target counts as leaking: a bare Deno process needs some 60. */
const MEMORY_LIMIT_MIB = 400;
const SECONDS_PER_MILLION_CASES = 600;
const MIN_DEADLINE_SECONDS = 120;
const RUNNER = fileURLToPath(new URL("fuzz_target_runner.ts", import.meta.url));
const TARGETS = fileURLToPath(new URL("../../tests/fuzz/targets", import.meta.url));

interface Options {
  cases: number;
  target: string;
}

/** Random bytes into every parser of bytes from the network. */
export const fuzz: Scenario<Options> = {
  name: "fuzz",
  summary: "random bytes into every parser of bytes from the network",
  options: {
    cases: wholeNumberOption("--cases <n>", "cases of each target", {
      min: 1,
      max: 1_000_000_000,
      fallback: 1_000_000,
    }),
    target: textOption("--target <text>", "only targets whose file or name contains this text"),
  },
  deadlineSeconds: ({ cases }) =>
    Math.max(MIN_DEADLINE_SECONDS, cases / 1e6 * SECONDS_PER_MILLION_CASES) * 30,
  async run(run) {
    const values: Record<string, Value> = {};
    const checks: Check[] = [];
    const files = (await listTargets()).filter((file) => file.endsWith(".ts"));
    for (const file of files) await runFile(run, file, { values, checks });
    if (checks.length === 0) {
      throw new ConfigError(`Cannot find a target for "${run.options.target}"`, {
        reason: "bad_value",
      });
    }
    return { results: { distributions: {}, values, notes: [] }, checks };
  },
};

async function listTargets(): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(TARGETS)) names.push(`${TARGETS}/${entry.name}`);
  return names.sort();
}

/** The targets of one file, one after another. */
async function runFile(
  run: ScenarioRun<Options>,
  file: string,
  out: { values: Record<string, Value>; checks: Check[] },
): Promise<void> {
  const { cases, target } = run.options;
  const deadlineMs = Math.max(MIN_DEADLINE_SECONDS, cases / 1e6 * SECONDS_PER_MILLION_CASES) * 1000;
  await using group = new ProcessGroup(run.signal);
  const list = group.start(runnerOf(file, ["--list"], () => {}));
  const [, names = "[]"] = await list.waitForLine(/^targets (.*)$/, {
    timeoutMs: 30_000,
    signal: run.signal,
  });
  for (const name of JSON.parse(names) as string[]) {
    const isWanted = file.includes(target) || name.includes(target);
    if (!isWanted) continue;
    let last: FuzzLine | undefined;
    const args = ["--target", name, "--cases", String(cases), "--seed", String(run.seed)];
    const program = group.start(runnerOf(file, args, (line) => {
      if (line.startsWith("{")) last = JSON.parse(line) as FuzzLine;
    }));
    const code = await endWithin(program.ended, deadlineMs, run.signal);
    if (code !== 0) run.log(`${name}: ${code ?? "too slow"}\n${program.recentOutput}`);
    else run.log(`${name}: ${last?.casesPerSecond.toFixed(0)} cases/s`);
    out.values[`${name} speed`] = { value: last?.casesPerSecond ?? 0, unit: "cases/s" };
    out.values[`${name} peak memory`] = { value: last?.peakMemoryMiB ?? 0, unit: "MiB" };
    out.checks.push(atMost(`${name}: exit code`, code ?? 1, 0));
    out.checks.push(atMost(`${name}: peak memory, MiB`, last?.peakMemoryMiB, MEMORY_LIMIT_MIB));
  }
}

function runnerOf(file: string, args: readonly string[], onLine: (line: string) => void) {
  return {
    name: `fuzz ${file}`,
    command: Deno.execPath(),
    args: ["run", "-A", "--unstable-net", RUNNER, file, ...args],
    onLine,
  };
}

/** The exit code, or undefined when the time is over. Rejects when `signal` aborts. */
async function endWithin(
  ended: Promise<number>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  const onAbort = () => late.reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  try {
    return await Promise.race([ended, late.promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function textOption(flag: string, summary: string): ScenarioOption<string> {
  return { flag, summary, fallback: "", parse: (text) => text };
}
