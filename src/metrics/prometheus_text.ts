/**
 * Prometheus text: metrics in the text exposition format, version 0.0.4, which Prometheus and its
 * relatives scrape. It only writes.
 */

import type { MetricFamily, MetricSeries } from "./metric_registry.ts";

/** Content type of the text. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Metrics as text, one line for each value; ends in a newline unless there is none. */
export function prometheusText(families: readonly MetricFamily[]): string {
  return families.map(({ name, help, kind, series }) => {
    const head = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${kind}\n`;
    return head + series.map((one) => seriesLines(name, one)).join("");
  }).join("");
}

function seriesLines(name: string, { labels, value, sum, buckets }: MetricSeries): string {
  if (buckets === undefined) return `${name}${labelText(labels)} ${numberText(value)}\n`;
  const bucketLines = buckets.map(({ upTo, count }) => {
    return `${name}_bucket${labelText({ ...labels, le: numberText(upTo) })} ${numberText(count)}\n`;
  });
  return bucketLines.join("") + `${name}_sum${labelText(labels)} ${numberText(sum ?? 0)}\n` +
    `${name}_count${labelText(labels)} ${numberText(value)}\n`;
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function numberText(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
