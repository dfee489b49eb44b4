/**
 * SegmentCache: the segments that were read last, so that several readers of one recording cost one
 * read. Bounded by bytes, by entries and by age; the one unused for longest goes first. A segment that
 * leaves the cache lives on with those who hold it.
 */

import type { FileSegment } from "./file_segment.ts";

/** Bounds of a cache. */
export interface SegmentCacheLimits {
  readonly bytes: number;
  readonly entries: number;
  /** How long an entry stays after it was read, used or not. */
  readonly lifetimeUs: number;
}

/** Counters of a cache. */
export interface SegmentCacheStats {
  hits: number;
  misses: number;
  /** Entries that went for room, or because a limit was lowered. */
  evictions: number;
  /** Entries that grew too old. */
  expiries: number;
}

interface Entry {
  readonly segment: FileSegment;
  readonly expiresUs: number;
}

/** Holds segments by their key. */
export class SegmentCache {
  readonly limits: SegmentCacheLimits;
  /** Unused for longest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #stats: SegmentCacheStats = { hits: 0, misses: 0, evictions: 0, expiries: 0 };
  #bytes = 0;
  #share = 1;

  /** Throws RangeError for limits that are none. */
  constructor(limits: SegmentCacheLimits) {
    const { bytes, entries, lifetimeUs } = limits;
    if (!(bytes >= 0 && entries >= 0 && lifetimeUs > 0)) {
      throw new RangeError(`Cannot hold ${bytes} bytes in ${entries} entries for ${lifetimeUs} us`);
    }
    this.limits = limits;
  }

  get stats(): Readonly<SegmentCacheStats> {
    return this.#stats;
  }

  get entries(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** True while it holds as many entries as it may. */
  get isFull(): boolean {
    return this.#entries.size >= this.limits.entries;
  }

  /** The segment of `key`, held for the caller; undefined when it is not here. */
  take(key: string, nowUs: number): FileSegment | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresUs <= nowUs) {
      if (entry !== undefined) this.#expire(key);
      this.#stats.misses++;
      return undefined;
    }
    this.#stats.hits++;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.segment.hold();
  }

  /** Keeps a segment, holding it once more; one that is larger than its share of room is not kept. */
  put(key: string, segment: FileSegment, nowUs: number): void {
    this.#remove(key);
    const roomBytes = this.limits.bytes * this.#share;
    if (segment.byteLength > roomBytes || this.limits.entries === 0) return;
    const { lifetimeUs } = this.limits;
    this.#entries.set(key, { segment: segment.hold(), expiresUs: nowUs + lifetimeUs });
    this.#bytes += segment.byteLength;
    this.#shrink();
  }

  /** Lets go of what is too old. */
  expire(nowUs: number): void {
    for (const [key, { expiresUs }] of this.#entries) if (expiresUs <= nowUs) this.#expire(key);
  }

  /** Lets go of every entry whose key begins so. */
  drop(prefix: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#remove(key);
  }

  /** Has it hold at most this share of its bytes from now on; 0 empties it. */
  limit(share: number): void {
    this.#share = share;
    this.#shrink();
  }

  /** Lets go of everything. */
  clear(): void {
    for (const key of [...this.#entries.keys()]) this.#remove(key);
  }

  #shrink(): void {
    const roomBytes = this.limits.bytes * this.#share;
    for (const key of this.#entries.keys()) {
      if (this.#bytes <= roomBytes && this.#entries.size <= this.limits.entries) return;
      this.#remove(key);
      this.#stats.evictions++;
    }
  }

  #expire(key: string): void {
    this.#remove(key);
    this.#stats.expiries++;
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.segment.byteLength;
    entry.segment.release();
  }
}
