/**
 * File metrics: what is published of the files between viewers and the host's folder.
 */

import type { MetricRegistry } from "../../metrics/metric_registry.ts";
import type { FileFigures } from "../files/host_files.ts";

/** Adds them; `files` gives undefined until the host has its capabilities. */
export function addFileMetrics(
  registry: MetricRegistry,
  files: () => FileFigures | undefined,
): void {
  for (const [kind, name, help, read] of METRICS) {
    registry[kind]({ name: `wavry_${name}`, help }, (set) => {
      const figures = files();
      if (figures !== undefined) set(read(figures));
    });
  }
}

type Metric = readonly [
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (figures: FileFigures) => number,
];

const METRICS: readonly Metric[] = [
  ["gauge", "file_uploads", "Files that viewers send now", ({ uploads }) => uploads],
  ["gauge", "file_downloads", "Files that viewers take now", ({ downloads }) => downloads],
  [
    ...["counter", "file_received_bytes_total", "Bytes of files that came"] as const,
    ({ bytesReceived }) => bytesReceived,
  ],
  [
    ...["counter", "file_sent_bytes_total", "Bytes of files that were taken"] as const,
    ({ bytesSent }) => bytesSent,
  ],
  [
    ...["counter", "file_uploads_done_total", "Files that came whole"] as const,
    ({ uploadsDone }) => uploadsDone,
  ],
  [
    ...["counter", "file_uploads_failed_total", "Files that were refused or failed"] as const,
    ({ uploadsFailed }) => uploadsFailed,
  ],
];
