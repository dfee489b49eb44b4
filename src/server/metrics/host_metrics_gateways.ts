/**
 * Gateway metrics: what is published of the processes that carry the rungs of libraries. A gateway
 * that was never needed has no series.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import type { GatewayFigures } from "../gateways/host_gateways.ts";

/** Adds them; `gateways` gives none until the host has its capabilities. */
export function addGatewayMetrics(
  registry: MetricRegistry,
  gateways: () => readonly GatewayFigures[],
): void {
  for (const [kind, name, help, read] of METRICS) {
    registry[kind]({ name: `wavry_gateway_${name}`, help, labels: ["gateway"] }, (set) => {
      for (const figures of gateways()) {
        if (figures.starts > 0) set(read(figures), figures.name);
      }
    });
  }
}

type Metric = readonly [
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (figures: GatewayFigures) => number,
];

const METRICS: readonly Metric[] = [
  ["gauge", "running", "1 while the process is up", ({ state }) => Number(state === "running")],
  ["gauge", "peers", "Peers that it carries", ({ peers }) => peers],
  ["gauge", "resident_bytes", "Memory of the process, as it says", ({ rssBytes }) => rssBytes],
  ["gauge", "held_bytes", "What this process holds of its pipes", ({ heldBytes }) => heldBytes],
  ["counter", "starts_total", "Starts of the process", ({ starts }) => starts],
  ["counter", "crashes_total", "Ends that nobody asked for", ({ crashes }) => crashes],
  ["counter", "kills_total", "Ends for being silent or too large", ({ kills }) => kills],
];
