/**
 * Stages panel: how long each stage of a frame takes on the host, from its median to its 99th
 * percentile, on a scale that grows tenfold from tick to tick: stages differ that much.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import type { DashboardStage } from "../../src/wire/dashboard.ts";
import { timeText } from "./figure_text.ts";
import { Panel } from "./panels.ts";
import type { PanelProps } from "./panels.ts";

const STAGE_NAMES: Readonly<Record<DashboardStage["stage"], string>> = {
  capture: "Capture",
  convert: "Convert",
  encode: "Encode",
  ipc: "Pipe",
  send: "Send",
};

/** Ends of the scale, and its ticks. */
const SCALE_US_MIN = 10;
const SCALE_US_MAX = 1_000_000;
const TICKS = [[100, "0.1"], [1000, "1"], [10_000, "10"], [100_000, "100 ms"]] as const;

/** Where the time of a frame goes on the host. */
export function StagesPanel({ sample }: PanelProps): ComponentChild {
  const streams = sample.streams.filter(({ stages }) => stages.length > 0);
  return h(
    Panel,
    { title: "Stages of a frame", area: "stages", note: "over the last 480 frames" },
    streams.length === 0
      ? h("p", { class: "empty" }, emptyText(sample.streams.some((stream) => stream.isCapturing)))
      : h(
        "div",
        { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Table of stages" },
        streams.map(({ id, name, stages }) => {
          return h(StageTable, { key: id, name, stages, isOnly: streams.length === 1 });
        }),
      ),
  );
}

function emptyText(isCapturing: boolean): string {
  // Times are taken from the moment on that somebody looks.
  return isCapturing
    ? "Times come with the next frames."
    : "No frames yet: capture starts with the first viewer.";
}

function StageTable({ name, stages, isOnly }: {
  readonly name: string;
  readonly stages: readonly DashboardStage[];
  readonly isOnly: boolean;
}): ComponentChild {
  return h("table", { class: "stage-table" }, [
    h("caption", { class: isOnly ? "unseen" : "" }, `Stages of ${name}`),
    h(
      "thead",
      {},
      h("tr", {}, [
        h("th", { scope: "col" }, "Stage"),
        h(
          "td",
          { class: "range" },
          h(
            "span",
            { class: "ticks", "aria-hidden": "true" },
            TICKS.map(([us, text]) => h("i", { key: us, style: { left: percent(us) } }, text)),
          ),
        ),
        h("th", { scope: "col" }, "p50"),
        h("th", { scope: "col" }, "p99"),
      ]),
    ),
    h("tbody", {}, stages.map((stage) => h(StageRow, { key: stage.stage, stage }))),
  ]);
}

function StageRow({ stage }: { readonly stage: DashboardStage }): ComponentChild {
  const { p50Us, p99Us } = stage;
  const range = { left: percent(p50Us), right: `calc(100% - ${percent(p99Us)})` };
  return h("tr", {}, [
    h("th", { scope: "row" }, STAGE_NAMES[stage.stage]),
    h(
      "td",
      { class: "range" },
      h("span", { class: "track", "aria-hidden": "true" }, [
        ...TICKS.map(([us]) => h("i", { key: us, class: "tick", style: { left: percent(us) } })),
        h("i", { class: "span", style: range }),
        h("i", { class: "median", style: { left: percent(p50Us) } }),
      ]),
    ),
    h("td", {}, timeText(p50Us)),
    h("td", {}, timeText(p99Us)),
  ]);
}

/** Place on the scale. */
function percent(us: number): string {
  const share = Math.log(Math.max(SCALE_US_MIN, us) / SCALE_US_MIN) /
    Math.log(SCALE_US_MAX / SCALE_US_MIN);
  return `${(Math.min(1, share) * 100).toFixed(1)}%`;
}
