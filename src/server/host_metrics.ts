/**
 * Host metrics: the names under which the figures of stream, viewers, memory and media process are
 * published. Each is read from its owner when a snapshot is made; only the times of a frame's stages
 * are taken as frames pass.
 */

import v8 from "node:v8";
import type { MediaFrame } from "../ipc/media_handlers.ts";
import type { MediaStats, MediaStreamCounters } from "../ipc/media_message.ts";
import { type MemoryPressure, PRESSURE_LEVELS } from "../memory/memory_pressure.ts";
import type { MemorySample } from "../memory/memory_sample.ts";
import { type Histogram, type MetricFamily, MetricRegistry } from "../metrics/metric_registry.ts";
import type { MediaSenderStats } from "../pipeline/sender_report.ts";
import type { ViewerSession } from "../session/viewer_session.ts";
import type { Stream } from "./stream.ts";
import type { StreamSet } from "./stream_set.ts";
import type { ViewerAdmissionStats } from "./viewer_admission.ts";

/** Where the figures come from. */
export interface HostMetricsSources {
  readonly streams: () => StreamSet;
  readonly sessions: () => Iterable<ViewerSession>;
  readonly admission: () => Readonly<ViewerAdmissionStats>;
  readonly media: () => MediaStats | undefined;
  readonly mediaRestarts: () => number;
  readonly sample: () => MemorySample;
  readonly pressure: MemoryPressure;
  readonly uptimeSeconds: () => number;
}

/** Seconds; from a quarter of a millisecond to the half second at which a picture has stopped. */
const STAGE_BOUNDS = [
  ...[0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.066, 0.133, 0.25, 0.5],
];

/** The metrics of one host. */
export class HostMetrics {
  readonly #registry = new MetricRegistry();
  readonly #stages: Histogram;
  readonly #takeSample: () => MemorySample;
  #sample: MemorySample;

  constructor(sources: HostMetricsSources) {
    const registry = this.#registry;
    this.#takeSample = sources.sample;
    this.#sample = sources.sample();
    registry.gauge({ name: "wavry_uptime_seconds", help: "Time since the start" }, (set) => {
      set(sources.uptimeSeconds());
    });
    addStreamMetrics(registry, sources);
    this.#stages = registry.histogram({
      name: "wavry_stage_seconds",
      help: "Time of each stage of a frame on the host; emit is from grab to server process",
      labels: ["stage"],
    }, STAGE_BOUNDS);
    addViewerMetrics(registry, sources);
    addMemoryMetrics(registry, () => this.#sample);
    addPressureMetrics(registry, sources.pressure);
    addMediaMetrics(registry, sources.media);
    registry.counter({
      name: "wavry_metric_series_refused_total",
      help: "Values that were left out because their metric had too many series",
    }, (set) => set(registry.seriesRefused));
  }

  /** Every metric at this moment. */
  snapshot(): MetricFamily[] {
    // One sample for all metrics of memory: they must belong together.
    this.#sample = this.#takeSample();
    return this.#registry.snapshot();
  }

  /** Takes the times of a frame. */
  onFrame({ grabUs, convertUs, encodeUs, emitUs }: MediaFrame): void {
    this.#stages.observe(grabUs / 1e6, "grab");
    this.#stages.observe(convertUs / 1e6, "convert");
    this.#stages.observe(encodeUs / 1e6, "encode");
    this.#stages.observe(emitUs / 1e6, "emit");
  }
}

