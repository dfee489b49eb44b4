/**
 * Pools panel: how full everything is that has a bound of its own: frame pool, encoder pool, coding
 * window, and the fullest reorder window of all viewers.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";
import type { DashboardPool } from "../../src/wire/dashboard.ts";
import { bytesText, shareText } from "./figure_text.ts";
import { Bar, Panel } from "./panels.ts";
import type { PanelProps } from "./panels.ts";

/** How full what is bounded is. */
export function PoolsPanel({ sample }: PanelProps): ComponentChild {
  const { streams, sessions, encoderPool } = sample;
  const rows: GaugeProps[] = [];
  const isOne = streams.length === 1;
  if (encoderPool !== undefined) {
    const { active, idle, max, idleBytes, reuseRatio, refused } = encoderPool;
    const kept = idle === 0 ? "none waits" : `${idle} waits, ${bytesText(idleBytes)}`;
    const note = `${kept}, ${shareText(reuseRatio)} reused${refusedText(refused)}`;
    rows.push({ name: "Encoder pool", used: active + idle, max, note });
  }
  const reorder = sessions.toSorted((a, b) => (b.reorderPackets ?? 0) - (a.reorderPackets ?? 0))[0];
  if (reorder?.reorderPackets !== undefined) {
    rows.push({
      name: "Reorder window, fullest",
      used: reorder.reorderPackets,
      max: reorder.reorderPacketsMax ?? 0,
      note: "packets",
    });
  }
  for (const stream of streams) {
    const whose = isOne ? "" : `, ${stream.name}`;
    if (stream.framePool !== undefined) rows.push(poolGauge(stream.framePool, whose));
    rows.push({
      name: `Coding window${whose}`,
      used: stream.fecWindowPackets,
      max: stream.fecWindowPacketsMax,
      note: "packets",
    });
  }
  return h(
    Panel,
    { title: "Pools and windows", area: "pools" },
    h(
      "div",
      { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Table of pools" },
      h("ul", { class: "gauges" }, rows.map((row) => h(Gauge, { key: row.name, ...row }))),
    ),
  );
}

interface GaugeProps {
  readonly name: string;
  readonly used: number;
  readonly max: number;
  readonly note: string;
}

function poolGauge(pool: DashboardPool, whose: string): GaugeProps {
  const reuse = `${shareText(pool.reuseRatio)} reused`;
  const note = `${bytesText(pool.bytes)}, ${reuse}${refusedText(pool.exhaustions)}`;
  return { name: `Frame pool${whose}`, used: pool.inUse, max: pool.max, note };
}

function Gauge({ name, used, max, note }: GaugeProps): ComponentChild {
  return h("li", {}, [
    h("span", { class: "name" }, [name, " ", h("span", { class: "note" }, note)]),
    h("b", {}, `${used} of ${max}`),
    h(Bar, { share: max === 0 ? 0 : used / max }),
  ]);
}

function refusedText(count: number): string {
  return count === 0 ? "" : `, ${count} refused`;
}
