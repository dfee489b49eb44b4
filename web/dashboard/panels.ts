/**
 * Panels: the boxes of the dashboard that are no table: verdict, key figures, charts, stages and pools.
 * They are functions of the model; nothing in them keeps state.
 */

import { h } from "preact";
import type { ComponentChild, ComponentChildren } from "preact";
import type { DashboardHello, DashboardSample } from "../../src/wire/dashboard.ts";
import { Chart } from "./chart.ts";
import { OVER_SHARE } from "./dashboard_model.ts";
import type { DashboardModel } from "./dashboard_model.ts";
import { bytesText, countText, digits, rateText, shareText } from "./figure_text.ts";
import { Icon } from "./icons.ts";
import { ownerLayers, ownerRows } from "./owner_rows.ts";
import type { OwnerRow } from "./owner_rows.ts";
import type { Verdict } from "./verdict.ts";

/** What most panels show. */
export interface PanelProps {
  readonly model: DashboardModel;
  readonly hello: DashboardHello;
  readonly sample: DashboardSample;
}

/** A box with a heading. */
export function Panel({ title, area, note, children }: {
  readonly title: string;
  /** Place in the grid. */
  readonly area: string;
  readonly note?: string;
  readonly children?: ComponentChildren;
}): ComponentChild {
  const id = `panel-${area}`;
  return h("section", { class: `panel ${area}`, "aria-labelledby": id }, [
    h("header", {}, [
      h("h2", { id }, title),
      note === undefined ? null : h("p", { class: "note" }, note),
    ]),
    children,
  ]);
}

/** Whether the host is well. */
export function VerdictPanel({ verdict }: { readonly verdict: Verdict }): ComponentChild {
  return h(
    "section",
    { class: `verdict tone-${verdict.tone}`, "aria-label": "State of the host" },
    [
      h(Icon, { name: verdict.tone }),
      h("div", {}, [
        h("p", { class: "title" }, verdict.title),
        h("p", { class: "text" }, verdict.text),
      ]),
    ],
  );
}

/** The figures that are read at a glance. */
export function Tiles({ hello, sample }: PanelProps): ComponentChild {
  const { memory, streams, sessions, media } = sample;
  const frames = streams.reduce((sum, { framesPerSecond }) => sum + framesPerSecond, 0);
  const asked = streams.filter(({ isCapturing }) => isCapturing)
    .reduce((sum, { fps }) => sum + fps, 0);
  const sent = sessions.reduce((sum, { sentBps }) => sum + sentBps, 0);
  const redundancy = Math.max(0, ...sessions.map((session) => session.redundancy));
  const encoded = streams.reduce((sum, { encodedBps }) => sum + encodedBps, 0);
  const turnedAway = sample.turnedAway === 0 ? "" : `, ${sample.turnedAway} turned away`;
  return h("dl", { class: "tiles" }, [
    h(Tile, {
      name: "Memory pressure",
      value: h("span", { class: `badge level-${sample.level}` }, [
        h(Icon, { name: LEVEL_ICONS[sample.level] }),
        LEVEL_NAMES[sample.level],
      ]),
      note: `${shareText(memory.rssBytes / hello.limitBytes)} of ${bytesText(hello.limitBytes)}`,
    }),
    h(Tile, {
      name: "Resident memory",
      value: bytesText(memory.rssBytes),
      note: `${bytesText(memory.pssBytes)} proportional`,
    }),
    h(Tile, {
      name: "Viewers",
      value: String(sessions.length),
      note: `of ${hello.maxViewers} places${turnedAway}`,
    }),
    h(Tile, {
      name: "Sent",
      value: rateText(sent),
      note: `${shareText(redundancy)} redundancy`,
    }),
    h(Tile, {
      name: "Frames",
      value: `${digits(frames)}/s`,
      note: asked === 0 ? "no capture" : `of ${asked}/s, ${rateText(encoded)}`,
    }),
    h(Tile, {
      name: "Media process",
      value: STATE_NAMES[media.state],
      note: media.restarts === 0 ? "no restart" : countText(media.restarts, "restart"),
    }),
  ]);
}

const LEVEL_NAMES = { normal: "Normal", high: "High", critical: "Critical" } as const;
const LEVEL_ICONS = { normal: "good", high: "warn", critical: "bad" } as const;
const STATE_NAMES = {
  starting: "Starting",
  running: "Running",
  restarting: "Restarting",
  failed: "Down",
} as const;

function Tile({ name, value, note }: {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly note: string;
}): ComponentChild {
  return h("div", { class: "tile" }, [
    h("dt", {}, name),
    h("dd", { class: "value" }, value),
    h("dd", { class: "note" }, note),
  ]);
}

