/**
 * WatchedMedia: a real media process under its real supervisor, with its debugger open, so that both
 * what it holds and what its supervisor holds here can be counted.
 */

import { monotonicClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { mediaCommandLine } from "../../src/ipc/media_command_line.ts";
import type { MediaStats } from "../../src/ipc/media_message.ts";
import { MediaSupervisor } from "../../src/ipc/media_supervisor.ts";
import { until } from "../end_to_end/host_process.ts";
import { ROOT } from "../end_to_end/supervised_media.ts";
import { INSPECT_FLAGS } from "./heap_probe.ts";
import type { Holdings } from "./holdings.ts";
import { ProcessWatch } from "./process_watch.ts";

/** Lines of its error output that are kept: the debugger's address is among the first. */
const LINES_MAX = 100;
const WAIT_MS = 15_000;

/** One media process at a time, and what it said last. */
export class WatchedMedia implements AsyncDisposable {
  readonly supervisor: MediaSupervisor;
  /** Counts since the start. */
  frames = 0;
  started = 0;
  failed = 0;
  /** Reports of its counters. */
  reports = 0;
  #stats: MediaStats | undefined;
  #lines: string[] = [];

  constructor() {
    this.supervisor = new MediaSupervisor({
      command: () => {
        const command = mediaCommandLine({ root: ROOT });
        // The debugger tells its address where `--quiet` would keep it to itself.
        const args = command.args.filter((word) => word !== "--quiet");
        return { ...command, args: args.toSpliced(1, 0, ...INSPECT_FLAGS) };
      },
      log: {
        ...silentLogger,
        warn: (_message, fields) => {
          if (this.#lines.length < LINES_MAX) this.#lines.push(String(fields?.["line"]));
        },
      },
      clock: monotonicClock,
      handlers: {
        frame: () => void this.frames++,
        cursor() {},
        started: () => void this.started++,
        failed: () => void this.failed++,
        stateChanged() {},
        stats: (stats) => {
          this.#stats = stats;
          this.reports++;
        },
      },
      processEnded: () => this.#stats = undefined,
    });
  }

  /** Waits for a condition on the process. */
  async until(what: string, condition: () => boolean): Promise<void> {
    await until(condition, what, WAIT_MS);
  }

  /** Waits until its figures are newer than what was done before: they come once a second. */
  async news(): Promise<void> {
    const wanted = this.reports + 2;
    await this.until("its figures", () => this.reports >= wanted);
  }

  /** What the process that runs now says of its native memory, once it said something. */
  figures(): Holdings {
    const holdings = new Map<string, number>();
    for (const { type, live, liveBytes } of this.#stats?.native ?? []) {
      holdings.set(`native ${type} live`, live);
      holdings.set(`native ${type} bytes`, liveBytes);
    }
    holdings.set("streams", this.#stats?.streams.length ?? -1);
    return holdings;
  }

  /** Looks at the process that runs now. */
  async watch(): Promise<ProcessWatch> {
    await this.until("its first words", () => this.#stats !== undefined);
    const { pid } = this.supervisor.stats;
    if (pid === undefined) throw new Error("Cannot look at a media process: there is none");
    return await ProcessWatch.ofChild(pid, this.#lines.join("\n"), () => this.figures());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.supervisor.close();
  }
}
