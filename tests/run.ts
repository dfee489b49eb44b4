/**
 * The test command: finds tests, runs each file as its own process, prints failures in full and ends
 * with the line `N passed, N failed`. Two files run at a time, of which one may start a browser; those
 * that say `// alone: why` at their top run by themselves afterwards. Exit code 0 only when at least
 * one assertion passed and none failed.
 */

import { fileURLToPath } from "node:url";
import { FileQueue } from "./runner/file_queue.ts";
import { needOf, runTestFile, type TestFileResult } from "./runner/test_file.ts";
import { MARK_VARIABLE } from "./runner/process_mark.ts";

/** Files at a time: the machine that counts has two cores. */
const PARALLEL_FILES = 2;
const HELP = `Usage: deno task test [--filter text]... [--folder path]

Runs every *_test.ts below the folder (default: tests); --filter keeps the files whose path contains
a given text.
WAVRY_SEED=<integer> sets the seed of everything random.`;

interface Options {
  folder: string;
  filters: string[];
}

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
const killers = new Set<() => void>();

async function main(args: readonly string[]): Promise<number> {
  const options = parseArguments(args);
  if (options === undefined) return 2;
  const { folder, filters } = options;
  const files = (await findTestFiles(folder))
    .filter((file) => filters.length === 0 || filters.some((text) => file.includes(text)));
  const waiting = await Promise.all(
    files.map(async (file) => ({ file, need: await needOf(`${root}/${file}`) })),
  );
  endWithSignals();
  const startMs = performance.now();
  const results = await runFiles(new FileQueue(waiting));
  return report(results, performance.now() - startMs);
}

function parseArguments(args: readonly string[]): Options | undefined {
  const options: Options = { folder: "tests", filters: [] };
  for (let index = 0; index < args.length; index++) {
    const [name = "", inline] = (args[index] ?? "").split(/=(.*)/s, 2);
    if (name === "--help" || name === "-h") {
      console.log(HELP);
      Deno.exit(0);
    }
    const value = inline ?? args[++index];
    if (name === "--filter" && value !== undefined) options.filters.push(value);
    else if (name === "--folder" && value !== undefined) options.folder = value;
    else {
      console.error(`Cannot use argument "${name}"\n\n${HELP}`);
      return undefined;
    }
  }
  return options;
}

async function findTestFiles(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const entry of Deno.readDir(`${root}/${folder}`)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) files.push(...await findTestFiles(path));
    else if (entry.name.endsWith("_test.ts")) files.push(path);
  }
  return files.sort();
}

async function runFiles(queue: FileQueue): Promise<TestFileResult[]> {
  const results: TestFileResult[] = [];
  const running = new Set<Promise<void>>();
  for (;;) {
    const next = running.size < PARALLEL_FILES ? queue.take() : undefined;
    if (next === undefined && running.size === 0) return results;
    if (next === undefined) {
      await Promise.race(running);
      continue;
    }
    const run: Promise<void> = runFile(next.file).then((result) => {
      results.push(result);
      queue.ended(next);
      running.delete(run);
    });
    running.add(run);
  }
}

async function runFile(file: string): Promise<TestFileResult> {
  const outerMark = Deno.env.get(MARK_VARIABLE);
  const mark = `${outerMark === undefined ? "" : `${outerMark}/`}${crypto.randomUUID()}`;
  let killer: (() => void) | undefined;
  const result = await runTestFile(file, {
    root,
    mark,
    started: (kill) => killers.add(killer = kill),
  });
  if (killer !== undefined) killers.delete(killer);
  printFile(result);
  return result;
}

function printFile({ file, tap, durationMs, errorTail }: TestFileResult): void {
  const counts = tap.failed === 0 ? `${tap.passed} passed` : `${tap.failed} FAILED`;
  const verdict = tap.failed === 0 ? "ok  " : "FAIL";
  console.log(`${verdict} ${file}: ${counts} in ${(durationMs / 1000).toFixed(1)} s`);
  if (tap.failed === 0) return;
  for (const failure of tap.failures) {
    console.log(`  not ok ${file} > ${failure.path.join(" > ")}`);
    for (const line of failure.diagnostic) {
      // Frames of tap and of the runtime say nothing about the failure.
      if (!/@tapjs\+|\(ext:/.test(line)) console.log(`    ${line}`);
    }
  }
  const unshown = tap.failed - tap.failures.length;
  if (unshown > 0) console.log(`  and ${unshown} more failures`);
  if (errorTail !== "") {
    console.log("  standard error:");
    for (const line of errorTail.trimEnd().split("\n")) console.log(`    ${line}`);
  }
}

function report(results: readonly TestFileResult[], durationMs: number): number {
  let passed = 0;
  let failed = 0;
  for (const { file, tap } of results) {
    passed += tap.passed;
    failed += tap.failed;
    for (const skip of tap.skips) {
      console.log(`skipped: ${file} > ${skip.path.join(" > ")}: ${skip.reason}`);
    }
  }
  const failedFiles = results.filter(({ tap }) => tap.failed > 0).map(({ file }) => file);
  if (failedFiles.length > 0) console.log(`failed files: ${failedFiles.join(" ")}`);
  if (results.length === 0) console.log("Cannot find a test file that matches");
  console.log(`${results.length} files in ${(durationMs / 1000).toFixed(1)} s`);
  console.log(`${passed} passed, ${failed} failed`);
  return passed > 0 && failed === 0 ? 0 : 1;
}

/** Test files run in their own sessions, so a signal for the runner does not reach them by itself. */
function endWithSignals(): void {
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    Deno.addSignalListener(signal, () => {
      for (const kill of killers) kill();
      Deno.exit(code);
    });
  }
}

Deno.exit(await main(Deno.args));
