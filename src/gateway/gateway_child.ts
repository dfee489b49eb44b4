/**
 * GatewayChild: one run of a gateway process with its pipes and its error output, which is relayed to
 * the log within a bound. It reports its end exactly once.
 */

import type { Logger } from "../core/log.ts";
import { relayLines } from "../core/relay_lines.ts";
import type { GatewayCommandLine } from "./gateway_command_line.ts";
import { childPipe, type GatewayPipe } from "./gateway_pipe.ts";

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
    const { log, name } = this.#options;
    const relaying = relayLines(errors, (line) => log.warn("Gateway process", { name, line }));
    const status = await this.#process.status;
    const timer = setTimeout(() => errors.cancel().catch(() => {}), DRAIN_TIMEOUT_MS);
    await relaying;
    clearTimeout(timer);
    this.#hasEnded = true;
    this.pipe.close();
    const ended = status.signal === null ? `exit code ${status.code}` : `signal ${status.signal}`;
    this.#options.onEnd(this.#killReason === undefined ? ended : `${this.#killReason} (${ended})`);
  }
}
