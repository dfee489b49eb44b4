/**
 * StatsReporter: once a second, the figures of one connection: for the overlay, and what the host
 * hears of them; and the word about a poor network that the page shows. It owns one interval.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { REORDER_WINDOW_PACKETS } from "../../../src/pipeline/media_receiver.ts";
import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { ClientMessage } from "../../../src/wire/control.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import { PathNotice } from "./path_notice.ts";
import type { StatsCollector } from "./stats_collector.ts";
import type { PathReportMessage, StatsSnapshot } from "./stats_snapshot.ts";

const STATS_INTERVAL_MS = 1000;
/** The most that a viewer_report can say. */
const DECODE_QUEUE_MAX = 64;

/** What is being played at the moment, and on what. */
export interface PlayingView {
  readonly description: StreamDescription;
  readonly decodeQueue: number;
  readonly droppedLate: number;
  readonly renderer: string;
  /** How bytes travel, for people. */
  readonly transport: string;
  /** Most packets that waited for order at once since the last report. */
  readonly reorderPackets: number;
}

/** What a reporter works with. */
export interface StatsReporterParts {
  /** The stream that is watched. */
  readonly streamId: () => number;
  readonly clock: Clock;
  readonly stats: StatsCollector;
  /** Undefined while nothing is played. */
  readonly view: () => PlayingView | undefined;
  readonly post: (message: WorkerMessage) => void;
  readonly send: (message: ClientMessage) => void;
}

/** Reports the figures of one connection. */
export class StatsReporter {
  readonly #parts: StatsReporterParts;
  readonly #notice = new PathNotice();
  #timer: ReturnType<typeof setInterval> | undefined;
  #last: StatsSnapshot | undefined;

  constructor(parts: StatsReporterParts) {
    this.#parts = parts;
  }

  /** The newest figures. */
  get last(): StatsSnapshot | undefined {
    return this.#last;
  }

  /** Begins. */
  start(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.report(), STATS_INTERVAL_MS);
  }

  /** Ends, and takes back what the page says of the network. */
  stop(): void {
    clearInterval(this.#timer);
    if (this.#notice.shown !== undefined) this.#postNotice(undefined);
  }

  /** The host told how the path of this stream is. */
  pathReport(report: PathReportMessage): void {
    const { clock, stats } = this.#parts;
    const nowUs = clock.nowUs();
    stats.pathReport(report, nowUs);
    if (this.#notice.observe(report, nowUs)) this.#postNotice(this.#notice.shown);
  }

  /** Reports what happened since the last time; the interval calls it. */
  report(): void {
    const { clock, post, send, stats, streamId } = this.#parts;
    const nowUs = clock.nowUs();
    if (this.#notice.tick(nowUs)) this.#postNotice(this.#notice.shown);
    const view = this.#parts.view();
    if (view === undefined) return;
    const { totals } = stats;
    totals.droppedLate = view.droppedLate;
    this.#last = stats.snapshot(nowUs, view.description, view);
    post({ type: "stats", stats: this.#last });
    send({
      type: "viewer_report",
      streamId: streamId(),
      framesReceived: totals.received,
      framesDecoded: totals.decoded,
      framesRendered: totals.rendered,
      framesDroppedNetwork: totals.droppedNetwork,
      framesDroppedLate: totals.droppedLate,
      decodeQueue: Math.min(view.decodeQueue, DECODE_QUEUE_MAX),
      reorderPackets: view.reorderPackets,
      reorderPacketsMax: REORDER_WINDOW_PACKETS,
    });
  }

  #postNotice(notice: PathNotice["shown"]): void {
    this.#parts.post({ type: "network_notice", notice });
  }
}
