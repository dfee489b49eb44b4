/**
 * Viewer metrics: what is published of each viewer and of their arrival. Series of a viewer have its
 * session and its stream as labels and end with it; there are at most as many as viewers.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import type { MediaSenderStats } from "../../pipeline/sender_report.ts";
import type { ShownSession } from "../../session/shown_session.ts";
import type { HostMetricsSources } from "./host_metrics_sources.ts";

/** Adds them. */
export function addViewerMetrics(
  registry: MetricRegistry,
  sources: Pick<HostMetricsSources, "sessions" | "admission">,
): void {
  registry.gauge(
    { name: "wavry_viewers", help: "Viewers now, by role", labels: ["role"] },
    (set) => {
      const roles = [...sources.sessions()].map(({ role }) => role);
      for (const role of ["admin", "player", "viewer"] as const) {
        set(roles.filter((other) => other === role).length, role);
      }
    },
  );
  registry.counter({
    name: "wavry_admissions_total",
    help: "Viewers by what became of their arrival",
    labels: ["outcome"],
  }, (set) => {
    for (const [outcome, count] of Object.entries(sources.admission())) set(count, outcome);
  });
  for (const [kind, name, help, read] of VIEWER_METRICS) {
    registry[kind]({ name, help, labels: ["session", "stream"] }, (set) => {
      for (const session of sources.sessions()) {
        const { sent, streamId } = session;
        if (sent !== undefined) set(read(sent, session), session.id, String(streamId));
      }
    });
  }
}

type ViewerMetric = readonly [
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (sent: MediaSenderStats, session: ShownSession) => number | undefined,
];

const VIEWER_METRICS: readonly ViewerMetric[] = [
  ["counter", "wavry_sent_bytes_total", "Bytes of packets", (s) => s.bytesSent],
  ["counter", "wavry_sent_packets_total", "Packets sent", (s) => s.packetsSent],
  ["counter", "wavry_lost_packets_total", "Packets that never arrived", (s) => s.packetsLost],
  ["counter", "wavry_dropped_packets_total", "Packets too late to send", (s) => s.packetsDropped],
  ["counter", "wavry_sent_repairs_total", "Repairs sent", (s) => s.repairsSent],
  ["counter", "wavry_skipped_frames_total", "Frames skipped", (s) => s.framesSkipped],
  ["gauge", "wavry_in_flight_bytes", "Sent, not acknowledged", (s) => s.bytesInFlight],
  [
    ...["gauge", "wavry_send_queue_bytes", "Bytes of packets that wait for their time"] as const,
    (s) => s.queuedBytes,
  ],
  [
    "gauge",
    "wavry_send_queue_seconds",
    "Time until the last of them leaves",
    (s) => s.queuedUs / 1e6,
  ],
  [
    ...["gauge", "wavry_target_bytes_per_second", "Rate that the path carries"] as const,
    (s) => s.targetBps / 8,
  ],
  ["gauge", "wavry_redundancy_ratio", "Repairs for each packet", (s) => s.redundancy],
  ["gauge", "wavry_loss_ratio", "Packets lost on the path", (s) => s.loss],
  ["gauge", "wavry_rtt_seconds", "Round trip of the path", (s) => s.rttUs / 1e6],
  ["gauge", "wavry_queue_delay_seconds", "Queue on the path", (s) => s.queueDelayUs / 1e6],
  ["gauge", "wavry_arrival_jitter_seconds", "Unevenness of arrivals", (s) => s.jitterUs / 1e6],
  [
    ...["gauge", "wavry_control_queue_bytes", "Control messages that wait"] as const,
    (_sent, session) => session.queuedControlBytes,
  ],
  [
    ...["gauge", "wavry_reorder_packets"] as const,
    "Most packets that waited in the viewer for those before them, in its last second",
    (_sent, { stats }) => stats.reorderPackets,
  ],
  [
    ...["gauge", "wavry_reorder_window_packets", "Room for such packets in the viewer"] as const,
    (_sent, { stats }) => stats.reorderPacketsMax,
  ],
];
