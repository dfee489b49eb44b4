/**
 * SegmentReader: reads segments of files, each once for all who want it at the same time: from the
 * cache, from a read that is under way, or from the disk through the gate. A read that nobody waits for
 * any more leaves the line; one that fails, or takes more than `FLIGHT_MAX_US`, leaves nothing behind.
 */

import type { MemoryAccount } from "../memory/memory_ledger.ts";
import type { FileHandle, FileHandles, FileIdentity } from "./file_handles.ts";
import { FileSegment } from "./file_segment.ts";
import type { ReadGate } from "./read_gate.ts";
import type { SegmentCache } from "./segment_cache.ts";

/** A read that takes longer than this is given up. */
export const FLIGHT_MAX_US = 300_000_000;

/** Which segment: bytes from `start`, at most `bytes`, fewer at the end of the file. */
export interface SegmentWish {
  readonly identity: FileIdentity;
  readonly start: number;
  readonly bytes: number;
}

/** A segment that is on its way to one who asked. */
export interface SegmentTicket {
  /**
   * The segment, held for the caller, who releases it; undefined when the file is gone or the read was
   * given up.
   */
  readonly segment: Promise<FileSegment | undefined>;
  /** The caller does not need it any more; one that comes all the same is to be released. */
  cancel(): void;
}

/** Counters of a reader. */
export interface SegmentReaderStats {
  /** Reads of the disk. */
  reads: number;
  bytesRead: number;
  /** Wishes that joined a read under way. */
  coalesced: number;
  /** Reads that the disk refused, or that found less than the file had. */
  failures: number;
  /** Reads that left the line, because nobody waited for them any more. */
  abandoned: number;
  /** Reads that took too long. */
  timeouts: number;
}

/** What a reader is made of. */
export interface SegmentReaderOptions {
  readonly handles: FileHandles;
  readonly cache: SegmentCache;
  readonly gate: ReadGate;
  readonly account: MemoryAccount;
  readonly nowUs: () => number;
}

/** A read for some. */
interface Flight {
  readonly done: Promise<FileSegment | undefined>;
  readonly abort: AbortController;
  readonly startUs: number;
  waiters: number;
}

/** Reads segments. */
export class SegmentReader {
  readonly #options: SegmentReaderOptions;
  readonly #flights = new Map<string, Flight>();
  readonly #stats: SegmentReaderStats = {
    ...{ reads: 0, bytesRead: 0, coalesced: 0, failures: 0, abandoned: 0, timeouts: 0 },
  };

  constructor(options: SegmentReaderOptions) {
    this.#options = options;
  }

  get stats(): Readonly<SegmentReaderStats> {
    return this.#stats;
  }

  /** Reads under way or in line. */
  get flights(): number {
    return this.#flights.size;
  }

  /** Asks for a segment. */
  ask(wish: SegmentWish): SegmentTicket {
    const key = keyOf(wish);
    const cached = this.#options.cache.take(key, this.#options.nowUs());
    if (cached !== undefined) return { segment: Promise.resolve(cached), cancel: () => {} };
    let flight = this.#flights.get(key);
    if (flight === undefined) flight = this.#launch(key, wish);
    else this.#stats.coalesced++;
    flight.waiters++;
    return this.#ticket(key, flight);
  }

  /** Gives up reads that take too long. */
  expire(nowUs: number): void {
    for (const [key, flight] of this.#flights) {
      if (nowUs - flight.startUs < FLIGHT_MAX_US) continue;
      this.#stats.timeouts++;
      this.#drop(key, flight);
    }
  }

  /** Gives up every read. */
  close(): void {
    for (const [key, flight] of this.#flights) this.#drop(key, flight);
  }

  #ticket(key: string, flight: Flight): SegmentTicket {
    let isCancelled = false;
    return {
      segment: flight.done.then((read) => read?.hold()),
      cancel: () => {
        if (isCancelled) return;
        isCancelled = true;
        if (--flight.waiters > 0 || this.#flights.get(key) !== flight) return;
        this.#stats.abandoned++;
        this.#drop(key, flight);
      },
    };
  }

  #launch(key: string, wish: SegmentWish): Flight {
    const abort = new AbortController();
    const { promise, resolve } = Promise.withResolvers<FileSegment | undefined>();
    // Given up, it is over for who waits, even while the disk still has not answered.
    abort.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    const startUs = this.#options.nowUs();
    const flight: Flight = { done: promise, abort, startUs, waiters: 0 };
    this.#flights.set(key, flight);
    void this.#read(wish, abort.signal).then((segment) => {
      const isWanted = this.#flights.get(key) === flight;
      if (isWanted) this.#flights.delete(key);
      if (isWanted && segment !== undefined) {
        this.#options.cache.put(key, segment, this.#options.nowUs());
      }
      resolve(isWanted ? segment : undefined);
      // Those who waited have theirs by then: their turns come before this one.
      void flight.done.then(() => segment?.release());
    });
    return flight;
  }

  #drop(key: string, flight: Flight): void {
    this.#flights.delete(key);
    flight.abort.abort();
  }

  /** Never rejects. */
  async #read(wish: SegmentWish, signal: AbortSignal): Promise<FileSegment | undefined> {
    const { handles, gate, account } = this.#options;
    if (!await gate.enter(signal)) return undefined;
    let handle: FileHandle | undefined;
    try {
      handle = await handles.take(wish.identity);
      if (handle === undefined) throw new Deno.errors.NotFound(wish.identity.path);
      const length = Math.min(wish.bytes, wish.identity.bytes - wish.start);
      const bytes = new Uint8Array(length);
      await readFully(handle.file, wish.start, bytes);
      handles.give(handle);
      handle = undefined;
      this.#stats.reads++;
      this.#stats.bytesRead += length;
      return new FileSegment(account, bytes);
    } catch {
      this.#stats.failures++;
      if (handle !== undefined) handles.drop(handle);
      return undefined;
    } finally {
      gate.leave();
    }
  }
}

async function readFully(
  file: Deno.FsFile,
  start: number,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  // A change of the position alone never waits for the disk.
  file.seekSync(start, Deno.SeekMode.Start);
  for (let filled = 0; filled < bytes.byteLength;) {
    const read = await file.read(filled === 0 ? bytes : bytes.subarray(filled));
    if (read === null) throw new RangeError(`Cannot read ${bytes.byteLength} bytes at ${start}`);
    filled += read;
  }
}

function keyOf({ identity, start, bytes }: SegmentWish): string {
  return `${identity.path}\n${identity.etag}\n${start}\n${bytes}`;
}

/** What the keys of a file begin with. */
export function keyPrefix(path: string): string {
  return `${path}\n`;
}
