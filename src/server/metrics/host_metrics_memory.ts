/**
 * Memory metrics: what is published of the memory of both processes, of its owners, of the pressure,
 * of the run as a whole and of the collector. Each is read from a sample that all of them share.
 */

import type { MediaStats } from "../../ipc/media_message.ts";
import { heapFigures } from "../../memory/collection_watch.ts";
import {
  type MemoryPressure,
  PRESSURE_LEVELS,
  PRESSURE_MARKS,
} from "../../memory/memory_pressure.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import type { RunFigures } from "../../memory/run_profile.ts";
import type { Histogram, MetricRegistry } from "../../metrics/metric_registry.ts";
import type { HostMetricsSources } from "./host_metrics_sources.ts";

/** Seconds; a frame of 60 a second is 0.0167. */
const PAUSE_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.066];
const SECONDS_PER_HOUR = 3600;

/** Adds everything but the collector. */
export function addMemoryMetrics(
  registry: MetricRegistry,
  sources: Pick<HostMetricsSources, "sample" | "media" | "pressure" | "runtime">,
): void {
  const { sample } = sources;
  addProcessMetrics(registry, sources);
  registry.gauge({
    name: "wavry_native_bytes",
    help: "Live allocations of the native library",
  }, (set) => set(sample().native.bytes));
  registry.gauge({
    name: "wavry_native_live_allocations",
    help: "Number of live allocations of the native library",
  }, (set) => set(sample().native.live));
  registry.gauge({
    name: "wavry_native_mean_bytes",
    help: "Mean size of a live allocation of the native library",
  }, (set) => {
    const { bytes, live } = sample().native;
    set(live === 0 ? 0 : Math.round(bytes / live));
  });
  registry.counter({
    name: "wavry_native_allocations_total",
    help: "Allocations of the native library by type, since the media process started",
    labels: ["type"],
  }, (set) => {
    for (const { type, allocations } of sources.media()?.native ?? []) set(allocations, type);
  });
  for (const [kind, name, help, field] of OWNER_METRICS) {
    registry[kind]({ name, help, labels: ["owner"] }, (set) => {
      for (const owner of sample().owners) set(owner[field], owner.owner);
    });
  }
  addPressureMetrics(registry, sources.pressure);
  addRunMetrics(registry, sources);
}

/** Adds the collector; the histogram takes the pauses of this process. */
export function addCollectionMetrics(
  registry: MetricRegistry,
  { media, runtime }: Pick<HostMetricsSources, "media" | "runtime">,
): Histogram {
  const totals = () => [
    ...runtime.totals.map((total) => ({ ...total, process: "server" })),
    ...(media()?.collections ?? []).map((total) => ({ ...total, process: "media" })),
  ];
  registry.counter({
    name: "wavry_gc_collections_total",
    help: "Pauses to collect garbage, by process and kind",
    labels: ["process", "kind"],
  }, (set) => {
    for (const { process, kind, collections } of totals()) set(collections, process, kind);
  });
  registry.counter({
    name: "wavry_gc_paused_seconds_total",
    help: "Time of these pauses",
    labels: ["process", "kind"],
  }, (set) => {
    for (const { process, kind, pauseUs } of totals()) set(pauseUs / 1e6, process, kind);
  });
  return registry.histogram({
    name: "wavry_gc_pause_seconds",
    help: "Each pause of the server process, through which all packets go",
    labels: ["kind"],
  }, PAUSE_BOUNDS);
}

function addProcessMetrics(
  registry: MetricRegistry,
  { sample, media }: {
    readonly sample: () => MemorySample;
    readonly media: () => MediaStats | undefined;
  },
): void {
  for (const [name, help, field] of PROCESS_METRICS) {
    registry.gauge({ name, help, labels: ["process"] }, (set) => {
      const { server, media } = sample();
      set(server[field], "server");
      set(media?.[field], "media");
    });
  }
  registry.gauge({
    name: "wavry_heap_limit_bytes",
    help: "Most that a JavaScript heap may grow to",
    labels: ["process"],
  }, (set) => {
    set(heapFigures().limitBytes, "server");
    set(media()?.heapLimitBytes, "media");
  });
  registry.counter({
    name: "wavry_heap_allocated_bytes_total",
    help: "Bytes that a program allocated on its heap, collected or not",
    labels: ["process"],
  }, (set) => {
    set(heapFigures().allocatedBytes, "server");
    set(media()?.heapAllocatedBytes, "media");
  });
}

function addPressureMetrics(registry: MetricRegistry, pressure: MemoryPressure): void {
  registry.gauge({
    name: "wavry_memory_limit_bytes",
    help: "Resident memory that both processes may use",
  }, (set) => set(pressure.limitBytes));
  registry.gauge({
    name: "wavry_memory_mark_bytes",
    help: "Resident memory at which a level of pressure begins",
    labels: ["level"],
  }, (set) => {
    set(pressure.limitBytes * PRESSURE_MARKS.high.begins, "high");
    set(pressure.limitBytes * PRESSURE_MARKS.critical.begins, "critical");
  });
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

function addRunMetrics(
  registry: MetricRegistry,
  { runtime }: Pick<HostMetricsSources, "runtime">,
): void {
  for (const [name, help, read] of RUN_METRICS) {
    registry.gauge({ name, help, labels: ["memory"] }, (set) => {
      for (const memory of ["resident", "proportional"] as const) {
        const figures = runtime.run[memory];
        if (figures.samples > 0) set(read(figures), memory);
      }
    });
  }
}

const PROCESS_METRICS = [
  ["wavry_resident_bytes", "Resident memory", "rssBytes"],
  ["wavry_proportional_bytes", "Resident memory, shared pages divided", "pssBytes"],
  ["wavry_virtual_bytes", "Virtual memory", "virtualBytes"],
  ["wavry_descriptors", "Open file descriptors", "descriptors"],
  ["wavry_heap_used_bytes", "JavaScript heap in use", "heapUsedBytes"],
  ["wavry_external_bytes", "Memory outside the heap that its objects hold", "externalBytes"],
] as const;

const OWNER_METRICS = [
  ["gauge", "wavry_owner_bytes", "Bytes that an owner of memory holds", "currentBytes"],
  ["gauge", "wavry_owner_peak_bytes", "Most bytes that an owner of memory held", "peakBytes"],
  ["gauge", "wavry_owner_live", "Live buffers of an owner of memory", "live"],
  ["gauge", "wavry_owner_undisposed", "Buffers collected without being given back", "undisposed"],
  ["counter", "wavry_owner_allocations_total", "Buffers that an owner made", "allocations"],
  ["counter", "wavry_owner_reuses_total", "Uses that a buffer of before served", "reuses"],
] as const;

const RUN_METRICS: readonly (readonly [string, string, (figures: RunFigures) => number])[] = [
  [
    ...["wavry_run_baseline_bytes", "Memory of both processes when the run began"] as const,
    (figures) => figures.baselineBytes,
  ],
  [
    ...["wavry_run_peak_bytes", "Most memory of both processes in this run"] as const,
    (figures) => figures.peakBytes,
  ],
  [
    ...["wavry_run_end_bytes", "Memory of both processes when it was looked at last"] as const,
    (figures) => figures.endBytes,
  ],
  [
    "wavry_run_growth_bytes_per_second",
    "Slope of the memory of both processes over this run; times 3600 for an hour",
    (figures) => figures.growthBytesPerHour / SECONDS_PER_HOUR,
  ],
];
