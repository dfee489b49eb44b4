/**
 * SVG plot: panels of lines over two axes, with labels and one legend, as a file for a document. It
 * has a background of its own and follows the reader's colour scheme; there is no script in it.
 */

/** One line of a panel. */
export interface PlotSeries {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** One pair of axes. All panels of a plot have the same series, in the same order. */
export interface PlotPanel {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly PlotSeries[];
  /** An area around the series of that number, such as its interval. */
  readonly band?: PlotBand;
  /** Parts of the horizontal axis with a name, told apart by their background. */
  readonly spans?: readonly PlotSpan[];
}

/** An area between two lines over the same x. */
export interface PlotBand {
  readonly series: number;
  readonly points: readonly (readonly [x: number, low: number, high: number])[];
}

/** A part of the horizontal axis. */
export interface PlotSpan {
  readonly from: number;
  readonly to: number;
  readonly label: string;
}

/** How a plot looks. */
export interface PlotOptions {
  readonly title: string;
  /** One sentence below the title. */
  readonly note?: string;
  readonly panels: readonly PlotPanel[];
  /** Panels side by side. */
  readonly columns: number;
  readonly xMax: number;
  /** The vertical axis is between these; what is below lies on the lower edge. */
  readonly yMin: number;
  readonly yMax: number;
  /** With ticks the vertical axis is linear, without them logarithmic. */
  readonly yTicks?: readonly number[];
  /** Of each panel; default 420 x 260. */
  readonly panelSize?: { readonly width: number; readonly height: number };
  readonly xTicks: readonly number[];
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
}

const PANEL_SIZE = { width: 420, height: 260 };
const MARGIN = { left: 66, right: 24, top: 34, bottom: 44 };
const HEADER_HEIGHT = 62;
const LEGEND_ROW_HEIGHT = 20;
const LEGEND_COLUMNS = 3;
/** Told apart in both schemes and by most colour-blind readers; dashes tell the rest. */
const COLOURS = [
  ["#0b63ce", "#6fb1ff"],
  ["#008a5e", "#4fd6a5"],
  ["#b35900", "#ffb066"],
  ["#8a3ab9", "#d79bff"],
  ["#c2185b", "#ff8ab5"],
  ["#5d6b00", "#c8d84a"],
  ["#00708a", "#62d5ee"],
  ["#666666", "#b5b5b5"],
] as const;
const DASHES = ["", "7 3", "2 3", "9 3 2 3"] as const;

/** Draws the plot. Throws RangeError for axes that cannot be. */
export function svgPlot(options: PlotOptions): string {
  const { yTicks, panelSize: panel = PANEL_SIZE } = options;
  const isLow = yTicks === undefined ? options.yMin > 0 : options.yMin >= 0;
  if (!(isLow && options.yMax > options.yMin && options.xMax > 0)) {
    throw new RangeError(`Cannot plot from ${options.yMin} to ${options.yMax}`);
  }
  const names = options.panels[0]?.series.map(({ name }) => name) ?? [];
  const rows = Math.ceil(options.panels.length / options.columns);
  const legendRows = Math.ceil(names.length / LEGEND_COLUMNS);
  const width = options.columns * panel.width;
  const legendTop = HEADER_HEIGHT + rows * panel.height + 8;
  const height = legendTop + legendRows * LEGEND_ROW_HEIGHT + 12;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${
      escaped(options.title)
    }">`,
    styleElement(names.length),
    `<rect class="page" width="${width}" height="${height}"/>`,
    textAt(width / 2, 26, options.title, "title"),
  ];
  if (options.note !== undefined) lines.push(textAt(width / 2, 47, options.note, "note"));
  options.panels.forEach((one, index) => {
    const left = (index % options.columns) * panel.width;
    const top = HEADER_HEIGHT + Math.floor(index / options.columns) * panel.height;
    lines.push(`<g transform="translate(${left} ${top})">`, ...panelLines(one, options), "</g>");
  });
  names.forEach((name, index) => {
    const x = MARGIN.left + (index % LEGEND_COLUMNS) * (width - MARGIN.left) / LEGEND_COLUMNS;
    const y = legendTop + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW_HEIGHT + 12;
    lines.push(`<path class="line s${index}" d="M${round(x)} ${y - 4}h28"/>`);
    lines.push(textAt(x + 36, y, name, "legend"));
  });
  lines.push("</svg>", "");
  return lines.join("\n");
}

