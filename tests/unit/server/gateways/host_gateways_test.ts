/** HostGateways, their budget and their metrics, with a program that ends at once. */

import t from "tap";
import { ManualClock } from "../../../../src/core/clock.ts";
import { silentLogger } from "../../../../src/core/log.ts";
import {
  GATEWAY_LINK_BUFFER_BYTES,
  GATEWAY_UNDER_WAY_BYTES_MAX,
} from "../../../../src/gateway/gateway_link.ts";
import { MemoryLedger } from "../../../../src/memory/memory_ledger.ts";
import { MetricRegistry } from "../../../../src/metrics/metric_registry.ts";
import { gatewayLines } from "../../../../src/server/gateways/gateway_budget.ts";
import {
  type GatewayFigures,
  HostGateways,
} from "../../../../src/server/gateways/host_gateways.ts";
import { addGatewayMetrics } from "../../../../src/server/metrics/host_metrics_gateways.ts";

t.test("HostGateways makes one gateway for a rung, and starts none", async (t) => {
  const ledger = new MemoryLedger();
  const gateways = new HostGateways({
    ...{ log: silentLogger, clock: new ManualClock(), ledger, root: "/nowhere" },
  });
  const gateway = gateways.gateway({ rung: "websocket" });
  t.equal(gateways.gateway({ rung: "websocket" }), gateway);
  t.not(gateways.gateway({ rung: "webrtc" }), gateway);
  t.same(gateways.figures.map(({ name, state }) => `${name} ${state}`), [
    "websocket idle",
    "webrtc idle",
  ]);
  const ipc = ledger.snapshot().find(({ owner }) => owner === "ipc");
  t.equal(ipc?.currentBytes, 0);
  const registry = new MetricRegistry();
  addGatewayMetrics(registry, () => gateways.figures);
  t.ok(
    registry.snapshot().every(({ series }) => series.length === 0),
    "no series before a start",
  );
  await gateways.close();
  await t.rejects(gateway.link(), { name: "TransportError", reason: "unavailable" });
});

t.test("addGatewayMetrics shows each gateway by its name", (t) => {
  const registry = new MetricRegistry();
  const figures: GatewayFigures = {
    ...{
      name: "webrtc",
      state: "running" as const,
      pid: 7,
      starts: 3,
      crashes: 2,
      kills: 1,
      peers: 5,
    },
    ...{ rssBytes: 60_000_000, heldBytes: 400_000 },
  };
  addGatewayMetrics(registry, () => [figures, { ...figures, name: "unused", starts: 0 }]);
  const values = Object.fromEntries(
    registry.snapshot().map(({ name, series }) => {
      return [name, series.map(({ labels, value }) => `${JSON.stringify(labels)} ${value}`)];
    }),
  );
  const of = (value: number) => [`{"gateway":"webrtc"} ${value}`];
  t.same(values, {
    wavry_gateway_running: of(1),
    wavry_gateway_peers: of(5),
    wavry_gateway_resident_bytes: of(60_000_000),
    wavry_gateway_held_bytes: of(400_000),
    wavry_gateway_starts_total: of(3),
    wavry_gateway_crashes_total: of(2),
    wavry_gateway_kills_total: of(1),
  });
  t.end();
});

t.test("gatewayLines counts the gateways that there may be", (t) => {
  const bytes = GATEWAY_LINK_BUFFER_BYTES + GATEWAY_UNDER_WAY_BYTES_MAX;
  t.match(gatewayLines({ tcp: "on", webrtc: "on" }), [{ owner: "ipc", bytes, count: 2 }]);
  t.match(gatewayLines({ tcp: "off", webrtc: "on" }), [{ count: 1 }]);
  t.same(gatewayLines({ tcp: "off", webrtc: "off" }), []);
  t.end();
});
