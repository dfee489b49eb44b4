/**
 * ProcessGroup: the programs that a run starts. On every way out, Ctrl+C and the deadline included,
 * each gets SIGTERM, latest first, and SIGKILL when it stays. Output is read all the time, so that no
 * program ever blocks on it; the last lines are kept for error messages.
 */

import { processTree, readProcess } from "./process_usage.ts";

/** How long a program may take to end after SIGTERM. */
const END_TIMEOUT_MS = 4000;
/** How long the last lines of a program that has ended are waited for. */
const OUTPUT_TIMEOUT_MS = 200;
/** Lines of output kept of each program. */
const LINES_KEPT = 200;
/** Longest line; the rest of a longer one is cut off. A bare loop's figures are some 100 KiB. */
const MAX_LINE_LENGTH = 1 << 20;
/** What is kept of a line for error messages. */
const MAX_KEPT_LENGTH = 4096;

/** What to start. */
export interface ProgramOptions {
  /** Name in messages and in the CPU table. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Gets every line of standard output. */
  readonly onLine?: (line: string) => void;
  /** Gets every line of the error output. */
  readonly onErrorLine?: (line: string) => void;
}

/** One running program. */
export class Program {
  readonly name: string;
  readonly pid: number;
  /** Resolves with the exit code when the program has ended. */
  readonly ended: Promise<number>;
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiters = new Set<(line: string) => void>();
  #hasEnded = false;

  constructor(options: ProgramOptions) {
    this.name = options.name;
    this.#child = new Deno.Command(options.command, {
      args: [...options.args],
      ...(options.env === undefined ? {} : { env: { ...options.env } }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    const readers = [
      this.#read(this.#child.stdout, options.onLine),
      this.#read(this.#child.stderr, options.onErrorLine),
    ];
    this.ended = this.#child.status.then(async (status) => {
      this.#hasEnded = true;
      // A grandchild may hold the pipes open for longer than the program lives.
      await Promise.race([Promise.all(readers), delay(OUTPUT_TIMEOUT_MS)]);
      return status.code;
    });
  }

  /** True once it has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The last lines of both outputs. */
  get recentOutput(): string {
    return this.#lines.slice(-20).join("\n");
  }

  /**
   * The first match of `pattern` in a line already printed or yet to come. Rejects when the program
   * ends, when `timeoutMs` passes or when `signal` aborts.
   */
  async waitForLine(
    pattern: RegExp,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<RegExpExecArray> {
    const found = Promise.withResolvers<RegExpExecArray>();
    const look = (line: string) => {
      const match = pattern.exec(line);
      if (match !== null) found.resolve(match);
    };
    this.#lines.forEach(look);
    this.#waiters.add(look);
    const onAbort = () => found.reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort);
    const timer = setTimeout(
      () => found.reject(this.#error(`did not print ${pattern} within ${timeoutMs} ms`)),
      timeoutMs,
    );
    this.ended.then((code) => found.reject(this.#error(`ended with code ${code}`)));
    try {
      return await found.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      this.#waiters.delete(look);
    }
  }

  /** Ends the program: SIGTERM, then SIGKILL, and what it started and left behind. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const started = this.#hasEnded ? [] : processTree(this.pid);
    this.#kill(signal);
    const late = delay(END_TIMEOUT_MS);
    if (await Promise.race([this.ended, late.then(() => "late")]) === "late") {
      this.#kill("SIGKILL");
    }
    await this.ended;
    for (const { pid, command } of started) {
      if (pid !== this.pid && readProcess(pid)?.command === command) killProcess(pid);
    }
  }

  #kill(signal: Deno.Signal): void {
    if (!this.#hasEnded) killProcess(this.pid, signal);
  }

  #error(what: string): Error {
    return new Error(`Cannot go on: ${this.name} ${what}\n${this.recentOutput}`);
  }

  async #read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    onLine: ((line: string) => void) | undefined,
  ): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = (lines.pop() ?? "").slice(0, MAX_LINE_LENGTH);
      for (const line of lines) {
        onLine?.(line);
        this.#lines.push(line.slice(0, MAX_KEPT_LENGTH));
        if (this.#lines.length > LINES_KEPT) this.#lines.shift();
        for (const look of this.#waiters) look(line);
      }
    }
  }
}

function killProcess(pid: number, signal: Deno.Signal = "SIGKILL"): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It ended between the check and the signal.
  }
}

/** Resolves after `ms`; the timer alone does not keep this program alive. */
function delay(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms).unref();
  return promise;
}

/** All programs of one run. Aborting the signal ends them at once, which fails what waits on them. */
export class ProcessGroup implements AsyncDisposable {
  readonly #signal: AbortSignal | undefined;
  readonly #programs: Program[] = [];
  readonly #closers: (() => Promise<unknown>)[] = [];
  #closing: Promise<void> | undefined;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    signal?.throwIfAborted();
    signal?.addEventListener("abort", this.#onAbort);
  }

  /** Starts a program that ends with the group. Throws the signal's reason once aborted. */
  start(options: ProgramOptions): Program {
    this.#signal?.throwIfAborted();
    const program = new Program(options);
    this.#programs.push(program);
    return program;
  }

  /** Has `close` called before the programs end, latest first: browsers, connections, files. */
  defer(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    return this.#closing ??= this.#close();
  }

  readonly #onAbort = (): void => {
    this.#closing ??= this.#close();
  };

  async #close(): Promise<void> {
    for (const close of this.#closers.reverse()) {
      const closed = close().catch((error) => console.error(`Cannot close: ${error}`));
      await Promise.race([closed, delay(END_TIMEOUT_MS)]);
    }
    for (const program of this.#programs.reverse()) await program.end();
  }
}
