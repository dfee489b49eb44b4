/**
 * Delivery metrics: what is published of those who read the files of recordings, of what this holds in
 * memory and of what it refused. There are none where the folder of recordings cannot be used.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import { type DeliveryStats, heldByKind } from "../../recording/delivery_stats.ts";

/** Adds them. */
export function addDeliveryMetrics(
  registry: MetricRegistry,
  stats: () => DeliveryStats | undefined,
): void {
  registry.gauge({
    name: "wavry_delivery_held_bytes",
    help: "Bytes that bodies may make the runtime hold, by kind of answer",
    labels: ["kind"],
  }, (set) => {
    const now = stats();
    for (const [kind, bytes] of now === undefined ? [] : heldByKind(now)) set(bytes, kind);
  });
  registry.counter({
    name: "wavry_delivery_bodies_total",
    help: "Bodies by how they ended",
    labels: ["end"],
  }, (set) => {
    for (const [end, count] of Object.entries(stats()?.ends ?? {})) set(count, end);
  });
  for (const [kind, name, help, read] of METRICS) {
    registry[kind]({ name: `wavry_delivery_${name}`, help }, (set) => {
      const now = stats();
      if (now !== undefined) set(read(now));
    });
  }
}

type Metric = readonly ["counter" | "gauge", string, string, (stats: DeliveryStats) => number];

const METRICS: readonly Metric[] = [
  ["gauge", "active_streams", "Bodies that are being read", (s) => s.activeStreams],
  ["gauge", "budget_bytes", "Bytes that bodies may make the runtime hold", (s) => s.budgetBytes],
  ["gauge", "overdue_bytes", "Bytes held for readers whose places went on", (s) => s.overdueBytes],
  ["gauge", "queue_depth", "Requests that wait for a place", (s) => s.queueDepth],
  ["counter", "requests_total", "Requests for the file of a recording", (s) => s.requests],
  ["counter", "refusals_total", "Requests that were answered 503", (s) => s.refusals],
  ["counter", "stalled_total", "Bodies ended because nobody took them", (s) => s.stalled],
  ["counter", "sent_bytes_total", "Bytes of bodies that have ended", (s) => s.bytes],
  ["gauge", "reads_under_way", "Reads of the disk now", (s) => s.readsUnderWay],
  ["gauge", "reads_waiting", "Reads of the disk that wait", (s) => s.readsWaiting],
  ["gauge", "reads_limit", "Reads of the disk at once", (s) => s.readsMax],
  ["counter", "reads_total", "Reads of the disk", (s) => s.reader.reads],
  ["counter", "read_bytes_total", "Bytes read from the disk", (s) => s.reader.bytesRead],
  ["counter", "coalesced_reads_total", "Reads that joined another one", (s) => s.reader.coalesced],
  ["counter", "failed_reads_total", "Reads that failed", (s) => s.reader.failures],
  ["gauge", "cache_bytes", "Bytes of segments in the cache", (s) => s.cacheBytes],
  ["gauge", "cache_entries", "Segments in the cache", (s) => s.cacheEntries],
  ["counter", "cache_hits_total", "Segments found in the cache", (s) => s.cache.hits],
  ["counter", "cache_misses_total", "Segments not found in the cache", (s) => s.cache.misses],
  ["counter", "cache_evictions_total", "Segments that left for room", (s) => s.cache.evictions],
  ["gauge", "open_files", "Open files of recordings", (s) => s.openFiles],
];
