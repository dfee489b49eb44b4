/**
 * MemoryLog: writes memory checkpoints for as long as the host runs: lines on standard output, rows of
 * a CSV file, and at the end the profile of the run. Without an option that asks for one of them there
 * is no timer and no file, and only a signal makes a sample.
 */

import type { Clock } from "../../core/clock.ts";
import { ConfigError } from "../../core/errors.ts";
import {
  CHECKPOINT_CSV_HEADER,
  checkpointCsv,
  type CheckpointName,
  checkpointText,
  type MemoryCheckpoint,
  MemoryCheckpoints,
} from "../../memory/memory_checkpoint.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import { RunProfile, runText } from "../../memory/run_profile.ts";
import type { ServerConfig } from "../config/config.ts";

/** The profile of a run takes a sample this often. */
const PROFILE_MS = 1000;
/** The baseline waits for the figures of the media process, but not for ever. */
const BASELINE_POLL_MS = 100;
const BASELINE_WAIT_MS = 5000;

/** What a log is made of. */
export interface MemoryLogOptions {
  readonly config: Pick<
    ServerConfig,
    "logMemoryCheckpoints" | "memoryCheckpointInterval" | "memoryCsv" | "streamFor"
  >;
  readonly clock: Clock;
  readonly sample: () => MemorySample;
  /** Takes text with its newline. */
  readonly print: (text: string) => void;
}

/** Writes checkpoints. */
export class MemoryLog {
  readonly #options: MemoryLogOptions;
  readonly #checkpoints: MemoryCheckpoints;
  readonly #resident = new RunProfile();
  readonly #proportional = new RunProfile();
  readonly #file: Deno.FsFile | undefined;
  #hasBaseline = false;
  #baselineTimer: ReturnType<typeof setInterval> | undefined;
  #profileTimer: ReturnType<typeof setInterval> | undefined;
  #intervalTimer: ReturnType<typeof setInterval> | undefined;
  #fault: string | undefined;

  /** Opens the file, where one is asked for. Throws ConfigError when it cannot. */
  constructor(options: MemoryLogOptions) {
    this.#options = options;
    const { config, sample } = options;
    this.#file = openCsv(config.memoryCsv);
    this.#checkpoints = new MemoryCheckpoints({
      sample,
      intervalUs: config.memoryCheckpointInterval.ms * 1000,
      onCheckpoint: (checkpoint) => this.#write(checkpoint),
    });
  }

  /**
   * Passes a point; undefined while nobody wants checkpoints, so that callers need not call. What
   * passes before the baseline is not recorded.
   */
  get mark(): ((name: CheckpointName) => void) | undefined {
    if (!this.#isOn) return undefined;
    return (name) => {
      if (this.#hasBaseline) this.#checkpoints.mark(name, this.#options.clock.nowUs());
    };
  }

  /** Begins to take samples when somebody wants them, once both processes can be seen. */
  start(): void {
    if (!this.#isOn && !this.#isProfiled) return;
    const startMs = performance.now();
    this.#baselineTimer = setInterval(() => {
      const isLate = performance.now() - startMs >= BASELINE_WAIT_MS;
      if (isLate || this.#options.sample().media !== undefined) this.#begin();
    }, BASELINE_POLL_MS);
  }

  #begin(): void {
    clearInterval(this.#baselineTimer);
    this.#hasBaseline = true;
    const { config } = this.#options;
    this.#profile();
    this.#profileTimer = setInterval(() => this.#profile(), PROFILE_MS);
    if (!this.#isOn) return;
    this.#record("start");
    const { ms } = config.memoryCheckpointInterval;
    this.#intervalTimer = setInterval(() => this.#record("interval"), ms);
  }

  /** Prints a checkpoint now, whatever the options say. */
  signal(): void {
    const checkpoint = this.#record("signal");
    if (!this.#options.config.logMemoryCheckpoints) this.#print(checkpoint);
  }

  /** Writes the last checkpoint and, when a run was to be measured, its profile. */
  close(): void {
    clearInterval(this.#baselineTimer);
    clearInterval(this.#profileTimer);
    clearInterval(this.#intervalTimer);
    if (this.#isOn && this.#hasBaseline) this.#record("end");
    if (this.#hasBaseline) {
      this.#profile();
      this.#printProfile("resident", this.#resident);
      this.#printProfile("proportional", this.#proportional);
    }
    this.#file?.close();
    if (this.#fault !== undefined) this.#options.print(`${this.#fault}\n`);
  }

  get #isOn(): boolean {
    const { logMemoryCheckpoints, memoryCsv } = this.#options.config;
    return logMemoryCheckpoints || memoryCsv !== "";
  }

  get #isProfiled(): boolean {
    return this.#options.config.streamFor.ms > 0;
  }

  #profile(): void {
    const { timeMs, rssBytes, pssBytes } = this.#options.sample();
    this.#resident.push({ timeMs, bytes: rssBytes });
    if (pssBytes !== undefined) this.#proportional.push({ timeMs, bytes: pssBytes });
  }

  #printProfile(what: string, profile: RunProfile): void {
    const { figures } = profile;
    if (figures.samples > 0) this.#options.print(`${runText(what, figures)}\n`);
  }

  #record(name: CheckpointName): MemoryCheckpoint {
    return this.#checkpoints.record(name, this.#options.clock.nowUs());
  }

  #write(checkpoint: MemoryCheckpoint): void {
    if (this.#options.config.logMemoryCheckpoints) this.#print(checkpoint);
    if (this.#file === undefined || this.#fault !== undefined) return;
    try {
      writeAll(this.#file, checkpointCsv(checkpoint));
    } catch (error) {
      // A full disk must not end a stream; it is said once, at the end.
      this.#fault = `Cannot write ${this.#options.config.memoryCsv}: ${String(error)}`;
    }
  }

  #print(checkpoint: MemoryCheckpoint): void {
    this.#options.print(`${checkpointText(checkpoint)}\n`);
  }
}

function openCsv(path: string): Deno.FsFile | undefined {
  if (path === "") return undefined;
  try {
    const file = Deno.openSync(path, { write: true, create: true, truncate: true });
    writeAll(file, CHECKPOINT_CSV_HEADER);
    return file;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot use --memory-csv "${path}": ${why}`, {
      reason: "unreadable_file",
      cause,
    });
  }
}

function writeAll(file: Deno.FsFile, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.byteLength;) offset += file.writeSync(bytes.subarray(offset));
}
