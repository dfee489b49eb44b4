/**
 * Media metrics: what is published of the media process: pools, encoder and the ring of frames, from
 * what it told last. Without a media process these series are absent.
 */

import type { MediaStats, MediaStreamCounters } from "../../ipc/media_message.ts";
import type { MetricRegistry } from "../../metrics/metric_registry.ts";

/** Adds them. */
export function addMediaMetrics(
  registry: MetricRegistry,
  media: () => MediaStats | undefined,
): void {
  for (const [kind, name, help, read] of STREAM_METRICS) {
    registry[kind]({ name, help, labels: ["stream"] }, (set) => {
      for (const stream of media()?.streams ?? []) set(read(stream), String(stream.streamId));
    });
  }
  for (const [kind, name, help, field] of ENCODER_POOL_METRICS) {
    registry[kind]({ name, help }, (set) => set(media()?.encoders[field]));
  }
  registry.gauge({
    name: "wavry_output_ring_used_bytes",
    help: "Encoded frames that the server process has not read yet",
  }, (set) => set(media()?.output.usedBytes));
  registry.gauge({
    name: "wavry_output_ring_bytes",
    help: "Room for such frames",
  }, (set) => set(media()?.output.ringBytes));
}

const ENCODER_POOL_METRICS = [
  ["gauge", "wavry_encoder_pool_active", "Encoders that streams have", "active"],
  ["gauge", "wavry_encoder_pool_idle", "Encoders that wait for their next use", "idle"],
  ["gauge", "wavry_encoder_pool_idle_bytes", "Memory of idle encoders, computed", "idleBytes"],
  ["counter", "wavry_encoder_pool_created_total", "Encoders that were opened", "created"],
  ["counter", "wavry_encoder_pool_reused_total", "Idle encoders used again as they were", "reused"],
  [
    ...["counter", "wavry_encoder_pool_reconfigured_total"] as const,
    ...["Idle encoders used again with another configuration", "reconfigured"] as const,
  ],
  ["counter", "wavry_encoder_pool_evicted_total", "Encoders closed instead of kept", "evicted"],
  ["counter", "wavry_encoder_pool_refused_total", "Requests beyond the limit", "refused"],
] as const;

type StreamMetric = readonly [
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (stream: MediaStreamCounters) => number,
];

const STREAM_METRICS: readonly StreamMetric[] = [
  [
    ...["gauge", "wavry_pool_used_ratio", "Frames of the pool that are leased"] as const,
    ({ pool }) => pool.inUse / Math.max(1, pool.framesMax),
  ],
  ["gauge", "wavry_pool_frames", "Frames of the pool that exist", ({ pool }) => pool.allocated],
  ["gauge", "wavry_pool_frames_max", "Frames that may exist", ({ pool }) => pool.framesMax],
  [
    ...["gauge", "wavry_pool_working_set_frames", "Most frames leased at once of late"] as const,
    ({ pool }) => pool.workingSet,
  ],
  ["gauge", "wavry_pool_bytes", "Frames of the pool in memory", ({ pool }) => pool.totalBytes],
  [
    ...["gauge", "wavry_pool_reuse_ratio", "Leases without an allocation"] as const,
    ({ pool }) => pool.reuseRatio,
  ],
  ["counter", "wavry_pool_exhaustions_total", "Leases refused", ({ pool }) => pool.exhaustions],
  ["gauge", "wavry_quantiser", "Quantiser in use", ({ qp }) => qp],
  [
    ...["counter", "wavry_capture_cpu_seconds_total", "Time of the stream's thread"] as const,
    ({ threadCpuUs }) => threadCpuUs / 1e6,
  ],
];
