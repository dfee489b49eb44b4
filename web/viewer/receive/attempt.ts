/**
 * Attempt: one connection to the host and what was made for it, from the dial to its end. Types only:
 * the receive worker owns it.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import type { ConnectInfo } from "../../shared/connect_info.ts";
import type { EndedNotice } from "../worker_messages.ts";
import type { ClockOffset } from "../../shared/clock_offset.ts";
import type { SourceSize } from "./source_size.ts";
import type { StatsCollector } from "./stats_collector.ts";
import type { StatsReporter } from "./stats_reporter.ts";
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
  ended?: EndedNotice;
}