function panelLines(panel: PlotPanel, options: PlotOptions): string[] {
  const { left, right, top, bottom } = MARGIN;
  const { width, height } = options.panelSize ?? PANEL_SIZE;
  const edge = { right: width - right, bottom: height - bottom };
  const xOf = (x: number) => left + (x / options.xMax) * (edge.right - left);
  const share = shareOf(options);
  const yOf = (y: number) => edge.bottom - share(y) * (edge.bottom - top);
  const lines: string[] = [textAt((left + edge.right) / 2, 20, panel.title, "panel")];
  panel.spans?.forEach(({ from, to, label }, index) => {
    const [start, end] = [round(xOf(from)), round(xOf(to))];
    const size = `width="${round(end - start)}" height="${edge.bottom - top}"`;
    if (index % 2 === 1) lines.push(`<rect class="span" x="${start}" y="${top}" ${size}/>`);
    lines.push(textAt((start + end) / 2, top + 14, label, "tick"));
  });
  for (const tick of options.yTicks ?? decades(options.yMin, options.yMax)) {
    const y = round(yOf(tick));
    lines.push(`<path class="grid" d="M${left} ${y}H${edge.right}"/>`);
    lines.push(textAt(left - 6, y + 4, options.formatY(tick), "tick end"));
  }
  for (const tick of options.xTicks) {
    const x = round(xOf(tick));
    lines.push(`<path class="grid" d="M${x} ${top}V${edge.bottom}"/>`);
    lines.push(textAt(x, edge.bottom + 16, options.formatX(tick), "tick"));
  }
  lines.push(
    `<path class="axis" d="M${left} ${top}V${edge.bottom}H${edge.right}"/>`,
    textAt((left + edge.right) / 2, height - 8, panel.xLabel, "label"),
    `<text class="label" transform="translate(14 ${(top + edge.bottom) / 2}) rotate(-90)">${
      escaped(panel.yLabel)
    }</text>`,
  );
  if (panel.band !== undefined) lines.push(bandPath(panel.band, xOf, yOf));
  panel.series.forEach(({ points }, index) => {
    const path = points.map(([x, y], at) =>
      `${at === 0 ? "M" : "L"}${round(xOf(x))} ${round(yOf(y))}`
    ).join("");
    lines.push(`<path class="line s${index}" d="${path}"/>`);
  });
  return lines;
}

/** Where a value lies between the lower and the upper edge, 0 to 1. */
function shareOf({ yMin, yMax, yTicks }: PlotOptions): (y: number) => number {
  const bounded = (y: number) => Math.min(yMax, Math.max(yMin, y));
  if (yTicks !== undefined) return (y) => (bounded(y) - yMin) / (yMax - yMin);
  return (y) => Math.log10(bounded(y) / yMin) / Math.log10(yMax / yMin);
}

function bandPath(
  { series, points }: PlotBand,
  xOf: (x: number) => number,
  yOf: (y: number) => number,
): string {
  const upper = points.map(([x, , high]) => `${round(xOf(x))} ${round(yOf(high))}`);
  const lower = points.map(([x, low]) => `${round(xOf(x))} ${round(yOf(low))}`).reverse();
  return `<path class="band b${series}" d="M${[...upper, ...lower].join("L")}Z"/>`;
}

/** Powers of ten from `min` to `max`. */
function decades(min: number, max: number): number[] {
  const ticks: number[] = [];
  const first = Math.ceil(Math.log10(min) - 1e-9);
  for (let power = first; 10 ** power <= max * (1 + 1e-9); power++) ticks.push(10 ** power);
  return ticks;
}

function styleElement(series: number): string {
  const colours = (scheme: 0 | 1) =>
    Array.from({ length: series }, (_, index) => {
      const colour = COLOURS[index % COLOURS.length]![scheme];
      const dash = DASHES[index % DASHES.length]!;
      return `.s${index}{stroke:${colour}${dash === "" ? "" : `;stroke-dasharray:${dash}`}}` +
        `.b${index}{fill:${colour}}`;
    }).join("");
  return "<style>" +
    "text{font:12px system-ui,sans-serif;text-anchor:middle;fill:#1f2328}" +
    ".title{font-size:16px;font-weight:600}.panel{font-weight:600}.legend{text-anchor:start}" +
    ".tick{font-size:11px}.end{text-anchor:end}.note{font-size:12px;opacity:.75}" +
    ".page{fill:#fff}.grid{stroke:#d8dee4;fill:none}.axis{stroke:#57606a;fill:none}" +
    ".span{fill:#818b98;fill-opacity:.12}.band{fill-opacity:.2}" +
    `.line{fill:none;stroke-width:2}${colours(0)}` +
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}" +
    `.grid{stroke:#30363d}.axis{stroke:#8b949e}${colours(1)}}</style>`;
}

function textAt(x: number, y: number, text: string, kind: string): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
