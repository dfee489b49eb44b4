/**
 * Published stream metrics: what is published of the streams that people publish on this host,
 * together; what viewers get of them is counted with all streams.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import type { PublishedReport } from "../config/stream_options.ts";
import type { StreamSet } from "../streams/stream_set.ts";

/** Adds them. */
export function addPublishedMetrics(registry: MetricRegistry, streams: () => StreamSet): void {
  const reports = () => streams().all.flatMap(({ published }) => published?.report() ?? []);
  for (const [kind, name, help, read] of METRICS) {
    registry[kind]({ name: `wavry_${name}`, help }, (set) => {
      set(reports().reduce((sum, report) => sum + read(report), 0));
    });
  }
}

type Metric = readonly [
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (report: PublishedReport) => number,
];

const METRICS: readonly Metric[] = [
  [
    ...["gauge", "published_streams", "Streams that somebody publishes now"] as const,
    ({ phase }) => Number(phase === "live"),
  ],
  [
    ...["gauge", "published_waiting", "Published streams whose producer is away"] as const,
    ({ phase }) => Number(phase === "waiting"),
  ],
  [
    ...[
      "counter",
      "published_frames_refused_total",
      "Frames of producers that were too many, too large or broken",
    ] as const,
    ({ framesRefused }) => framesRefused,
  ],
  [
    ...[
      "gauge",
      "published_packets_lost",
      "Packets of producers of now that never came",
    ] as const,
    ({ packetsLost }) => packetsLost ?? 0,
  ],
];
