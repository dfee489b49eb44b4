/** A path report as tests need one: a good path. */

import type { PathReportMessage } from "../../../../web/viewer/receive/stats_snapshot.ts";

/** A report of a good path, but for `changes`. */
export function pathReport(changes: Partial<PathReportMessage> = {}): PathReportMessage {
  return {
    type: "path_report",
    streamId: 0,
    targetBps: 8_000_000,
    videoBps: 7_000_000,
    sentBps: 6_120_000,
    redundancy: 0.08,
    rung: "repairs",
    rttUs: 41_200,
    queueDelayUs: 3_100,
    loss: 0.02,
    burstLength: 1.75,
    fps: 60,
    scale: 1,
    layers: "all",
    reactiveRepairs: 12,
    referenceRepairs: 1,
    keyframes: 0,
    rateCuts: 2,
    ...changes,
  };
}
