/**
 * Memory plot: a run over time as one panel: both processes and each, and the slope of the measured
 * span with its interval.
 */

import type { HostLook } from "../measure/host_sampler.ts";
import { type PlotBand, type PlotSpan, svgPlot } from "../report/svg_plot.ts";
import { courseOf, MB, MEMORY_FIGURES } from "./memory_figures.ts";
import type { MemoryOptions } from "./memory_options.ts";
import type { MemoryRun } from "./memory_run.ts";

/** Points of a line; more cannot be seen. */
const POINTS_MAX = 800;
const TICKS = 8;
const SERIES = [
  ["both processes, each page once", MEMORY_FIGURES[0]!.read],
  ["both processes, resident", (look: HostLook) => look.rssBytes],
  ["server process, resident", (look: HostLook) => look.server.rssBytes],
  ["media process, resident", (look: HostLook) => look.media.rssBytes],
] as const;
/** Names of the phases; those that have none belong to the one before. */
const SPAN_NAMES: Readonly<Record<string, string>> = {
  "idle": "no viewer",
  "viewer 1": "viewers, warm-up",
  "measured": "measured",
  "further 1": "further",
  "after": "nobody",
};

/** Draws a run. */
export function plotMemory(run: MemoryRun, options: MemoryOptions): string {
  const { looks } = run;
  const lastSeconds = looks.at(-1)?.seconds ?? 1;
  const most = Math.max(...looks.map(({ rssBytes }) => rssBytes)) / MB;
  const step = stepOf(most / TICKS);
  const yMax = Math.ceil(most * 1.12 / step) * step;
  const minutes = stepOf(lastSeconds / 60 / TICKS);
  const every = Math.ceil(looks.length / POINTS_MAX);
  const series = SERIES.map(([name, read]) => ({
    name,
    points: looks.filter((_, at) => at % every === 0).flatMap((look) => {
      const bytes = read(look);
      return bytes === undefined ? [] : [[look.seconds / 60, bytes / MB] as const];
    }),
  }));
  const band = bandOf(run, SERIES.length);
  const { trend } = courseOf(looks, MEMORY_FIGURES[0]!);
  const margin = trend.margin === Infinity ? "unknown" : (trend.margin / MB).toFixed(1);
  return svgPlot({
    title: `Memory of the host, ${options.size}, ${options.viewers} viewer` +
      (options.viewers === 1 ? "" : "s"),
    note: `slope of the measured span ${(trend.slope / MB).toFixed(1)} MB an hour, ` +
      `95 % interval +- ${margin}`,
    panels: [{
      title: "",
      xLabel: "minutes",
      yLabel: "MB",
      series: [...series, {
        name: "slope and its interval",
        points: band.points.map(([x, low, high]) => [x, (low + high) / 2]),
      }],
      band,
      spans: spansOf(looks),
    }],
    columns: 1,
    panelSize: { width: 900, height: 420 },
    xMax: lastSeconds / 60,
    yMin: 0,
    yMax,
    yTicks: ticksTo(yMax, step),
    xTicks: ticksTo(lastSeconds / 60, minutes),
    formatX: String,
    formatY: String,
  });
}

/** The line of the trend with its interval, which is narrowest in the middle of the span. */
function bandOf({ start, end, looks }: MemoryRun, series: number): PlotBand {
  const { trend } = courseOf(looks, MEMORY_FIGURES[0]!);
  const middle = (start.seconds + end.seconds) / 2;
  const margin = trend.margin === Infinity ? 0 : trend.margin;
  const points = [start.seconds, middle, end.seconds].map((seconds) => {
    const hours = (seconds - middle) / 3600;
    const y = trend.level + trend.slope * hours;
    const half = margin * Math.abs(hours);
    return [seconds / 60, (y - half) / MB, (y + half) / MB] as const;
  });
  return { series, points };
}

function spansOf(looks: readonly HostLook[]): PlotSpan[] {
  const starts = looks.flatMap((look, at) => {
    const label = SPAN_NAMES[look.phase];
    const begins = look.phase !== looks[at - 1]?.phase;
    return label === undefined || !begins ? [] : [{ from: look.seconds / 60, label }];
  });
  const end = (looks.at(-1)?.seconds ?? 0) / 60;
  return starts.map(({ from, label }, at) => ({ from, to: starts[at + 1]?.from ?? end, label }));
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function stepOf(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((factor) => factor * power >= least) ?? 10);
}

function ticksTo(most: number, step: number): number[] {
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step);
}
