/**
 * MemoryCheckpoints: the host's memory at named points, each with its distance from a baseline. A
 * point that many frames pass is sampled: each name is recorded at most once an interval, and what
 * passed in between is a count. Who marks holds `undefined` while it is off, so that costs nothing.
 */

import { showBytes } from "../core/byte_size.ts";
import { MEMORY_OWNERS, type MemoryOwner } from "./memory_ledger.ts";
import type { MemorySample } from "./memory_sample.ts";

/** Every point. */
export const CHECKPOINT_NAMES = [
  "start",
  "interval",
  "signal",
  "session_open",
  "session_close",
  "encode_output_ready",
  "fec_window_repaired",
  "send_queue_size",
  "pressure",
  "end",
] as const;

/** Name of a point. */
export type CheckpointName = (typeof CHECKPOINT_NAMES)[number];

/** The memory at a point. */
export interface MemoryCheckpoint {
  readonly name: CheckpointName;
  /** Since the baseline, microseconds. */
  readonly elapsedUs: number;
  /** Times that the point was passed since it was recorded last, this one included. */
  readonly passes: number;
  readonly sample: MemorySample;
  readonly baseline: MemorySample;
}

/** What checkpoints are made of. */
export interface MemoryCheckpointOptions {
  readonly sample: () => MemorySample;
  /** Least time between two records of a sampled point. */
  readonly intervalUs: number;
  readonly onCheckpoint: (checkpoint: MemoryCheckpoint) => void;
}

/** Points of which each is worth a record, within reason. */
const RARE: ReadonlySet<CheckpointName> = new Set(["session_open", "session_close", "pressure"]);
const RARE_INTERVAL_US = 1_000_000;

/** Records the memory at named points. */
export class MemoryCheckpoints {
  readonly #options: MemoryCheckpointOptions;
  readonly #recordedUs = new Map<CheckpointName, number>();
  readonly #passes = new Map<CheckpointName, number>();
  #baseline: { sample: MemorySample; nowUs: number } | undefined;

  constructor(options: MemoryCheckpointOptions) {
    this.#options = options;
  }

  /** Passes a point; it is recorded unless it was within the interval. */
  mark(name: CheckpointName, nowUs: number): void {
    const passes = (this.#passes.get(name) ?? 0) + 1;
    this.#passes.set(name, passes);
    const recordedUs = this.#recordedUs.get(name);
    const intervalUs = RARE.has(name)
      ? Math.min(RARE_INTERVAL_US, this.#options.intervalUs)
      : this.#options.intervalUs;
    if (recordedUs === undefined || nowUs - recordedUs >= intervalUs) this.#record(name, nowUs);
  }

  /** Records a point whenever it was recorded last. */
  record(name: CheckpointName, nowUs: number): MemoryCheckpoint {
    this.#passes.set(name, (this.#passes.get(name) ?? 0) + 1);
    return this.#record(name, nowUs);
  }

  #record(name: CheckpointName, nowUs: number): MemoryCheckpoint {
    const sample = this.#options.sample();
    this.#baseline ??= { sample, nowUs };
    const checkpoint: MemoryCheckpoint = {
      name,
      elapsedUs: nowUs - this.#baseline.nowUs,
      passes: this.#passes.get(name) ?? 1,
      sample,
      baseline: this.#baseline.sample,
    };
    this.#recordedUs.set(name, nowUs);
    this.#passes.set(name, 0);
    this.#options.onCheckpoint(checkpoint);
    return checkpoint;
  }
}

/** A checkpoint in one line, without a newline. */
export function checkpointText(checkpoint: MemoryCheckpoint): string {
  const { name, elapsedUs, passes, sample, baseline } = checkpoint;
  const change = (read: (sample: MemorySample) => number | undefined): string => {
    const now = read(sample);
    const then = read(baseline);
    if (now === undefined) return "unknown";
    if (then === undefined) return showBytes(now);
    return `${showBytes(now)} (${now >= then ? "+" : ""}${showBytes(now - then)})`;
  };
  return [
    `memory ${(elapsedUs / 1e6).toFixed(1)} s`,
    `${name}${passes > 1 ? ` (${passes} passes)` : ""}:`,
    `rss ${change((s) => s.rssBytes)},`,
    `pss ${change((s) => s.pssBytes)},`,
    `heap ${change((s) => s.heapUsedBytes)},`,
    `external ${change((s) => s.externalBytes)},`,
    `native ${change((s) => s.native.bytes)} in ${sample.native.live},`,
    `owners ${change((s) => s.ledgerBytes)},`,
    `${sample.descriptors ?? "unknown"} descriptors`,
  ].join(" ");
}

const COLUMNS: readonly [string, (checkpoint: MemoryCheckpoint) => string | number][] = [
  ["time", ({ sample }) => new Date(sample.timeMs).toISOString()],
  ["elapsed_s", ({ elapsedUs }) => (elapsedUs / 1e6).toFixed(3)],
  ["name", ({ name }) => name],
  ["passes", ({ passes }) => passes],
  ["rss_bytes", ({ sample }) => sample.rssBytes],
  ["rss_delta_bytes", ({ sample, baseline }) => sample.rssBytes - baseline.rssBytes],
  ["server_rss_bytes", ({ sample }) => sample.server.rssBytes],
  ["media_rss_bytes", ({ sample }) => sample.media?.rssBytes ?? ""],
  ["pss_bytes", ({ sample }) => sample.pssBytes ?? ""],
  ["descriptors", ({ sample }) => sample.descriptors ?? ""],
  ["heap_used_bytes", ({ sample }) => sample.heapUsedBytes],
  ["external_bytes", ({ sample }) => sample.externalBytes],
  ["native_bytes", ({ sample }) => sample.native.bytes],
  ["native_delta_bytes", ({ sample, baseline }) => sample.native.bytes - baseline.native.bytes],
  ["native_live", ({ sample }) => sample.native.live],
  ["ledger_bytes", ({ sample }) => sample.ledgerBytes],
  ...MEMORY_OWNERS.map((owner) =>
    [`${owner}_bytes`, (checkpoint: MemoryCheckpoint) => bytesOf(checkpoint.sample, owner)] as const
  ).map(([name, read]): [string, typeof read] => [name, read]),
];

/** The first line of a CSV file of checkpoints, with its newline. */
export const CHECKPOINT_CSV_HEADER = `${COLUMNS.map(([name]) => name).join(",")}\n`;

/** A checkpoint as a line of that file. */
export function checkpointCsv(checkpoint: MemoryCheckpoint): string {
  return `${COLUMNS.map(([_name, read]) => read(checkpoint)).join(",")}\n`;
}

function bytesOf(sample: MemorySample, owner: MemoryOwner): number {
  return sample.owners.find((entry) => entry.owner === owner)?.currentBytes ?? 0;
}
