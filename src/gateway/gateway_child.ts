/**
 * GatewayChild: one run of a gateway process with its pipes and its error output, which is relayed to
 * the log within a bound. It reports its end exactly once.
 */

import type { Logger } from "../core/log.ts";
import type { GatewayCommandLine } from "./gateway_command_line.ts";
import { childPipe, type GatewayPipe } from "./gateway_pipe.ts";

/** A child that floods its error output fills the log with this much each second, no more. */
const STDERR_LINES_PER_SECOND = 20;
const MAX_LINE_LENGTH = 500;
/** What it left behind may hold its error output open; this long after its end it is not read. */
const DRAIN_TIMEOUT_MS = 200;

/** What a `GatewayChild` needs. */
export interface GatewayChildOptions {
  readonly commandLine: GatewayCommandLine;
  /** Shown with each line that it writes. */
  readonly name: string;
  readonly log: Logger;
  /** Called once, when the process is gone. */
  readonly onEnd: (reason: string) => void;
}

/** One run. The constructor throws what `spawn` throws. */
export class GatewayChild {
  readonly pipe: GatewayPipe;
  /** Resolves when the process is gone and `onEnd` was called; never rejects. */
  readonly done: Promise<void>;
  readonly #options: GatewayChildOptions;
  readonly #process: Deno.ChildProcess;
  #hasEnded = false;
  #killReason: string | undefined;

  constructor(options: GatewayChildOptions) {
    this.#options = options;
    const { executable, args, env } = options.commandLine;
    this.#process = new Deno.Command(executable, {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pipe = childPipe(this.#process);
    this.done = this.#watch();
  }

  /** Process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Ends it at once, for the given reason. */
  kill(reason: string): void {
    if (this.#hasEnded) return;
    this.#killReason ??= reason;
    this.signal("SIGKILL");
  }

  /** Sends a signal to a process that may have ended. */
  signal(name: Deno.Signal): void {
    try {
      if (!this.#hasEnded) this.#process.kill(name);
    } catch {
      // It has ended in the meantime.
    }
  }

  async #watch(): Promise<void> {
    const errors = this.#process.stderr.getReader();
    const relaying = this.#relay(errors);
    const status = await this.#process.status;
    const timer = setTimeout(() => errors.cancel().catch(() => {}), DRAIN_TIMEOUT_MS);
    await relaying;
    clearTimeout(timer);
    this.#hasEnded = true;
    this.pipe.close();
    const ended = status.signal === null ? `exit code ${status.code}` : `signal ${status.signal}`;
    this.#options.onEnd(this.#killReason === undefined ? ended : `${this.#killReason} (${ended})`);
  }

  /** Reads the error output to its end, whatever comes, and logs a bounded part of it. */
  async #relay(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const { log, name } = this.#options;
    const decoder = new TextDecoder();
    let rest = "";
    let second = 0;
    let lines = 0;
    while (true) {
      const { value, done } = await reader.read().catch(() => ({ value: undefined, done: true }));
      if (done || value === undefined) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = (parts.pop() ?? "").slice(0, MAX_LINE_LENGTH);
      for (const part of parts) {
        const now = Math.floor(performance.now() / 1000);
        if (now !== second) lines = 0;
        second = now;
        if (part.trim() === "" || lines++ >= STDERR_LINES_PER_SECOND) continue;
        log.warn("Gateway process", { name, line: part.slice(0, MAX_LINE_LENGTH) });
      }
    }
  }
}
