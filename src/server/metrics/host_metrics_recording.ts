/**
 * Recording metrics: what is published of what is recorded, of what the disk had no room or time for,
 * and of the recordings that there are.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import type { HostRecordings } from "../timeline/host_recordings.ts";

/** Adds them. */
export function addRecordingMetrics(
  registry: MetricRegistry,
  recordings: () => HostRecordings,
): void {
  for (const [kind, name, help, read] of METRICS) {
    registry[kind]({ name: `wavry_recording_${name}`, help }, (set) => set(read(recordings())));
  }
}

type Metric = readonly [
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (recordings: HostRecordings) => number | undefined,
];

const METRICS: readonly Metric[] = [
  ["gauge", "active", "Streams that are recorded", ({ active }) => active],
  [
    ...["gauge", "held_bytes", "Bytes that wait to be written, and buffers for them"] as const,
    ({ memory }) => memory.currentBytes,
  ],
  ["counter", "frames_total", "Frames taken up", ({ stats }) => stats.frames],
  [
    ...["counter", "frames_dropped_total", "Frames that the disk was too slow for"] as const,
    ({ stats }) => stats.framesDropped,
  ],
  ["counter", "written_bytes_total", "Bytes of parts on the disk", ({ stats }) => stats.bytes],
  [
    ...["gauge", "write_seconds_max", "Longest time that a part took to the disk"] as const,
    ({ stats }) => stats.writeUsMax / 1_000_000,
  ],
  ["gauge", "files", "Recordings that there are", ({ folder }) => folder?.totals.recordings],
  ["gauge", "stored_bytes", "Bytes of all recordings", ({ folder }) => folder?.totals.bytes],
  [
    ...["counter", "files_repaired_total", "Files that a kill had left with half a part"] as const,
    ({ folder }) => folder?.stats.repaired,
  ],
  [
    ...["counter", "files_deleted_total", "Files deleted to stay below the quota"] as const,
    ({ folder }) => folder?.stats.deletedForQuota,
  ],
];
