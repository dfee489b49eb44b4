/**
 * What the runtime's OpenTelemetry sends of a real host, to a collector that is 20 lines long: our
 * metrics, those of the runtime, spans of requests, and nothing that is secret.
 */

import t from "tap";
import { HostProcess, until } from "./host_process.ts";

interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: { dataPoints: { asDouble: number; attributes: unknown[] }[] };
  readonly gauge?: { dataPoints: { asDouble: number; attributes: unknown[] }[] };
}

const bodies: string[] = [];
const metrics = new Map<string, Metric>();
const spans: string[] = [];
const collector = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, async (r) => {
  const text = await r.text();
  bodies.push(text);
  const { resourceMetrics = [], resourceSpans = [] } = JSON.parse(text);
  for (const { scopeMetrics } of resourceMetrics) {
    for (const scope of scopeMetrics) {
      for (const metric of scope.metrics) metrics.set(metric.name, metric);
    }
  }
  for (const { scopeSpans } of resourceSpans) {
    for (const scope of scopeSpans) {
      for (const span of scope.spans) spans.push(JSON.stringify(span));
    }
  }
  return new Response("{}", { headers: { "content-type": "application/json" } });
});
t.teardown(() => collector.shutdown());

t.test("a host gives its metrics and its requests to a collector", async (t) => {
  const host = await HostProcess.start(["--source", "pattern", "--size", "320x180"], {
    env: {
      OTEL_DENO: "true",
      OTEL_SERVICE_NAME: "wavry-test",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      OTEL_METRIC_EXPORT_INTERVAL: "300",
      OTEL_BSP_SCHEDULE_DELAY: "300",
    },
  });
  t.teardown(() => host.stop());
  const { secret } = host.links[0]!;
  const { cookie, info } = await host.join("player");
  const viewer = await host.view(info.ticket);
  await viewer.send({ type: "play", streamId: 0 });
  await host.call("GET", "/api/stats", { cookie });
  const latest = (name: string) => metrics.get(name)?.sum?.dataPoints[0]?.asDouble ?? 0;
  await until(() => latest("wavry_frames_total") > 20, "frames", 15_000);
  const framesBefore = latest("wavry_frames_total");
  await until(() => latest("wavry_frames_total") > framesBefore, "more of them", 15_000);
  await until(() => latest("wavry_stage_seconds_count") > 0, "a distribution's count", 15_000);
  t.equal(metrics.get("wavry_resident_bytes")?.unit, "By");
  t.ok((metrics.get("wavry_resident_bytes")?.gauge?.dataPoints.length ?? 0) >= 1);
  t.ok(
    metrics.has("v8js.gc.duration") || metrics.has("v8js.memory.heap.used"),
    "and the runtime's",
  );
  await until(() => spans.some((span) => span.includes("/api/stats")), "a request", 15_000);
  const all = bodies.join("\n");
  t.match(all, /wavry-test/, "under the name of the service");
  for (const hidden of [secret, cookie.split("=")[1]!, info.ticket]) {
    t.notOk(all.includes(hidden), "no secret leaves the host");
  }
});