function addStreamMetrics(registry: MetricRegistry, sources: HostMetricsSources): void {
  const perStream = (
    kind: "counter" | "gauge",
    [name, help]: readonly [string, string],
    read: (stream: Stream) => number,
  ) => {
    registry[kind]({ name, help, labels: ["stream"] }, (set) => {
      for (const stream of sources.streams().all) set(read(stream), String(stream.id));
    });
  };
  registry.gauge({
    name: "wavry_stream_info",
    help: "1; the name of each stream",
    labels: ["stream", "name"],
  }, (set) => {
    for (const { id, name } of sources.streams().all) set(1, String(id), name);
  });
  perStream("counter", ["wavry_frames_total", "Encoded frames"], ({ stats }) => stats.frames);
  perStream("counter", ["wavry_frame_bytes_total", "Bytes of encoded frames"], ({ stats }) => {
    return stats.bytes;
  });
  perStream("counter", ["wavry_keyframes_total", "Frames that decode alone"], ({ stats }) => {
    return stats.keyframes;
  });
  perStream("counter", ["wavry_invalidations_total", "Losses reported to the encoder"], (s) => {
    return s.stats.invalidations;
  });
  perStream("counter", ["wavry_stream_failures_total", "Ends by a fault"], ({ stats }) => {
    return stats.failures;
  });
  registry.counter({
    name: "wavry_media_restarts_total",
    help: "Starts of the media process after the first",
  }, (set) => set(sources.mediaRestarts()));
  perStream("gauge", ["wavry_stream_viewers", "Viewers of the stream"], (s) => s.viewers);
  perStream("gauge", ["wavry_stream_capturing", "1 while frames are captured"], (stream) => {
    return stream.isCapturing ? 1 : 0;
  });
  perStream(
    "gauge",
    ["wavry_encoder_fps", "Most frames a second that the encoder is asked for"],
    ({ pictureRate }) => pictureRate.fps,
  );
  perStream(
    "gauge",
    ["wavry_encoder_scale_ratio", "Share of the full width and height that it is asked for"],
    ({ pictureRate }) => pictureRate.scale,
  );
  perStream(
    "gauge",
    ["wavry_fec_groups", "Groups of viewers that share packets and repairs"],
    ({ groups }) => groups.length,
  );
  perStream(
    "counter",
    ["wavry_fec_repairs_total", "Repairs that were encoded, in the groups of now"],
    ({ groups }) => groups.reduce((sum, { fecStats }) => sum + fecStats.repairs, 0),
  );
}

