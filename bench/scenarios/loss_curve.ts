/**
 * Loss curve: late and never complete frames of each scheme over 0 to 20 % of loss, one by one and in
 * bursts, as a plot for the documents.
 */

import { type PlotPanel, svgPlot } from "../report/svg_plot.ts";
import type { LossSpec } from "../simulator/loss_process.ts";
import type { LossResult } from "./loss_experiment.ts";
import { SCHEMES } from "./loss_matrix.ts";
import type { CellRunner } from "./loss_targets.ts";

/** Loss rates of the curve, percent. */
const RATES = [0, 0.25, 0.5, 1, 2, 3, 5, 7, 10, 15, 20] as const;
const MEAN_BURST = 3;
/** What is below lies on the lower edge. */
const SHARE_MIN = 1e-4;

/** One kind of loss of the curve. */
interface CurveKind {
  readonly title: string;
  losses(rate: number): readonly LossSpec[];
}

const KINDS: readonly CurveKind[] = [
  {
    title: "independent losses",
    losses: (rate) => [{ kind: "independent", rate }],
  },
  {
    title: `bursts of ${MEAN_BURST}`,
    losses: (rate) => [{ kind: "bursts", rate, meanBurst: MEAN_BURST }],
  },
];

const FIGURES = [
  {
    label: "late by more than a frame",
    pick: (result: LossResult) => result.late[1],
  },
  { label: "never complete", pick: (result: LossResult) => result.never },
] as const;

/** Measures and draws the curve. */
export async function plotLossCurve(
  cell: { readonly seed: number; readonly frames: number },
  runCell: CellRunner,
): Promise<string> {
  const panels: PlotPanel[] = [];
  const results = new Map<string, LossResult>();
  for (const { title, losses } of KINDS) {
    for (const rate of RATES) {
      for (const [name, scheme] of Object.entries(SCHEMES)) {
        const place = { oneWayUs: 10_000, fps: 60, framePackets: 20, ...cell };
        const result = await runCell({ ...place, losses: losses(rate / 100) }, scheme);
        results.set(`${title} ${rate} ${name}`, result);
      }
    }
  }
  for (const { label, pick } of FIGURES) {
    for (const { title } of KINDS) {
      panels.push({
        title: `${label}: ${title}`,
        xLabel: "packets lost",
        yLabel: "share of frames",
        series: Object.keys(SCHEMES).map((name) => ({
          name,
          points: RATES.map((rate) => [rate, pick(results.get(`${title} ${rate} ${name}`)!)]),
        })),
      });
    }
  }
  return svgPlot({
    title: "Frames that come late or never",
    note: `20 packets a frame, where Reed-Solomon 50+10 is 20+4; round trip 20 ms; ` +
      `${cell.frames} frames a point; the lower edge is ${SHARE_MIN * 100} % and less`,
    panels,
    columns: 2,
    xMax: 20,
    yMin: SHARE_MIN,
    yMax: 1,
    xTicks: [0, 5, 10, 15, 20],
    formatX: (rate) => `${rate} %`,
    formatY: (share) => `${Number((share * 100).toPrecision(2))} %`,
  });
}
