/**
 * GatewayChild: one run of a gateway process with its pipes and its error output, which is relayed to
 * the log within a bound. It reports its end exactly once.
 */

import type { Logger } from "../core/log.ts";
import { relayLines } from "../core/relay_lines.ts";
import { PipedChild } from "../process/piped_child.ts";
import type { CommandLine } from "../process/runtime_command_line.ts";
import { childPipe, type GatewayPipe } from "./gateway_pipe.ts";

/** What it left behind may hold its error output open; this long after its end it is not read. */
const DRAIN_TIMEOUT_MS = 200;

/** What a `GatewayChild` needs. */
export interface GatewayChildOptions {
  readonly commandLine: CommandLine;
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
  readonly #child: PipedChild;

  constructor(options: GatewayChildOptions) {
    this.#options = options;
    this.#child = new PipedChild(options.commandLine);
    this.pipe = childPipe(this.#child.process);
    this.done = this.#watch();
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Ends it at once, for the given reason. */
  kill(reason: string): void {
    this.#child.kill(reason);
  }

  /** Sends a signal to a process that may have ended. */
  signal(name: Deno.Signal): void {
    this.#child.signal(name);
  }

  async #watch(): Promise<void> {
    const errors = this.#child.process.stderr.getReader();
    const { log, name } = this.#options;
    const relaying = relayLines(errors, (line) => log.warn("Gateway process", { name, line }));
    const status = await this.#child.process.status;
    const timer = setTimeout(() => errors.cancel().catch(() => {}), DRAIN_TIMEOUT_MS);
    await relaying;
    clearTimeout(timer);
    const reason = this.#child.end(status);
    this.pipe.close();
    this.#options.onEnd(reason);
  }
}
