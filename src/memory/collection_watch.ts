/**
 * CollectionWatch: the pauses in which V8 collects garbage in this process, as its own profiler tells
 * them, and the bytes that the program allocated on the heap. The profiler keeps a record of some
 * kilobytes of each collection until it is asked, so who makes a watch asks every few seconds.
 */

import v8 from "node:v8";

/** Kinds of pauses: of young objects, of all, a step ahead of such a one, and of weak references. */
export const COLLECTION_KINDS = ["minor", "major", "incremental", "weak"] as const;
/** One of `COLLECTION_KINDS`. */
export type CollectionKind = (typeof COLLECTION_KINDS)[number];

/** One pause. */
export interface CollectionPause {
  readonly kind: CollectionKind;
  readonly pauseUs: number;
}

/** Pauses of one kind since the start. */
export interface CollectionTotal {
  readonly kind: CollectionKind;
  readonly collections: number;
  readonly pauseUs: number;
}

/** Bounds of the heap, and what went through it. */
export interface HeapFigures {
  readonly limitBytes: number;
  /** Bytes allocated since the start, collected or not; 0 where V8 does not tell. */
  readonly allocatedBytes: number;
}

const KINDS: Readonly<Record<string, CollectionKind>> = {
  Scavenge: "minor",
  MinorMarkSweep: "minor",
  MinorMarkCompact: "minor",
  MarkSweepCompact: "major",
  IncrementalMarking: "incremental",
  ProcessWeakCallbacks: "weak",
};

const NS_PER_US = 1000;

/** Watches this process. */
export class CollectionWatch implements Disposable {
  readonly #totals = new Map<CollectionKind, { collections: number; pauseUs: number }>();
  #profiler = startProfiler();

  /** The pauses since the last call, oldest first; they are in `totals` from now on. */
  take(): CollectionPause[] {
    const { statistics } = this.#profiler.stop();
    this.#profiler = startProfiler();
    const pauses = statistics.map(({ gcType, cost }): CollectionPause => ({
      kind: KINDS[gcType] ?? "major",
      pauseUs: Math.round(cost / NS_PER_US),
    }));
    for (const { kind, pauseUs } of pauses) {
      const total = this.#totals.get(kind) ?? { collections: 0, pauseUs: 0 };
      total.collections++;
      total.pauseUs += pauseUs;
      this.#totals.set(kind, total);
    }
    return pauses;
  }

  /** All pauses that were taken, by kind. */
  get totals(): CollectionTotal[] {
    return [...this.#totals].map(([kind, total]) => ({ kind, ...total }));
  }

  /** Ends the profiler. */
  [Symbol.dispose](): void {
    this.#profiler.stop();
  }
}

/** The heap of this process. */
export function heapFigures(): HeapFigures {
  const figures = v8.getHeapStatistics() as ReturnType<typeof v8.getHeapStatistics> & {
    readonly total_allocated_bytes?: number;
  };
  return {
    limitBytes: figures.heap_size_limit,
    allocatedBytes: figures.total_allocated_bytes ?? 0,
  };
}

function startProfiler(): v8.GCProfiler {
  const profiler = new v8.GCProfiler();
  profiler.start();
  return profiler;
}
