/**
 * Stats report: the shape of what `GET /api/stats` answers: `rtcStats` in the W3C's names, and beside
 * it what the host knows in names of its own. It is counters and states and holds no secret.
 */

import type { MemoryPressureStats, PressureLevel } from "../../memory/memory_pressure.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import type { MediaSenderStats } from "../../pipeline/sender_report.ts";
import type { InputStats } from "../../session/input_receiver.ts";
import type { ViewerSessionStats } from "../../session/viewer_session_stats.ts";
import type { TransportKind } from "../../transport/connection.ts";
import type { QuicListener } from "../../transport/quic/quic_listener.ts";
import type { Role } from "../../wire/control.ts";
import type { DashboardFeedStats } from "../dashboard/dashboard_feed.ts";
import type { ReplayFigures } from "../timeline/host_replays.ts";
import type { RtcStats } from "./stats_rtc_objects.ts";
import type { ViewerAdmissionStats } from "../viewer_admission.ts";

/** One viewer, in names of our own. */
export interface ViewerReport extends Readonly<ViewerSessionStats> {
  readonly id: string;
  /** Public name of the browser session that it belongs to. */
  readonly sessionId: string;
  readonly role: Role;
  /** How its bytes travel: "quic", "webrtc" or "tcp". */
  readonly transport: TransportKind;
  readonly input: Readonly<InputStats>;
  /** What it plays; null while it plays nothing. */
  readonly streamId: number | null;
  readonly sent: MediaSenderStats | null;
}

/** The whole answer. */
export interface HostReport {
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Streams and viewers as https://www.w3.org/TR/webrtc-stats/ names their figures. */
  readonly rtcStats: readonly RtcStats[];
  /** The first stream. */
  readonly stream: Readonly<Record<string, unknown>>;
  readonly streams: readonly Readonly<Record<string, unknown>>[];
  /** The media process and what it counts. */
  readonly media: Readonly<Record<string, unknown>>;
  readonly memory: MemorySample;
  readonly pressure: Readonly<MemoryPressureStats> & { readonly level: PressureLevel };
  readonly admission: Readonly<ViewerAdmissionStats>;
  /** Of all streams together. */
  readonly replay: ReplayFigures;
  /** Recorders and the folder of recordings. */
  readonly recording: Readonly<Record<string, unknown>>;
  /** Null before the port is open. */
  readonly listener: QuicListener["stats"] | null;
  readonly browserSessions: number;
  /** Pages of the dashboard that are open, and what became of others. */
  readonly dashboard: Readonly<DashboardFeedStats> & { readonly readers: number };
  /** What the capabilities beside picture and input count, by their names. */
  readonly features: Readonly<Record<string, unknown>>;
  readonly viewers: readonly ViewerReport[];
}
