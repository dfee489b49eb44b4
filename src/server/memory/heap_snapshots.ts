/**
 * HeapSnapshots: writes the JavaScript heaps of both processes to files when a developer asks, for the
 * memory panel of a browser's tools. A snapshot stops its process for a moment and holds everything
 * that the program knows, secrets too, so there is none without a folder that was named at the start,
 * one in half a minute at most, and its files are their owner's alone.
 */

import fs from "node:fs";
import { resolve } from "node:path";
import { showBytes } from "../../core/byte_size.ts";
import { ConfigError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { writeHeapSnapshot } from "../../memory/heap_snapshot.ts";

/** Time between two snapshots. */
export const SNAPSHOT_INTERVAL_MS = 30_000;
/** Snapshots that a folder may hold before somebody takes them away. */
export const SNAPSHOT_FILES_MAX = 32;
/** A snapshot is text: up to this many bytes for each byte of the heap. */
const BYTES_PER_HEAP_BYTE = 4;
/** What V8 needs to write the two of them, measured: 90 MB each and 15 bytes for one of the heap. */
const WORK_BYTES = 2 * 90e6;
const WORK_BYTES_PER_HEAP_BYTE = 15;
/** What a disk must have left besides. */
const SPARE_BYTES = 64 * 1024 * 1024;
const SUFFIX = ".heapsnapshot";

/** What snapshots are made of. */
export interface HeapSnapshotsOptions {
  /** Empty: there are none. */
  readonly directory: string;
  readonly log: Logger;
  /** Takes text for people, with its newline. */
  readonly print: (text: string) => void;
  /** Wall clock, milliseconds. */
  readonly nowMs: () => number;
  /** Bytes of the heaps of both processes. */
  readonly heapBytes: () => number;
  /** Bytes of memory that both processes may still take. */
  readonly roomBytes: () => number;
  /** Has the media process write its own heap to a file, which may not exist. */
  readonly askMedia: (path: string) => void;
  /** Default: asks the system. */
  readonly freeBytes?: (directory: string) => number;
}

/** Writes snapshots of one host. */
export class HeapSnapshots {
  readonly #options: HeapSnapshotsOptions;
  readonly #directory: string;
  #lastMs = -Infinity;

  /** Makes the folder where it is missing. Throws ConfigError when it cannot be used. */
  constructor(options: HeapSnapshotsOptions) {
    this.#options = options;
    this.#directory = options.directory === "" ? "" : resolve(options.directory);
    if (this.#directory === "") return;
    try {
      Deno.mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ConfigError(`Cannot use --heap-snapshots "${options.directory}": ${why}`, {
        reason: "unreadable_file",
        cause,
      });
    }
  }

  /** Writes both heaps, or says why not. */
  take(): void {
    const { log, nowMs, askMedia, print } = this.#options;
    const refusal = this.#refusal();
    if (refusal !== undefined) return log.warn("No heap snapshot", { why: refusal });
    this.#lastMs = nowMs();
    const time = new Date(this.#lastMs).toISOString().replaceAll(":", "-");
    const path = (process: string) => `${this.#directory}/wavry-${process}-${time}${SUFFIX}`;
    try {
      askMedia(path("media"));
      const { bytes, ms } = writeHeapSnapshot(path("server"));
      print(`heap snapshot ${path("server")}: ${showBytes(bytes)}, stopped for ${ms} ms\n`);
    } catch (error) {
      log.error("Cannot write a heap snapshot", { error: String(error) });
    }
  }

  #refusal(): string | undefined {
    const { nowMs, heapBytes, roomBytes, freeBytes = freeBytesOf } = this.#options;
    const directory = this.#directory;
    if (directory === "") return "the host was started without --heap-snapshots";
    if (nowMs() - this.#lastMs < SNAPSHOT_INTERVAL_MS) return "the last one is too recent";
    const work = WORK_BYTES + heapBytes() * WORK_BYTES_PER_HEAP_BYTE;
    if (roomBytes() < work) {
      const room = showBytes(Math.max(0, roomBytes()));
      return `${room} of memory are left, ${showBytes(work)} are needed`;
    }
    try {
      const files = [...Deno.readDirSync(directory)].filter(({ name }) => name.endsWith(SUFFIX));
      // Each time writes two.
      if (files.length > SNAPSHOT_FILES_MAX - 2) {
        return `${directory} holds ${files.length} already`;
      }
      const wanted = heapBytes() * BYTES_PER_HEAP_BYTE + SPARE_BYTES;
      const free = freeBytes(directory);
      if (free < wanted) {
        return `${showBytes(free)} of disk are left, ${showBytes(wanted)} are needed`;
      }
    } catch (error) {
      return String(error);
    }
    return undefined;
  }
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = fs.statfsSync(directory);
  return bavail * bsize;
}
