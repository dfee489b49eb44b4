/**
 * HostWatch: joins what looks at the host with what there is to look at: the ledger and samples of
 * memory, checkpoints of it, and the metrics. It reads the parts of the server through functions,
 * because it is there before them and after them.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MediaFrame } from "../../ipc/media_handlers.ts";
import type { QuicListener } from "../../transport/quic/quic_listener.ts";
import { VERSION } from "../config/config.ts";
import type { ServerConfig } from "../config/config.ts";
import type { DashboardFeed } from "../dashboard/dashboard_feed.ts";
import { makeDashboardFeed } from "../dashboard/dashboard_sources.ts";
import { HeapSnapshots } from "./heap_snapshots.ts";
import { HostMemory } from "./host_memory.ts";
import { HostMetrics } from "../metrics/host_metrics.ts";
import type { HostRecordings } from "../timeline/host_recordings.ts";
import type { HostReplays } from "../timeline/host_replays.ts";
import type { MediaLink } from "../streams/media_link.ts";
import { MemoryGuard } from "./memory_guard.ts";
import { MemoryLog } from "./memory_log.ts";
import { isTelemetryOn, MetricExport } from "../metrics/metric_export.ts";
import type { RecordingDelivery } from "../timeline/recording_delivery.ts";
import { RuntimeWatch } from "./runtime_watch.ts";
import { HostStats } from "../stats/stats_host.ts";
import type { GatewayFigures } from "../gateways/host_gateways.ts";
import type { FileFigures } from "../files/host_files.ts";
import type { SoundFigures } from "../sound/host_sound.ts";
import type { PeopleHub } from "../people/people_hub.ts";
import type { StreamSet } from "../streams/stream_set.ts";
import type { ViewerAdmission } from "../viewer_admission.ts";

/** What there is to look at. */
export interface HostWatchOptions {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes text for people, with its newline. */
  readonly print: (text: string) => void;
  readonly streams: () => StreamSet;
  readonly media: () => MediaLink;
  readonly admission: () => ViewerAdmission;
  readonly replays: () => HostReplays;
  readonly recordings: () => HostRecordings;
  /** Who is here; undefined until the host has its capabilities. */
  readonly people: () => PeopleHub | undefined;
  /** Undefined until the host has its capabilities. */
  readonly sound: () => SoundFigures | undefined;
  readonly files: () => FileFigures | undefined;
  readonly gateways: () => readonly GatewayFigures[];
  /** Undefined where the folder of recordings cannot be used. */
  readonly delivery: () => RecordingDelivery | undefined;
  /** Undefined until the port is open. */
  readonly listener: () => QuicListener | undefined;
  readonly uptimeSeconds: () => number;
}

const NOTHING_QUEUED = { outstanding: 0, unread: 0 };

/** Looks at one host. */
export class HostWatch {
  readonly memory: HostMemory;
  readonly memoryLog: MemoryLog;
  readonly guard: MemoryGuard;
  readonly stats: HostStats;
  readonly runtime: RuntimeWatch;
  readonly dashboard: DashboardFeed;
  readonly heapSnapshots: HeapSnapshots;
  readonly #options: HostWatchOptions;
  #metrics: HostMetrics | undefined;
  #telemetry: MetricExport | undefined;

  /** Throws ConfigError when a file or folder of an option cannot be written. */
  constructor(options: HostWatchOptions) {
    this.#options = options;
    const { config, clock, log, print, streams, media, admission, listener } = options;
    this.memory = new HostMemory(log, {
      media: () => media().processStats,
      pipeBytes: () => media().pipeBytes,
      queuedDatagrams: () => listener()?.queuedDatagrams ?? NOTHING_QUEUED,
      codingRings: () => {
        const { heldGroups } = streams();
        const currentBytes = sum(heldGroups, ({ bufferBytes }) => bufferBytes);
        return { currentBytes, live: heldGroups.length };
      },
      senderRings: () => {
        const { senders } = streams();
        return {
          currentBytes: sum(senders, ({ bufferBytes }) => bufferBytes),
          live: senders.length,
        };
      },
      queuedControlBytes: () => {
        return sum([...admission().sessions], (session) => session.queuedControlBytes);
      },
    });
    this.stats = new HostStats({
      streams: () => streams().all,
      sessions: () => admission().shown,
      nowUs: () => clock.nowUs(),
      nowMs: Date.now,
    });
    const sample = () => this.memory.sample();
    this.runtime = new RuntimeWatch({ sample, onPause: (pause) => this.metrics.onPause(pause) });
    this.memoryLog = new MemoryLog({ config, clock, sample, print });
    const mark = this.memoryLog.mark;
    this.guard = new MemoryGuard({
      ...{ clock, log, sample },
      limitBytes: config.memoryLimit.bytes,
      trim: () => media().trimMemory(),
      economise: (isShort) => streams().economise(isShort),
      shortenReplay: (isShort) => options.replays().shorten(isShort),
      onChange: ({ to }) => {
        options.delivery()?.onPressure(to);
        mark?.("pressure");
      },
    });
    this.heapSnapshots = new HeapSnapshots({
      ...{ directory: config.heapSnapshots, log, print },
      nowMs: Date.now,
      heapBytes: () => sample().heapUsedBytes,
      roomBytes: () => this.guard.pressure.limitBytes - sample().rssBytes,
      askMedia: (path) => media().takeHeapSnapshot(path),
    });
    const { memory, guard } = this;
    this.dashboard = makeDashboardFeed({ ...options, memory, guard });
  }

  /** Begins, once every part of the host is there. */
  start(): void {
    this.guard.start();
    this.runtime.start();
    if (isTelemetryOn()) this.#telemetry = new MetricExport(this.metrics);
    this.memoryLog.start();
    this.dashboard.start();
  }

  /** The metrics of now. */
  get metrics(): HostMetrics {
    const { streams, media, admission, replays, recordings, uptimeSeconds } = this.#options;
    this.#metrics ??= new HostMetrics({
      ...{ version: VERSION, streams, replays, recordings, uptimeSeconds },
      ...{ sound: this.#options.sound, files: this.#options.files },
      gateways: this.#options.gateways,
      delivery: () => this.#options.delivery()?.stats,
      sessions: () => admission().shown,
      admission: () => admission().stats,
      media: () => media().processStats,
      mediaRestarts: () => media().restarts,
      sample: () => this.memory.sample(),
      pressure: this.guard.pressure,
      runtime: this.runtime,
    });
    return this.#metrics;
  }

  /** Takes the times of a frame that came at `receivedUs`. */
  onFrame(frame: MediaFrame, receivedUs: number): void {
    this.dashboard.onFrame(frame, receivedUs);
    this.metrics.onFrame(frame);
    this.stats.onFrame(frame);
    this.guard.onFrame();
  }

  /** Ends; the last checkpoint sees the host as it is now. */
  close(): void {
    this.guard.close();
    this.runtime.close();
    this.#telemetry?.close();
    this.memoryLog.close();
    this.dashboard.close();
  }
}

function sum<T>(list: readonly T[], read: (entry: T) => number): number {
  return list.reduce((total, entry) => total + read(entry), 0);
}
