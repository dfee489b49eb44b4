/**
 * Attempt: one connection to the host and what was made for it, from the dial to its end. Types only:
 * the receive worker owns it.
 */

import type { ConnectInfo } from "../../shared/connect_info.ts";
import type { EndedNotice } from "../worker_messages.ts";
import type { ClockOffset } from "./clock_offset.ts";
import type { SourceSize } from "./source_size.ts";
import type { StatsCollector } from "./stats_collector.ts";
import type { StatsReporter } from "./stats_reporter.ts";
import type { StreamPlayer } from "./stream_player.ts";
import type { ViewerLink } from "./viewer_link.ts";

/** One connection and what was made for it. */
export interface Attempt {
  readonly info: ConnectInfo;
  readonly dialUs: number;
  readonly clockOffset: ClockOffset;
  readonly stats: StatsCollector;
  readonly reporter: StatsReporter;
  /** Of the host's screen. */
  readonly sourceSize: SourceSize;
  link?: ViewerLink;
  player?: StreamPlayer;
  connectedUs: number;
  welcomeUs: number;
  isShowing: boolean;
  ended?: EndedNotice;
}
