/**
 * Host metrics sources: where the published figures come from, as functions, because the parts of the
 * server are there after the metrics are made.
 */

import type { MediaStats } from "../../ipc/media_message.ts";
import type { MemoryPressure } from "../../memory/memory_pressure.ts";
import type { MemorySample } from "../../memory/memory_sample.ts";
import type { DeliveryStats } from "../../recording/delivery_stats.ts";
import type { ShownSession } from "../../session/shown_session.ts";
import type { HostRecordings } from "../timeline/host_recordings.ts";
import type { HostReplays } from "../timeline/host_replays.ts";
import type { RuntimeWatch } from "../memory/runtime_watch.ts";
import type { GatewayFigures } from "../gateways/host_gateways.ts";
import type { FileFigures } from "../files/host_files.ts";
import type { SoundFigures } from "../sound/host_sound.ts";
import type { StreamSet } from "../streams/stream_set.ts";
import type { ViewerAdmissionStats } from "../viewer_admission.ts";

/** Where the figures come from. */
export interface HostMetricsSources {
  readonly version: string;
  readonly streams: () => StreamSet;
  readonly delivery: () => DeliveryStats | undefined;
  readonly replays: () => HostReplays;
  readonly recordings: () => HostRecordings;
  readonly sound: () => SoundFigures | undefined;
  readonly files: () => FileFigures | undefined;
  readonly gateways: () => readonly GatewayFigures[];
  readonly sessions: () => Iterable<ShownSession>;
  readonly admission: () => Readonly<ViewerAdmissionStats>;
  readonly media: () => MediaStats | undefined;
  readonly mediaRestarts: () => number;
  readonly sample: () => MemorySample;
  readonly pressure: MemoryPressure;
  readonly runtime: Pick<RuntimeWatch, "look" | "totals" | "run">;
  readonly uptimeSeconds: () => number;
}
