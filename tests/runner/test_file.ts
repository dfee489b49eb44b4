/**
 * runTestFile: runs one test file as its own Deno process in its own session and turns its TAP text,
 * its exit code, its silence and what it left behind into one result. Bounded by the file's timeout
 * and by `MAX_TAIL_BYTES` of kept output.
 */

import { findMarkedProcesses, killMarkedProcesses, MARK_VARIABLE } from "./process_mark.ts";
import type { FileNeed } from "./file_queue.ts";
import { TapReader } from "./tap_reader.ts";

/** How long one file may take unless it asks for more by `// timeout: 240 s`. */
export const DEFAULT_TIMEOUT_MS = 120_000;
/** How much later than the runner's own timer tap's would end a file, seconds. */
const TAP_TIMEOUT_MARGIN_S = 5;
/** The longest timeout that a file can ask for: half of what a whole run may take. */
export const MAX_TIMEOUT_MS = 360_000;
/** Standard error kept per file, newest bytes: enough for a stack and the seeds. */
const MAX_TAIL_BYTES = 32 * 1024;
/** A started process gets this long to end after its test file has. */
const LEFTOVER_GRACE_MS = 1_000;

/** What one test file did. */
export interface TestFileResult {
  readonly file: string;
  readonly tap: TapReader;
  readonly durationMs: number;
  /** The end of standard error. */
  readonly errorTail: string;
}

/** What `runTestFile` needs to know. */
export interface TestFileOptions {
  /** Root of the repository; the process runs there. */
  readonly root: string;
  /** Mark of this file, unique in the run. */
  readonly mark: string;
  /** Called once with the function that ends the file's processes at once. */
  readonly started: (kill: () => void) => void;
}

/** Runs `file`, a path relative to the root. Rejects only when Deno itself cannot be started. */
export async function runTestFile(file: string, options: TestFileOptions): Promise<TestFileResult> {
  const startMs = performance.now();
  const tap = new TapReader();
  const timeoutMs = await timeoutOf(`${options.root}/${file}`);
  const child = spawn(file, options, timeoutMs);
  const kill = () => killMarkedProcesses(options.mark, child.pid);
  options.started(kill);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  const tail = new TextTail(MAX_TAIL_BYTES);
  const exited = child.status.then(async (status) => {
    await endLeftovers(tap, options.mark, child.pid, timedOut);
    return status;
  });
  await Promise.all([
    readLines(child.stdout, (line) => tap.push(line)),
    readText(child.stderr, (text) => tail.push(text)),
    exited,
  ]);
  clearTimeout(timer);
  const status = await exited;
  if (timedOut) tap.addFailure([`no end after ${timeoutMs / 1000} s`], []);
  else if (status.signal !== null) tap.addFailure([`ended by ${status.signal}`], []);
  else if (status.code !== 0 && tap.failed === 0) {
    tap.addFailure([`exit code ${status.code}`], []);
  } else if (!tap.planSeen) tap.addFailure(["ended before its plan"], []);
  else if (tap.passed + tap.failed + tap.skips.length === 0) tap.addFailure(["has no test"], []);
  return { file, tap, durationMs: performance.now() - startMs, errorTail: tail.text };
}

function spawn(file: string, options: TestFileOptions, timeoutMs: number): Deno.ChildProcess {
  // Tap ends a file after 30 s of its own accord, without its teardown; the runner's limit is the one
  // that counts, and it ends the file's processes as well.
  const tapTimeout = String(Math.ceil(timeoutMs / 1000) + TAP_TIMEOUT_MARGIN_S);
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-net", "--preload", "tests/tap_preload.ts", file],
    cwd: options.root,
    env: { NO_COLOR: "1", TAP_TIMEOUT: tapTimeout, [MARK_VARIABLE]: options.mark },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
}

/** A process left behind would hold our pipes open, so it is ended here whatever happened before. */
async function endLeftovers(
  tap: TapReader,
  mark: string,
  pid: number,
  timedOut: boolean,
): Promise<void> {
  const deadlineMs = performance.now() + LEFTOVER_GRACE_MS;
  let left = findMarkedProcesses(mark, pid);
  while (left.length > 0 && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    left = findMarkedProcesses(mark, pid);
  }
  if (left.length === 0) return;
  killMarkedProcesses(mark, pid);
  if (timedOut) return;
  for (const process of left) {
    tap.addFailure([`left process ${process.pid} behind: ${process.command}`], []);
  }
}

/** What a file needs, by what it says (`// alone: it counts frames`) and starts. */
export async function needOf(path: string): Promise<FileNeed> {
  if (/^\/\/ alone: \S/m.test(await headOf(path))) return "alone";
  const startsBrowser = /\b(TestBrowser|startBrowser|CHROMIUM_PATH|playwright-core)\b/;
  return startsBrowser.test(await Deno.readTextFile(path)) ? "browser" : "little";
}

async function headOf(path: string): Promise<string> {
  return (await Deno.readTextFile(path)).split("\n", 20).join("\n");
}

async function timeoutOf(path: string): Promise<number> {
  const asked = /^\/\/ timeout: (\d+) s$/m.exec(await headOf(path))?.[1];
  if (asked === undefined) return DEFAULT_TIMEOUT_MS;
  return Math.min(Number(asked) * 1000, MAX_TIMEOUT_MS);
}

async function readText(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (text: string) => void,
): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
}

async function readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  await readText(stream, (text) => {
    const lines = (rest + text).split("\n");
    // A test that prints megabytes without a line end must not fill the runner's memory.
    rest = (lines.pop() ?? "").slice(0, MAX_TAIL_BYTES);
    for (const line of lines) take(line);
  });
  if (rest !== "") take(rest);
}

class TextTail {
  text = "";
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(text: string): void {
    this.text = (this.text + text).slice(-this.#limit);
  }
}
