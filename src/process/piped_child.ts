/**
 * PipedChild: one run of a process with its three pipes, which may be killed for a reason and tells
 * its end in words. Whoever reads the pipes says when the run is over.
 */

import type { CommandLine } from "./runtime_command_line.ts";

/** One run. The constructor throws what `spawn` throws. */
export class PipedChild {
  readonly process: Deno.ChildProcess;
  #hasEnded = false;
  /** Why it was killed here, which says more than its exit code. */
  #killReason: string | undefined;

  constructor({ executable, args, env }: CommandLine) {
    this.process = new Deno.Command(executable, {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Process id. */
  get pid(): number {
    return this.process.pid;
  }

  /** True once `end` was called. */
  get hasEnded(): boolean {
    return this.#hasEnded;
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
      if (!this.#hasEnded) this.process.kill(name);
    } catch {
      // It has ended in the meantime.
    }
  }

  /** Notes that the run is over, and tells why. */
  end({ signal, code }: Deno.CommandStatus): string {
    this.#hasEnded = true;
    const ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
    return this.#killReason === undefined ? ended : `${this.#killReason} (${ended})`;
  }
}
