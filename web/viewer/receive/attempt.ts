/**
 * Attempt: one connection to the host and what was made for it, from the dial to its end. The receive
 * worker owns it.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import type { ConnectInfo } from "../../shared/connect_info.ts";
import type { Rung } from "../../transport/ladder.ts";
import type { EndedNotice, FirstPictureTimes, WorkerMessage } from "../worker_messages.ts";
import { ClockOffset } from "../../shared/clock_offset.ts";
import { pageClock } from "../../shared/page_clock.ts";
import type { FrameRecord } from "./frame_record.ts";
import { SourceSize } from "./source_size.ts";
import { StatsCollector } from "./stats_collector.ts";
import { StatsReporter } from "./stats_reporter.ts";
import type { PlayingView } from "./stats_reporter.ts";
import type { StreamPlayer } from "./stream_player.ts";
import type { ViewerLink } from "./viewer_link.ts";

/** What a stream of the host is doing. */
export type StreamStateMessage = Extract<ServerMessage, { type: "stream_state" }>;

/** One connection and what was made for it. */
export interface Attempt {
  readonly info: ConnectInfo;
  /** The stream that is watched. */
  streamId: number;
  /** From when on pictures are of that stream. */
  watchSinceUs: number;
  /** Another stream was selected and no picture of it was drawn yet. */
  isSelecting: boolean;
  /** What the host said of each of its streams; at most 16. */
  readonly states: Map<number, StreamStateMessage>;
  catalog: readonly StreamDescription[];
  readonly dialUs: number;
  readonly clockOffset: ClockOffset;
  readonly stats: StatsCollector;
  readonly reporter: StatsReporter;
  /** Of the host's screen. */
  sourceSize: SourceSize;
  link?: ViewerLink;
  player?: StreamPlayer;
  connectedUs: number;
  welcomeUs: number;
  isShowing: boolean;
  /** Name of the session, once it is welcome. */
  sessionId?: string;
  /** How its bytes travel. */
  rung?: Rung;
  /** Of a connection that takes the place of another: when its input may begin. */
  inputFree?: PromiseWithResolvers<void>;
  ended?: EndedNotice;
}

/** What an attempt needs of the worker. */
export interface AttemptParts {
  view(attempt: Attempt): PlayingView | undefined;
  post(message: WorkerMessage): void;
}

/** A connection that is about to be dialled. */
export function newAttempt(info: ConnectInfo, { view, post }: AttemptParts): Attempt {
  const nowUs = pageClock.nowUs();
  const clockOffset = new ClockOffset();
  const stats = new StatsCollector(clockOffset, nowUs);
  const attempt: Attempt = {
    info,
    streamId: info.streamId,
    watchSinceUs: nowUs,
    isSelecting: false,
    states: new Map(),
    catalog: [],
    dialUs: nowUs,
    clockOffset,
    stats,
    reporter: new StatsReporter({
      streamId: () => attempt.streamId,
      clock: pageClock,
      stats,
      view: () => view(attempt),
      post,
      send: (message) => attempt.link?.send(message),
    }),
    sourceSize: new SourceSize(),
    connectedUs: 0,
    welcomeUs: 0,
    isShowing: false,
  };
  return attempt;
}

/** Another stream of the same connection is watched from now on. */
export function selectStream(attempt: Attempt, streamId: number): void {
  attempt.streamId = streamId;
  attempt.watchSinceUs = pageClock.nowUs();
  attempt.isSelecting = true;
  attempt.sourceSize = new SourceSize();
  attempt.stats.restart();
  attempt.player?.close();
}

/** When the steps up to the first picture of a connection happened. */
export function firstPictureOf(attempt: Attempt, record: FrameRecord): FirstPictureTimes {
  return {
    dialUs: attempt.dialUs,
    connectedUs: attempt.connectedUs,
    welcomeUs: attempt.welcomeUs,
    firstDatagramUs: attempt.player?.firstDatagramUs ?? 0,
    decodedUs: record.decodedUs,
    presentedUs: record.presentedUs,
  };
}

/** What the page hears of a recording. */
export function recordingOf(
  { streamId, isRecording, startedMs = 0 }: Extract<ServerMessage, { type: "recording_state" }>,
): { streamId: number; startedMs?: number } {
  return isRecording ? { streamId, startedMs } : { streamId };
}
