/**
 * Memory collections: the pauses of V8's collector in both processes within the measured span, and
 * what each process allocated on its heap for a frame.
 */

import { type Distribution, distributionOf } from "../measure/distribution.ts";
import { allocatedBetween, type Collection } from "../measure/gc_trace.ts";
import type { Value } from "../report/report.ts";
import type { MemoryRun } from "./memory_run.ts";

/** Fewer collections say nothing about a rate. */
const RATE_COLLECTIONS_MIN = 3;

/** What the collector did. */
export interface CollectionFigures {
  readonly distributions: Readonly<Record<string, Distribution>>;
  readonly values: Readonly<Record<string, Value>>;
}

/** Figures of both processes; `framesPerSecond` is that of the measured span. */
export function collectionFigures(run: MemoryRun, framesPerSecond: number): CollectionFigures {
  const { trace, start, end } = run;
  const distributions: Record<string, Distribution> = {};
  const values: Record<string, Value> = {};
  const spans = [
    ["server", trace.between(run.serverPid, start.serverAgeMs, end.serverAgeMs)],
    ["media", trace.between(run.mediaPid, start.mediaAgeMs, end.mediaAgeMs)],
  ] as const;
  for (const [part, collections] of spans) {
    distributions[`${part}: pause of the collector`] = distributionOf(pausesOf(collections), "ms");
    values[`${part}: collections`] = { value: collections.length, unit: "" };
    values[`${part}: pauses in all`] = { value: totalPauseMs(collections), unit: "ms" };
    if (collections.length < RATE_COLLECTIONS_MIN) continue;
    const { bytes, seconds } = allocatedBetween(collections);
    values[`${part}: heap allocated a second`] = { value: bytes / seconds / 1e3, unit: "kB" };
    values[`${part}: heap allocated a frame`] = {
      value: bytes / seconds / framesPerSecond / 1e3,
      unit: "kB",
    };
  }
  return { distributions, values };
}

/** Each time that the program stood still: the ends of collections and the longest of their steps. */
function pausesOf(collections: readonly Collection[]): number[] {
  return collections.flatMap(({ pauseMs, longestStepMs }) =>
    longestStepMs > 0 ? [pauseMs, longestStepMs] : [pauseMs]
  );
}

function totalPauseMs(collections: readonly Collection[]): number {
  return collections.reduce((sum, { pauseMs, stepsMs }) => sum + pauseMs + stepsMs, 0);
}
