/**
 * hostReport: counters and states of a whole host for the API, read from those who keep them. It holds
 * no secret.
 */

import type { SessionRegistry } from "../../session/session_registry.ts";
import type { QuicListener } from "../../transport/quic/quic_listener.ts";
import { VERSION } from "../config/config.ts";
import type { HostFeatures } from "../host_features.ts";
import type { HostWatch } from "../memory/host_watch.ts";
import type { MediaLink } from "../streams/media_link.ts";
import type { StreamSet } from "../streams/stream_set.ts";
import type { HostRecordings } from "../timeline/host_recordings.ts";
import type { HostReplays } from "../timeline/host_replays.ts";
import type { RecordingDelivery } from "../timeline/recording_delivery.ts";
import type { ViewerAdmission } from "../viewer_admission.ts";
import type { HostReport } from "./stats_report.ts";

/** Whose counters are read. */
export interface HostReportSources {
  readonly uptimeSeconds: number;
  readonly watch: HostWatch;
  readonly streams: StreamSet;
  readonly media: MediaLink;
  readonly admission: ViewerAdmission;
  readonly registry: SessionRegistry;
  readonly replays: HostReplays;
  readonly recordings: HostRecordings;
  readonly delivery: RecordingDelivery | undefined;
  readonly listener: QuicListener | undefined;
  readonly features: HostFeatures;
}

/** Reads them all. */
export function hostReport(sources: HostReportSources): HostReport {
  const { watch, media, admission, registry, replays, recordings, delivery } = sources;
  const streams = sources.streams.stats();
  return {
    version: VERSION,
    uptimeSeconds: sources.uptimeSeconds,
    rtcStats: watch.stats.rtc(),
    // The first by itself as well: most hosts have no other.
    stream: streams[0] ?? {},
    streams,
    media: media.stats(),
    memory: watch.memory.sample(),
    pressure: { level: watch.guard.pressure.level, ...watch.guard.pressure.stats },
    admission: admission.stats,
    replay: replays.report,
    recording: { ...recordings.report, delivery: delivery?.stats ?? null },
    listener: sources.listener?.stats ?? null,
    browserSessions: registry.stored().length,
    dashboard: { readers: watch.dashboard.readers, ...watch.dashboard.stats },
    features: sources.features.report,
    viewers: admission.shown.map((session) => ({
      id: session.id,
      sessionId: session.browserSessionId,
      role: session.role,
      transport: session.transport,
      ...session.stats,
      input: session.inputStats,
      streamId: session.streamId ?? null,
      sent: session.sent ?? null,
    })),
  };
}
