/**
 * SupervisedChild: a program of the virtual screen that is started again when it ends: at first at
 * once, then ever later, and not any more after `MAX_RESTARTS` in a row. `close` ends it for good,
 * asking first and killing after `TERM_TIMEOUT_MS`.
 */

import type { Logger } from "../../core/log.ts";
import type { ChildReaper } from "./child_reaper.ts";

/** Starts in a row before a program is given up. */
export const MAX_RESTARTS = 6;
/** A program that ran this long counts as good again. */
const STABLE_MS = 10_000;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 5000;
const TERM_TIMEOUT_MS = 1000;

/** What to run. */
export interface ChildOptions {
  /** For people. */
  readonly name: string;
  /** Makes the command anew for each start. */
  readonly command: () => Deno.Command;
  readonly reaper: ChildReaper;
  readonly log: Logger;
  /** Sees each process just after its start. */
  readonly onStart?: (process: Deno.ChildProcess) => void;
  /** Hears that the program was given up. */
  readonly onGivenUp?: (why: string) => void;
}

/** One program, kept running. */
export class SupervisedChild {
  readonly #options: ChildOptions;
  readonly #done: Promise<void>;
  #process: Deno.ChildProcess | undefined;
  /** Ends the pause before the next start, while there is one. */
  #endPause: (() => void) | undefined;
  #isClosed = false;

  /** Starts the program. */
  constructor(options: ChildOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** Process id while the program runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** What it needs is there again: ends a pause before the next start. */
  hurry(): void {
    this.#endPause?.();
  }

  /** Ends the program; resolves when it is gone and never rejects. */
  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#endPause?.();
      signal(this.#process, "SIGTERM");
    }
    const timer = setTimeout(() => signal(this.#process, "SIGKILL"), TERM_TIMEOUT_MS);
    await this.#done;
    clearTimeout(timer);
  }

  async #run(): Promise<void> {
    const { name, log, onGivenUp } = this.#options;
    let failures = 0;
    let why = "";
    while (!this.#isClosed && failures <= MAX_RESTARTS) {
      const startedMs = performance.now();
      why = await this.#runOnce();
      if (this.#isClosed) return;
      failures = performance.now() - startedMs >= STABLE_MS ? 1 : failures + 1;
      log.warn(`Restarting ${name}`, { why, failures });
      await this.#pause(Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1)));
    }
    if (this.#isClosed) return;
    log.error(`Cannot keep ${name} running`, { why });
    onGivenUp?.(why);
  }

  async #runOnce(): Promise<string> {
    const { reaper, command, onStart } = this.#options;
    let process: Deno.ChildProcess;
    try {
      process = command().spawn();
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    this.#process = process;
    reaper.watch(process.pid);
    onStart?.(process);
    const status = await process.status;
    reaper.forget(process.pid);
    this.#process = undefined;
    return status.signal === null ? `exit code ${status.code}` : `signal ${status.signal}`;
  }

  async #pause(delayMs: number): Promise<void> {
    // Not a race with a promise of the closing: that would keep something of every pause.
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    this.#endPause = resolve;
    await promise;
    this.#endPause = undefined;
    clearTimeout(timer);
  }
}

/** Sends a signal to a process that may have ended. */
export function signal(process: Deno.ChildProcess | undefined, name: Deno.Signal): void {
  try {
    process?.kill(name);
  } catch {
    // It has ended in the meantime.
  }
}