/** Memory of both processes against the limit. */
export function MemoryPanel({ model, hello, sample }: PanelProps): ComponentChild {
  const { server, media, heapUsedBytes, nativeBytes } = sample.memory;
  const parts = [
    `server ${bytesText(server.rssBytes)}`,
    `media ${bytesText(media?.rssBytes)}`,
    `heap ${bytesText(heapUsedBytes)}`,
    `native ${bytesText(nativeBytes)}`,
  ];
  return h(
    Panel,
    { title: "Memory", area: "memory", note: parts.join(" · ") },
    h(Chart, {
      title: "Memory of both processes",
      times: model.column("timeMs"),
      series: [
        { name: "Resident", colour: "--series-0", values: model.column("rssBytes") },
        {
          ...{ name: "Proportional", colour: "--series-1", isDashed: true },
          values: model.column("pssBytes"),
        },
      ],
      marks: [
        { name: "High", colour: "--warning", value: hello.highBytes },
        { name: "Critical", colour: "--danger", value: hello.criticalBytes },
      ],
      text: bytesText,
      topMin: 50_000_000,
    }),
  );
}

/** Who holds it. */
export function OwnersPanel({ model, hello, sample }: PanelProps): ComponentChild {
  const layers = ownerLayers(model);
  const rows = ownerRows(hello, sample);
  const total = rows.reduce((sum, { bytes }) => sum + bytes, 0);
  const note = `${bytesText(total)} booked · budget ${bytesText(hello.budgetBytes)} in all`;
  return h(Panel, { title: "Owners of memory", area: "owners", note }, [
    h(
      "div",
      { class: "split" },
      h(Chart, {
        title: "Memory by owner, stacked",
        times: model.column("timeMs"),
        series: layers.map(({ name, colour, tops }, index) => ({
          ...{ name, colour: `--series-${colour}`, values: tops, isLayer: true },
          shown: differences(tops, layers[index + 1]?.tops),
        })),
        text: bytesText,
        topMin: 1_000_000,
      }),
      h(OwnerTable, { rows }),
    ),
  ]);
}

function differences(tops: (number | null)[], below: (number | null)[] | undefined) {
  return tops.map((top, row) => top === null ? null : top - (below?.[row] ?? 0));
}

function OwnerTable({ rows }: { readonly rows: readonly OwnerRow[] }): ComponentChild {
  return h("div", { class: "owner-table", tabIndex: 0, role: "region", "aria-label": "Owners" }, [
    h("table", {}, [
      h("caption", { class: "unseen" }, "Memory by owner against its budget"),
      h(
        "thead",
        {},
        h("tr", {}, [
          h("th", { scope: "col" }, "Owner"),
          h("th", { scope: "col" }, "Holds"),
          h("th", { scope: "col" }, "Of budget"),
        ]),
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h("tr", { key: row.owner }, [
            h("th", { scope: "row" }, [
              h("i", { class: "key layer", style: { color: `var(--series-${row.colour})` } }),
              row.name,
            ]),
            h("td", {}, bytesText(row.bytes)),
            h("td", { class: "bar-cell" }, [
              h(Bar, { share: row.share ?? 0, isOver: (row.share ?? 0) > OVER_SHARE }),
              h(
                "span",
                { class: "cap" },
                row.capBytes === undefined ? "–" : bytesText(row.capBytes),
              ),
            ]),
          ])
        ),
      ),
    ]),
  ]);
}

/** A bar that repeats what a number beside it says. */
export function Bar(
  { share, isOver = false }: { readonly share: number; readonly isOver?: boolean },
) {
  const width = `${Math.round(Math.min(1, share) * 1000) / 10}%`;
  return h(
    "span",
    { class: isOver ? "bar over" : "bar", "aria-hidden": "true" },
    share > 0 ? h("i", { style: { width } }) : null,
  );
}

/** What goes out. */
export function TrafficPanel({ model, sample }: PanelProps): ComponentChild {
  const queued = sample.sessions.reduce((sum, session) => sum + session.queuedBytes, 0);
  const loss = Math.max(0, ...sample.sessions.map((session) => session.loss));
  const note = `${bytesText(queued)} queued · loss ${shareText(loss)}`;
  return h(
    Panel,
    { title: "Bitrate", area: "traffic", note },
    h(Chart, {
      title: "Bitrate",
      times: model.column("timeMs"),
      series: [
        { name: "Sent to all", colour: "--series-0", values: model.column("sentBps") },
        {
          ...{ name: "Encoded", colour: "--series-2", isDashed: true },
          values: model.column("encodedBps"),
        },
      ],
      text: rateText,
      topMin: 1_000_000,
    }),
  );
}
