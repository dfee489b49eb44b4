/**
 * Host metrics: the names under which the figures of streams, viewers, memory and media process are
 * published. Each is read from its owner when a snapshot is made; only the times of a frame's stages
 * and the pauses of the collector are taken as they come.
 */

import type { MediaFrame } from "../../ipc/media_handlers.ts";
import type { CollectionPause } from "../../memory/collection_watch.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import {
  type Histogram,
  type MetricDescription,
  type MetricFamily,
  MetricRegistry,
} from "../../metrics/metric_registry.ts";
import { addMediaMetrics } from "./host_metrics_media.ts";
import { addCollectionMetrics, addMemoryMetrics } from "./host_metrics_memory.ts";
import { addDeliveryMetrics } from "./host_metrics_delivery.ts";
import { addRecordingMetrics } from "./host_metrics_recording.ts";
import { addReplayMetrics } from "./host_metrics_replay.ts";
import type { HostMetricsSources } from "./host_metrics_sources.ts";
import { addFileMetrics } from "./host_metrics_files.ts";
import { addGatewayMetrics } from "./host_metrics_gateways.ts";
import { addPublishedMetrics } from "./host_metrics_published.ts";
import { addSoundMetrics } from "./host_metrics_sound.ts";
import { addViewerMetrics } from "./host_metrics_viewers.ts";
import type { Stream } from "../streams/stream.ts";

/** Seconds; from a quarter of a millisecond to the half second at which a picture has stopped. */
const STAGE_BOUNDS = [
  ...[0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.066, 0.133, 0.25, 0.5],
];

/** The metrics of one host. */
export class HostMetrics {
  readonly #registry = new MetricRegistry();
  readonly #stages: Histogram;
  readonly #pauses: Histogram;
  readonly #sources: HostMetricsSources;
  #sample: MemorySample;

  constructor(sources: HostMetricsSources) {
    const registry = this.#registry;
    this.#sources = sources;
    this.#sample = sources.sample();
    registry.gauge({ name: "wavry_info", help: "1; the version", labels: ["version"] }, (set) => {
      set(1, sources.version);
    });
    registry.gauge({ name: "wavry_uptime_seconds", help: "Time since the start" }, (set) => {
      set(sources.uptimeSeconds());
    });
    addStreamMetrics(registry, sources);
    addReplayMetrics(registry, sources.replays);
    addDeliveryMetrics(registry, sources.delivery);
    addRecordingMetrics(registry, sources.recordings);
    addSoundMetrics(registry, sources.sound);
    addPublishedMetrics(registry, sources.streams);
    addFileMetrics(registry, sources.files);
    addGatewayMetrics(registry, sources.gateways);
    this.#stages = registry.histogram({
      name: "wavry_stage_seconds",
      help: "Time of each stage of a frame on the host; emit is from grab to server process",
      labels: ["stage"],
    }, STAGE_BOUNDS);
    addViewerMetrics(registry, sources);
    addMemoryMetrics(registry, { ...sources, sample: () => this.#sample });
    this.#pauses = addCollectionMetrics(registry, sources);
    addMediaMetrics(registry, sources.media);
    registry.counter({
      name: "wavry_metric_series_refused_total",
      help: "Values that were left out because their metric had too many series",
    }, (set) => set(registry.seriesRefused));
  }

  /** What metrics there are. */
  describe(): MetricDescription[] {
    return this.#registry.describe();
  }

  /** Every metric at this moment. */
  snapshot(): MetricFamily[] {
    // One sample for all metrics of memory: they must belong together.
    this.#sample = this.#sources.sample();
    this.#sources.runtime.look();
    return this.#registry.snapshot();
  }

  /** Takes the times of a frame. */
  onFrame({ grabUs, convertUs, encodeUs, emitUs }: MediaFrame): void {
    this.#stages.observe(grabUs / 1e6, "grab");
    this.#stages.observe(convertUs / 1e6, "convert");
    this.#stages.observe(encodeUs / 1e6, "encode");
    this.#stages.observe(emitUs / 1e6, "emit");
  }

  /** Takes a pause of the collector in this process. */
  onPause({ kind, pauseUs }: CollectionPause): void {
    this.#pauses.observe(pauseUs / 1e6, kind);
  }
}

function addStreamMetrics(registry: MetricRegistry, sources: HostMetricsSources): void {
  registry.gauge({
    name: "wavry_stream_info",
    help: "1; the name of each stream",
    labels: ["stream", "name"],
  }, (set) => {
    for (const { id, name } of sources.streams().all) set(1, String(id), name);
  });
  for (const [kind, name, help, read] of STREAM_METRICS) {
    registry[kind]({ name, help, labels: ["stream"] }, (set) => {
      for (const stream of sources.streams().all) set(read(stream), String(stream.id));
    });
  }
  registry.counter({
    name: "wavry_media_restarts_total",
    help: "Starts of the media process after the first",
  }, (set) => set(sources.mediaRestarts()));
}

type StreamMetric = readonly ["counter" | "gauge", string, string, (stream: Stream) => number];

const STREAM_METRICS: readonly StreamMetric[] = [
  ["counter", "wavry_frames_total", "Encoded frames", ({ stats }) => stats.frames],
  ["counter", "wavry_frame_bytes_total", "Bytes of encoded frames", ({ stats }) => stats.bytes],
  ["counter", "wavry_keyframes_total", "Frames that decode alone", ({ stats }) => stats.keyframes],
  [
    ...["counter", "wavry_invalidations_total", "Losses reported to the encoder"] as const,
    ({ stats }) => stats.invalidations,
  ],
  ["counter", "wavry_stream_failures_total", "Ends by a fault", ({ stats }) => stats.failures],
  ["gauge", "wavry_stream_viewers", "Viewers of the stream", ({ viewers }) => viewers],
  [
    ...["gauge", "wavry_stream_capturing", "1 while frames are captured"] as const,
    ({ isCapturing }) => isCapturing ? 1 : 0,
  ],
  [
    ...["gauge", "wavry_encoder_fps", "Most frames a second that it is asked for"] as const,
    ({ pictureRate }) => pictureRate.fps,
  ],
  [
    ...["gauge", "wavry_encoder_scale_ratio", "Share of width and height asked for"] as const,
    ({ pictureRate }) => pictureRate.scale,
  ],
  [
    ...["gauge", "wavry_encoder_target_bytes_per_second", "Rate that it is asked for"] as const,
    ({ encoderTarget }) => encoderTarget.bitrateBps / 8,
  ],
  [
    ...["gauge", "wavry_fec_groups", "Groups of viewers that share packets and repairs"] as const,
    ({ groups }) => groups.length,
  ],
  [
    ...[
      "gauge",
      "wavry_fec_window_packets",
      "Packets that the next repair covers at most",
    ] as const,
    ({ groups }) => Math.max(0, ...groups.map(({ windowPackets }) => windowPackets)),
  ],
  [
    ...["counter", "wavry_fec_repairs_total", "Repairs encoded, in the groups of now"] as const,
    ({ groups }) => groups.reduce((sum, { fecStats }) => sum + fecStats.repairs, 0),
  ],
];
