/**
 * Chart: a uPlot in a figure: lines or layers over the last minutes, marks across it, a legend with the
 * values under the pointer or else the newest, and the same figures as a table for those who cannot
 * see it. Colours come from the style sheet, so that both colour schemes hold.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { clockText } from "./figure_text.ts";
import type { Column } from "./dashboard_model.ts";

/** One line or layer. */
export interface ChartSeries {
  readonly name: string;
  /** CSS variable of its colour, such as `--series-0`. */
  readonly colour: string;
  readonly values: Column;
  /** What the legend and the table say, where it is not what is drawn. */
  readonly shown?: Column;
  readonly isDashed?: boolean;
  /** Filled down to the axis. */
  readonly isLayer?: boolean;
}

/** A level across the chart. */
export interface ChartMark {
  readonly name: string;
  readonly colour: string;
  readonly value: number;
}

/** What a chart shows. */
export interface ChartOptions {
  readonly title: string;
  /** Times of the values, milliseconds. */
  readonly times: Column;
  readonly series: readonly ChartSeries[];
  readonly marks?: readonly ChartMark[];
  /** Writes a value. */
  readonly text: (value: number | null | undefined) => string;
  /** The least that the axis goes up to. */
  readonly topMin: number;
}

/** Shortest time that the chart spans: a host that has just begun shows more than a dot. */
const SPAN_SECONDS_MIN = 120;
/** A mark that would press the data into the lower fifth is named, not drawn. */
const MARK_REACH = 5;
const HEADROOM = 1.12;

/** The chart with its legend and its table. */
export function Chart(options: ChartOptions): ComponentChild {
  const [row, setRow] = useState<number | undefined>(undefined);
  const { title, times, series, text } = options;
  const shownRow = row ?? times.length - 1;
  return h("figure", { class: "chart", "aria-label": title }, [
    h(Legend, { ...options, row: shownRow, isHovered: row !== undefined }),
    h(Plot, { options, onRow: setRow }),
    h(DataTable, { title, times, series, text }),
  ]);
}

function Legend({ times, series, marks = [], text, row, isHovered }: ChartOptions & {
  readonly row: number;
  readonly isHovered: boolean;
}): ComponentChild {
  const timeMs = times[row];
  const top = topOf(series, 0);
  return h("ul", { class: "legend", "aria-hidden": "true" }, [
    ...series.map((one) =>
      h("li", { key: one.name }, [
        h("i", {
          class: one.isDashed ? "key dashed" : one.isLayer ? "key layer" : "key",
          style: { color: `var(${one.colour})` },
        }),
        h("span", { class: "name" }, one.name),
        h("b", {}, text((one.shown ?? one.values)[row])),
      ])
    ),
    ...marks.map((mark) =>
      h("li", { key: mark.name }, [
        h("i", { class: "key dotted", style: { color: `var(${mark.colour})` } }),
        h("span", { class: "name" }, mark.name),
        h("b", {}, `${text(mark.value)}${mark.value > top * MARK_REACH ? " ↑" : ""}`),
      ])
    ),
    isHovered && timeMs !== null && timeMs !== undefined
      ? h("li", { class: "at" }, clockText(timeMs))
      : null,
  ]);
}

function Plot({ options, onRow }: {
  readonly options: ChartOptions;
  readonly onRow: (row: number | undefined) => void;
}): ComponentChild {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const newest = useRef(options);
  newest.current = options;
  const [scheme, setScheme] = useState(0);
  const names = options.series.map(({ name }) => name).join();
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setScheme((count) => count + 1);
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  useEffect(() => {
    const place = box.current;
    if (place === null) return;
    const made = new uPlot(plotOptions(place, () => newest.current, onRow), dataOf(options), place);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize(sizeOf(place)));
    observer.observe(place);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [names, scheme]);
  useEffect(() => {
    plot.current?.setData(dataOf(options));
  });
  return h("div", { class: "plot", ref: box, role: "img", "aria-label": summaryOf(options) });
}

