/**
 * Memory limits: the goals of the project for memory, as checks of a run.
 */

import { ReorderBuffer } from "../../src/reorder/reorder_buffer.ts";
import { atLeast, atMost, type Check } from "../report/report.ts";
import type { FigureCourse } from "./memory_figures.ts";
import { MB } from "./memory_figures.ts";
import { type OwnerCourse, reuseRatio } from "./memory_owners.ts";

/** Both processes, no viewer, MB. */
const BASELINE_MB_MAX = 90;
/** Both processes while one viewer watches, MB, by size. */
const PEAK_MB_MAX: Readonly<Record<string, number>> = { "1920x1080": 130, "3840x2160": 230 };
/** Each viewer more, MB. */
const VIEWER_MB_MAX = 4;
/** Growth, MB in 24 hours. */
export const DAY_GROWTH_MB_MAX = 5;
/** Uses of pool frames that need no allocation. */
const REUSE_MIN = 0.999;
const FEC_MB_MAX = 0.82;
const REORDER_MB_MAX = 2;
/** What may stay of a stream that nobody watches any more, MB: a tenth of an idle host. */
const KEPT_MB_MAX = 9;

/** What is judged. */
export interface JudgedRun {
  readonly size: string;
  readonly viewers: number;
  /** Both processes, each page once. */
  readonly memory: FigureCourse;
  readonly owners: readonly OwnerCourse[];
  /** Undefined when no further viewer came. */
  readonly furtherViewerBytes: number | undefined;
  readonly fecBytesPerViewer: number | undefined;
  /** At the end and before the first viewer. */
  readonly descriptorsMore: number | undefined;
  readonly viewersLost: number;
}

/** True when the run is long and quiet enough to see the growth that a day may have. */
export function resolvesDayGrowth({ trend }: FigureCourse): boolean {
  return trend.margin * 24 / MB <= DAY_GROWTH_MB_MAX;
}

/** The checks of a run. */
export function memoryChecks(run: JudgedRun): Check[] {
  const { memory, owners, viewers } = run;
  const { slope, margin } = memory.trend;
  const mb = (bytes: number | undefined) => bytes === undefined ? undefined : bytes / MB;
  const peakMax = PEAK_MB_MAX[run.size];
  const kept = memory.after === undefined || memory.baseline === undefined
    ? undefined
    : memory.after - memory.baseline;
  const sum = (read: (owner: OwnerCourse) => number) =>
    owners.reduce((total, owner) => total + read(owner), 0);
  const provenMb = margin === Infinity ? 0 : Math.max(0, slope - margin) / MB;
  return [
    atMost("no viewer, MB", mb(memory.baseline), BASELINE_MB_MAX),
    ...peakMax === undefined ? [] : [
      atMost("peak, MB", mb(memory.peak), peakMax + (viewers - 1) * VIEWER_MB_MAX),
    ],
    atMost("growth that the run proves, MB an hour", provenMb, 0),
    ...resolvesDayGrowth(memory)
      ? [atMost("growth in 24 h, MB", slope * 24 / MB, DAY_GROWTH_MB_MAX)]
      : [],
    ...run.furtherViewerBytes === undefined
      ? []
      : [atMost("each further viewer, MB", mb(run.furtherViewerBytes), VIEWER_MB_MAX)],
    atLeast("frames of the pool used again", reuseRatio(owners), REUSE_MIN),
    atMost(
      "raw frames allocated in the span",
      owners.find(({ owner }) => owner === "staging")?.allocations,
      0,
    ),
    atMost("FEC of a viewer, MB", mb(run.fecBytesPerViewer), FEC_MB_MAX),
    atMost("reorder buffer of a viewer, MB", new ReorderBuffer(0).bufferBytes / MB, REORDER_MB_MAX),
    atMost("owners above their cap", sum(isAboveCap), 0),
    atMost("buffers never given back", sum(({ undisposed }) => undisposed), 0),
    atMost("kept after the viewers, MB", mb(kept), KEPT_MB_MAX),
    atMost("descriptors more than before", run.descriptorsMore, 0),
    atMost("viewers lost", run.viewersLost, 0),
  ];
}

function isAboveCap({ peakBytes, capBytes }: OwnerCourse): number {
  return capBytes !== undefined && peakBytes > capBytes ? 1 : 0;
}
