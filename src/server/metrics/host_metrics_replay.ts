/**
 * Replay metrics: what is published of what can be replayed and of those who read it. A series for each
 * stream, as long as replay is on.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import type { HostReplays } from "../timeline/host_replays.ts";
import type { StreamReplay } from "../timeline/stream_replay.ts";

/** Adds them. */
export function addReplayMetrics(registry: MetricRegistry, replays: () => HostReplays): void {
  for (const [kind, name, help, read] of STREAM_METRICS) {
    registry[kind]({ name, help, labels: ["stream"] }, (set) => {
      for (const replay of replays().all) set(read(replay), String(replay.streamId));
    });
  }
  for (const [kind, name, help, read] of HOST_METRICS) {
    registry[kind]({ name, help }, (set) => set(read(replays())));
  }
}

type Metric<Source> = readonly ["counter" | "gauge", string, string, (source: Source) => number];

const STREAM_METRICS: readonly Metric<StreamReplay>[] = [
  [
    ...["gauge", "wavry_replay_bytes", "Encoded bytes that are held"] as const,
    ({ buffer }) => buffer?.span?.bytes ?? 0,
  ],
  [
    ...["gauge", "wavry_replay_capacity_bytes", "Encoded bytes that can be held now"] as const,
    ({ buffer }) => buffer?.capacityBytes ?? 0,
  ],
  [
    ...["gauge", "wavry_replay_seconds", "From the oldest to the newest frame held"] as const,
    ({ buffer }) => {
      const span = buffer?.span;
      return span === undefined ? 0 : (span.endUs - span.startUs) / 1e6;
    },
  ],
  [
    ...["gauge", "wavry_replay_paused", "1 while somebody paused it"] as const,
    ({ isPaused }) => isPaused ? 1 : 0,
  ],
  [
    ...["gauge", "wavry_replay_leases", "Segments that readers are on"] as const,
    ({ buffer }) => buffer?.leases ?? 0,
  ],
  [
    ...["counter", "wavry_replay_frames_total", "Frames taken up"] as const,
    ({ stats }) => stats.pushed,
  ],
  [
    ...["counter", "wavry_replay_segments_evicted_total", "Segments let go"] as const,
    ({ stats }) => stats.segmentsEvicted,
  ],
  [
    "counter",
    "wavry_replay_leases_revoked_total",
    "Segments let go though a reader was on them, to make room",
    ({ stats }) => stats.leasesRevoked,
  ],
  [
    ...["counter", "wavry_replay_frames_blanked_total", "Frames overwritten on request"] as const,
    ({ stats }) => stats.framesBlanked,
  ],
];

const HOST_METRICS: readonly Metric<HostReplays>[] = [
  ["gauge", "wavry_replay_readers", "Readers of replays now", ({ readers }) => readers],
  [
    ...["counter", "wavry_replay_readers_total", "Readers of replays that were let in"] as const,
    ({ stats }) => stats.readersOpened,
  ],
  [
    "counter",
    "wavry_replay_readers_refused_total",
    "Readers of replays that were refused because there were too many",
    ({ stats }) => stats.readersRefused,
  ],
  [
    "counter",
    "wavry_replay_readers_replaced_total",
    "Readers of replays that made room for another one",
    ({ stats }) => stats.readersReplaced,
  ],
  [
    ...["counter", "wavry_replay_read_bytes_total", "Bytes that readers took"] as const,
    ({ stats }) => stats.bytesRead,
  ],
];