function addViewerMetrics(registry: MetricRegistry, sources: HostMetricsSources): void {
  registry.gauge(
    { name: "wavry_viewers", help: "Viewers now, by role", labels: ["role"] },
    (set) => {
      const roles = [...sources.sessions()].map(({ role }) => role);
      for (const role of ["player", "viewer"] as const) {
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
  const perViewer = (
    kind: "counter" | "gauge",
    [name, help]: readonly [string, string],
    read: (sent: MediaSenderStats, session: ViewerSession) => number,
  ) => {
    registry[kind]({ name, help, labels: ["session"] }, (set) => {
      for (const session of sources.sessions()) {
        const { sent } = session;
        if (sent !== undefined) set(read(sent, session), session.id);
      }
    });
  };
  perViewer("counter", ["wavry_sent_bytes_total", "Bytes of packets"], (s) => s.bytesSent);
  perViewer("counter", ["wavry_sent_packets_total", "Packets sent"], (s) => s.packetsSent);
  perViewer(
    "counter",
    ["wavry_dropped_packets_total", "Packets too late"],
    (s) => s.packetsDropped,
  );
  perViewer("counter", ["wavry_sent_repairs_total", "Repairs sent"], (s) => s.repairsSent);
  perViewer("counter", ["wavry_skipped_frames_total", "Frames skipped"], (s) => s.framesSkipped);
  perViewer("gauge", ["wavry_in_flight_bytes", "Sent, not acknowledged"], (s) => s.bytesInFlight);
  perViewer("gauge", ["wavry_send_queue_bytes", "Wait for their time"], (s) => s.queuedBytes);
  perViewer("gauge", ["wavry_target_bps", "Rate that the path carries"], (s) => s.targetBps);
  perViewer("gauge", ["wavry_redundancy_ratio", "Repairs for each packet"], (s) => s.redundancy);
  perViewer("gauge", ["wavry_loss_ratio", "Packets lost on the path"], (s) => s.loss);
  perViewer("gauge", ["wavry_rtt_seconds", "Round trip of the path"], (s) => s.rttUs / 1e6);
  perViewer(
    "gauge",
    ["wavry_control_queue_bytes", "Control messages that wait"],
    (_sent, session) => session.queuedControlBytes,
  );
}

function addMemoryMetrics(registry: MetricRegistry, sample: () => MemorySample): void {
  for (const [name, help, field] of PROCESS_METRICS) {
    registry.gauge({ name, help, labels: ["process"] }, (set) => {
      const { server, media } = sample();
      set(server[field], "server");
      set(media?.[field], "media");
    });
  }
  registry.gauge({
    name: "wavry_heap_limit_bytes",
    help: "Most that the heap of the server process may grow to",
  }, (set) => set(v8.getHeapStatistics().heap_size_limit));
  registry.gauge({
    name: "wavry_external_bytes",
    help: "Memory outside the heap that objects of the server process hold",
  }, (set) => set(sample().externalBytes));
  registry.gauge({
    name: "wavry_native_bytes",
    help: "Live allocations of the native library",
  }, (set) => set(sample().native.bytes));
  registry.gauge({
    name: "wavry_native_allocations",
    help: "Number of live allocations of the native library",
  }, (set) => set(sample().native.live));
  registry.gauge({
    name: "wavry_native_mean_bytes",
    help: "Mean size of a live allocation of the native library",
  }, (set) => {
    const { bytes, live } = sample().native;
    set(live === 0 ? 0 : Math.round(bytes / live));
  });
  for (const [name, help, field] of OWNER_METRICS) {
    registry.gauge({ name, help, labels: ["owner"] }, (set) => {
      for (const owner of sample().owners) set(owner[field], owner.owner);
    });
  }
  for (const [name, help, field] of OWNER_COUNTERS) {
    registry.counter({ name, help, labels: ["owner"] }, (set) => {
      for (const owner of sample().owners) set(owner[field], owner.owner);
    });
  }
}

function addPressureMetrics(registry: MetricRegistry, pressure: MemoryPressure): void {
  registry.gauge({
    name: "wavry_memory_limit_bytes",
    help: "Resident memory that both processes may use",
  }, (set) => set(pressure.limitBytes));
  registry.gauge({
    name: "wavry_memory_pressure",
    help: "0 normal, 1 high (from 75 % of the limit), 2 critical (from 90 %)",
  }, (set) => set(PRESSURE_LEVELS.indexOf(pressure.level)));
  registry.counter({
    name: "wavry_memory_pressure_changes_total",
    help: "Changes of the level of pressure",
  }, (set) => set(pressure.stats.changes));
  registry.counter({
    name: "wavry_memory_responses_total",
    help: "Times that somebody was asked to give memory up",
  }, (set) => set(pressure.stats.responses));
}

const PROCESS_METRICS = [
  ["wavry_resident_bytes", "Resident memory", "rssBytes"],
  ["wavry_proportional_bytes", "Resident memory, shared pages divided", "pssBytes"],
  ["wavry_virtual_bytes", "Virtual memory", "virtualBytes"],
  ["wavry_descriptors", "Open file descriptors", "descriptors"],
  ["wavry_heap_used_bytes", "JavaScript heap in use", "heapUsedBytes"],
] as const;

const OWNER_METRICS = [
  ["wavry_owner_bytes", "Bytes that an owner of memory holds", "currentBytes"],
  ["wavry_owner_peak_bytes", "Most bytes that an owner of memory held", "peakBytes"],
  ["wavry_owner_live", "Live buffers of an owner of memory", "live"],
  ["wavry_owner_undisposed", "Buffers that were collected without being given back", "undisposed"],
] as const;

const OWNER_COUNTERS = [
  ["wavry_owner_allocations_total", "Buffers that an owner of memory made", "allocations"],
  ["wavry_owner_reuses_total", "Uses that a buffer of before served", "reuses"],
] as const;

function addMediaMetrics(registry: MetricRegistry, media: () => MediaStats | undefined): void {
  const perStream = (
    kind: "counter" | "gauge",
    [name, help]: readonly [string, string],
    read: (stream: MediaStreamCounters) => number,
  ) => {
    registry[kind]({ name, help, labels: ["stream"] }, (set) => {
      for (const stream of media()?.streams ?? []) set(read(stream), String(stream.streamId));
    });
  };
  perStream(
    "gauge",
    ["wavry_pool_used_ratio", "Frames of the pool that are leased"],
    ({ pool }) => {
      return pool.inUse / Math.max(1, pool.framesMax);
    },
  );
  perStream("gauge", ["wavry_pool_bytes", "Frames of the pool in memory"], ({ pool }) => {
    return pool.totalBytes;
  });
  perStream("gauge", ["wavry_pool_reuse_ratio", "Leases without an allocation"], ({ pool }) => {
    return pool.reuseRatio;
  });
  perStream("counter", ["wavry_pool_exhaustions_total", "Leases refused"], ({ pool }) => {
    return pool.exhaustions;
  });
  perStream("gauge", ["wavry_quantiser", "Quantiser in use"], ({ qp }) => qp);
  perStream("counter", ["wavry_capture_cpu_seconds_total", "Time of the stream's thread"], (s) => {
    return s.threadCpuUs / 1e6;
  });
  registry.gauge({
    name: "wavry_output_ring_used_bytes",
    help: "Encoded frames that the server process has not read yet",
  }, (set) => set(media()?.output.usedBytes));
}
