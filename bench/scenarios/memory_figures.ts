/**
 * Memory figures: what the looks of a run say: each figure before any viewer, at its peak, at the end
 * and after the viewers, and its trend over the measured span with a 95 % interval.
 */

import { percentileOf } from "../measure/distribution.ts";
import type { HostLook } from "../measure/host_sampler.ts";
import { type Trend, trendOf } from "../measure/trend.ts";
import type { FigureTable } from "../report/report.ts";

/** Bytes of a megabyte, as the goals count. */
export const MB = 1e6;
/** Seconds at the end of a phase that say what it came to, at most a third of it. */
const SETTLED_SECONDS = 8;
/** Looks at the end of a further viewer's phase. */
const SETTLED_LOOKS = 4;
/** Seconds at the end of the measured span that the cost of further viewers is taken from. */
const SPAN_END_LOOKS = 15;

/** A figure of a run over time. */
export interface MemoryFigure {
  readonly name: string;
  readonly read: (look: HostLook) => number | undefined;
}

/** What a figure did in a run, bytes; undefined where nothing was seen of it. */
export interface FigureCourse {
  readonly name: string;
  readonly baseline: number | undefined;
  readonly peak: number | undefined;
  readonly end: number | undefined;
  readonly after: number | undefined;
  /** Bytes an hour. */
  readonly trend: Trend;
}

/**
 * What viewers cost: they are the server process'. The media process does not know them, but its
 * encoder may change its size meanwhile.
 */
export const VIEWER_FIGURE: MemoryFigure = {
  name: "server, of no file",
  read: (look) => look.server.ownPssBytes,
};

/** Every figure; the first is the one that the goals are about. */
export const MEMORY_FIGURES: readonly MemoryFigure[] = [
  { name: "both, pages once", read: (look) => look.onceBytes ?? look.pssBytes },
  { name: "both, rss", read: (look) => look.rssBytes },
  { name: "both, pss now", read: (look) => look.pssBytes },
  { name: "server, rss", read: (look) => look.server.rssBytes },
  VIEWER_FIGURE,
  { name: "media, rss", read: (look) => look.media.rssBytes },
  { name: "media, of no file", read: (look) => look.media.ownPssBytes },
  { name: "server, heap", read: (look) => look.metrics?.value("wavry_heap_used_bytes", "server") },
  { name: "media, heap", read: (look) => look.metrics?.value("wavry_heap_used_bytes", "media") },
  { name: "server, external", read: (look) => look.metrics?.value("wavry_external_bytes") },
  { name: "native library", read: (look) => look.metrics?.value("wavry_native_bytes") },
  { name: "all owners", read: (look) => look.metrics?.value("wavry_owner_bytes") },
];

/** Phases in which somebody watches and the number of viewers is that of the run. */
function isStreaming(phase: string): boolean {
  return phase.startsWith("viewer ") || phase === "warm-up" || phase === "measured";
}

/** The course of a figure through a run. */
export function courseOf(looks: readonly HostLook[], { name, read }: MemoryFigure): FigureCourse {
  const seen = looks.flatMap((look) => {
    const bytes = read(look);
    return bytes === undefined ? [] : [{ phase: look.phase, hours: look.seconds / 3600, bytes }];
  });
  const of = (phase: string) => seen.filter((one) => one.phase === phase);
  const span = of("measured");
  const streaming = seen.filter(({ phase }) => isStreaming(phase));
  return {
    name,
    baseline: settled(of("idle")),
    peak: streaming.length === 0 ? undefined : Math.max(...streaming.map(({ bytes }) => bytes)),
    end: settled(span),
    after: settled(of("after")),
    trend: trendOf(span.map(({ hours, bytes }) => [hours, bytes])),
  };
}

/** Bytes that each viewer more added after the measured span; undefined when none came. */
export function furtherViewerBytes(
  looks: readonly HostLook[],
  { read }: MemoryFigure,
): number | undefined {
  const phases = [...new Set(looks.map(({ phase }) => phase))].filter((phase) =>
    phase.startsWith("further ")
  );
  const values = (phase: string) =>
    looks.filter((look) => look.phase === phase).flatMap((look) => read(look) ?? []);
  const before = median(values("measured").slice(-SPAN_END_LOOKS));
  const after = median(values(phases.at(-1) ?? "").slice(-SETTLED_LOOKS));
  if (before === undefined || after === undefined) return undefined;
  return (after - before) / phases.length;
}

/** Times that the picture had another size at a look than at the one before, in the measured span. */
export function scaleChanges(looks: readonly HostLook[]): number {
  const scales = looks.filter(({ phase }) => phase === "measured").flatMap(({ metrics }) =>
    metrics?.value("wavry_encoder_scale_ratio") ?? []
  );
  return scales.filter((scale, at) => at > 0 && scale !== scales[at - 1]).length;
}

/** What a phase came to: its end, where little is left to be collected. */
function settled(looks: readonly { hours: number; bytes: number }[]): number | undefined {
  const [first, last] = [looks[0]?.hours ?? 0, looks.at(-1)?.hours ?? 0];
  const spanHours = Math.min(SETTLED_SECONDS / 3600, (last - first) / 3);
  return median(looks.filter(({ hours }) => hours >= last - spanHours).map(({ bytes }) => bytes));
}

function median(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : percentileOf(values.toSorted((a, b) => a - b), 50);
}

/** What a trend says. */
export type Verdict = "grows" | "shrinks" | "not distinguishable from 0" | "too short to tell";

/** The verdict of a trend. */
export function verdictOf({ slope, margin }: Trend): Verdict {
  if (margin === Infinity) return "too short to tell";
  if (slope - margin > 0) return "grows";
  return slope + margin < 0 ? "shrinks" : "not distinguishable from 0";
}

/** Courses as a table, in MB. */
export function courseTable(courses: readonly FigureCourse[]): FigureTable {
  const cell = (bytes: number | undefined) => bytes === undefined ? "-" : fixed(bytes / MB, 1);
  return {
    title: "Memory, MB",
    columns: [
      ...["figure", "baseline", "peak", "end", "after"],
      ...["slope MB/h", "+- (95 %)", "in 24 h", "verdict"],
    ],
    rows: courses.map(({ name, baseline, peak, end, after, trend }) => [
      ...[name, cell(baseline), cell(peak), cell(end), cell(after)],
      fixed(trend.slope / MB, 2),
      trend.margin === Infinity ? "-" : fixed(trend.margin / MB, 2),
      fixed(trend.slope * 24 / MB, 1),
      verdictOf(trend),
    ]),
  };
}

function fixed(value: number, digits: number): string {
  return value.toFixed(digits);
}
