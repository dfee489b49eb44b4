/**
 * The Grafana dashboard and the collector's configuration in deploy/ against what a running host
 * really publishes: a panel of a metric that nobody has, or of a label that it lacks, stays empty.
 */

import t from "tap";
import { MediaReader } from "../media_reader.ts";
import { type PrometheusFamily, prometheusFaults, readPrometheus } from "../prometheus_reader.ts";
import { HostProcess, until } from "./host_process.ts";

interface Target {
  readonly expr: string;
  readonly legendFormat: string;
}

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  };
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string } };
  readonly targets?: readonly Target[];
}

const DEPLOY = new URL("../../deploy/", import.meta.url);
/** Labels that Prometheus adds itself. */
const OWN_LABELS = ["instance", "job", "le"];

const dashboard = JSON.parse(await Deno.readTextFile(new URL("grafana/wavry.json", DEPLOY)));
const panels: readonly Panel[] = dashboard.panels;
const figures = panels.filter(({ type }) => type !== "row");
const families = await scrape();

/** What a host publishes while a viewer plays. */
async function scrape(): Promise<Map<string, PrometheusFamily>> {
  const host = await HostProcess.start(["--source", "pattern", "--size", "320x180"]);
  try {
    const { info } = await host.join("player");
    const viewer = await host.view(info.ticket);
    await viewer.send({ type: "play", streamId: 0 });
    const { ended } = new MediaReader(viewer.client);
    const report = { reorderPackets: 1, reorderPacketsMax: 1024, decodeQueue: 0 };
    const frames = { framesReceived: 1, framesDecoded: 1, framesRendered: 1 };
    const dropped = { framesDroppedNetwork: 0, framesDroppedLate: 0 };
    await viewer.send({ type: "viewer_report", streamId: 0, ...frames, ...dropped, ...report });
    const token = (await Deno.readTextFile(`${host.stateDir}/metrics-token`)).trim();
    const families = await until(
      async () => {
        const headers = { authorization: `Bearer ${token}` };
        const response = await host.call("GET", "/metrics", { headers });
        const families = readPrometheus(await response.text());
        const isWhole = [
          "wavry_pool_used_ratio",
          "wavry_sent_bytes_total",
          "wavry_gc_pause_seconds",
        ]
          .every((name) => families.has(name));
        return isWhole ? families : undefined;
      },
      "every metric",
      20_000,
    );
    viewer.client.close(0, "");
    await ended;
    return families;
  } finally {
    await host.stop();
  }
}

/** The metric that a name in an expression belongs to. */
function familyOf(name: string): PrometheusFamily | undefined {
  return families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ""));
}

function metricsOf(expr: string): string[] {
  return [...expr.matchAll(/\bwavry_[a-z0-9_]+/g)].map(([name]) => name);
}

t.test("every metric of a panel exists, with the labels that the panel names", (t) => {
  let metrics = 0;
  for (const { title, targets = [] } of figures) {
    for (const { expr, legendFormat } of targets) {
      const names = metricsOf(expr);
      metrics += names.length;
      t.ok(names.length > 0, `${title}: ${expr}`);
      const labels = new Set<string>(OWN_LABELS);
      for (const name of names) {
        t.ok(familyOf(name), `${name} of ${title}`);
        for (const sample of familyOf(name)?.samples ?? []) {
          for (const label of Object.keys(sample.labels)) labels.add(label);
        }
      }
      const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([_all, list]) => {
        return list!.split(",").map((label) => label.trim());
      });
      const matched = [...expr.matchAll(/(\w+)\s*=~?\s*"/g)].map(([_all, label]) => label!);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([_all, label]) => label!);
      for (const label of [...grouped, ...matched, ...shown]) {
        t.ok(labels.has(label), `label ${label} of ${title}`);
      }
    }
  }
  t.ok(metrics >= 40, `${metrics} metrics`);
  t.end();
});

t.test("counters are shown as rates and gauges as they are", (t) => {
  for (const { title, targets = [] } of figures) {
    for (const { expr } of targets) {
      for (const name of metricsOf(expr)) {
        const isSum = familyOf(name)?.type !== "gauge";
        const isRate = new RegExp(`\\b(rate|increase)\\(${name}\\b`).test(expr);
        t.equal(isRate, isSum, `${name} of ${title}`);
      }
      t.equal(expr.split("(").length, expr.split(")").length, `brackets of ${expr}`);
      t.ok(expr.includes('instance=~"$instance"'), `${title} follows the chosen host`);
    }
  }
  t.end();
});

t.test("every panel says what it shows, in which unit, and has a place of its own", (t) => {
  t.ok(figures.length >= 30, `${figures.length} panels`);
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length, "no number is used twice");
  t.equal(new Set(panels.map(({ title }) => title)).size, panels.length, "and no title");
  const taken = new Set<string>();
  for (const { title, description, fieldConfig, datasource, gridPos } of figures) {
    t.ok(title.length > 3 && (description ?? "").length > 30, `${title}: ${description}`);
    t.match(fieldConfig?.defaults.unit, /^(none|bytes|Bps|bps|s|percentunit)$/, `unit of ${title}`);
    t.equal(datasource?.uid, "${datasource}", "no source of one machine");
    const { x, y, w, h } = gridPos;
    t.ok(x >= 0 && x + w <= 24, `${title} is within the page`);
    for (let column = x; column < x + w; column++) {
      for (let line = y; line < y + h; line++) {
        const cell = `${column},${line}`;
        if (taken.has(cell)) t.fail(`${title} lies on another panel`);
        taken.add(cell);
      }
    }
  }
  const variables = dashboard.templating.list.map(({ name }: { name: string }) => name);
  t.same(variables, ["datasource", "instance"]);
  t.ok(families.has("wavry_uptime_seconds"), "which the list of hosts is read from");
  t.end();
});

t.test("what a host publishes with a viewer keeps the rules of names", (t) => {
  t.same(prometheusFaults(families), []);
  t.ok(families.size >= 70, `${families.size} metrics`);
  t.end();
});