function plotOptions(
  place: HTMLElement,
  newest: () => ChartOptions,
  onRow: (row: number | undefined) => void,
): uPlot.Options {
  const { series } = newest();
  const ink = (name: string) => getComputedStyle(place).getPropertyValue(name).trim();
  const axis = {
    stroke: ink("--muted"),
    font: `11px ${ink("--type")}`,
    grid: { stroke: ink("--grid"), width: 1 },
    ticks: { show: false },
  };
  return {
    ...sizeOf(place),
    pxAlign: 1,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, y: false },
    scales: {
      x: { time: true, range: (_plot, min, max) => [Math.min(min, max - SPAN_SECONDS_MIN), max] },
      y: { range: () => [0, rangeTop(newest())] },
    },
    axes: [
      { ...axis, size: 24, space: 80, gap: 4, values: (_plot, ticks) => ticks.map(tickText) },
      {
        ...axis,
        size: 64,
        space: 36,
        gap: 6,
        values: (_plot, ticks) => ticks.map((tick) => shortText(newest().text(tick))),
      },
    ],
    series: [
      {},
      ...series.map((one) => ({
        stroke: one.isLayer ? ink("--surface") : ink(one.colour),
        width: one.isLayer ? 1 : 2,
        ...one.isLayer ? { fill: ink(one.colour) } : {},
        ...one.isDashed ? { dash: [5, 4] } : {},
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      draw: [(plot) => drawMarks(plot, newest(), ink)],
      setCursor: [(plot) => onRow(plot.cursor.idx ?? undefined)],
    },
  };
}

function drawMarks(plot: uPlot, options: ChartOptions, ink: (name: string) => string): void {
  const { ctx, bbox } = plot;
  const top = rangeTop(options);
  for (const mark of options.marks ?? []) {
    if (mark.value > top) continue;
    const y = Math.round(plot.valToPos(mark.value, "y", true)) + 0.5;
    ctx.save();
    ctx.strokeStyle = ink(mark.colour);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillStyle = ink(mark.colour);
    ctx.font = `${11 * devicePixelRatio}px ${ink("--type")}`;
    ctx.textAlign = "right";
    ctx.fillText(mark.name, bbox.left + bbox.width - 4, y - 4 * devicePixelRatio);
    ctx.restore();
  }
}

/** The same figures, a row a minute and the newest. */
function DataTable(
  { title, times, series, text }: Pick<ChartOptions, "title" | "times" | "series" | "text">,
): ComponentChild {
  const rows: number[] = [];
  for (let row = times.length - 1; row >= 0; row -= 60) rows.unshift(row);
  // A table takes the width of its text whatever it is told: the box around it does not.
  return h(
    "div",
    { class: "unseen" },
    h("table", {}, [
      h("caption", {}, `${title}, a row a minute`),
      h(
        "thead",
        {},
        h("tr", {}, [
          h("th", { scope: "col" }, "Time"),
          ...series.map(({ name }) => h("th", { key: name, scope: "col" }, name)),
        ]),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h("tr", { key: times[row] ?? row }, [
            h("th", { scope: "row" }, clockText(times[row] ?? 0)),
            ...series.map(({ name, values, shown }) =>
              h("td", { key: name }, text((shown ?? values)[row]))
            ),
          ])
        ),
      ),
    ]),
  );
}

/** A text without decimals that say nothing: ticks are round numbers. */
function shortText(text: string): string {
  return text.replace(/\.(\d*?)0+(?=\s)/, (_all, kept: string) => kept === "" ? "" : `.${kept}`);
}

function summaryOf({ title, series, text }: ChartOptions): string {
  const parts = series.map(({ name, values, shown }) =>
    `${name} ${text((shown ?? values).at(-1))}`
  );
  return `${title}. Now: ${parts.join(", ")}`;
}

function dataOf({ times, series }: ChartOptions): uPlot.AlignedData {
  const seconds = times.map((timeMs) => (timeMs ?? 0) / 1000);
  return [seconds, ...series.map(({ values }) => values)];
}

function rangeTop({ series, marks = [], topMin }: ChartOptions): number {
  const top = topOf(series, topMin);
  const near = marks.filter(({ value }) => value <= top * MARK_REACH).map(({ value }) => value);
  return Math.max(top, ...near) * HEADROOM;
}

function topOf(series: readonly ChartSeries[], least: number): number {
  let top = least;
  for (const { values } of series) {
    for (const value of values) if (value !== null && value > top) top = value;
  }
  return top;
}

function sizeOf(place: HTMLElement): { width: number; height: number } {
  return { width: Math.max(160, place.clientWidth), height: Math.max(80, place.clientHeight) };
}

function tickText(seconds: number): string {
  const text = clockText(seconds * 1000);
  return text.endsWith(":00") ? text.slice(0, 5) : text;
}
