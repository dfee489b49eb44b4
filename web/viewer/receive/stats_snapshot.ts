/**
 * StatsSnapshot: the figures of one second of one connection, as the overlay shows them and benches
 * read them, with what the host reported of the path. Types only.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";
import type { Hitch } from "./hitch_detector.ts";

/** What the host says of the path to this viewer, and does about it. */
export type PathReportMessage = Extract<ServerMessage, { type: "path_report" }>;

/** What the overlay shows; durations in milliseconds, undefined where nothing was measured. */
export interface StatsSnapshot {
  readonly width: number;
  readonly height: number;
  readonly codec: string;
  readonly streamFps: number;
  readonly receivedFps: number;
  readonly decodedFps: number;
  readonly renderedFps: number;
  readonly bitrateBps: number;
  readonly hostMsMin: number | undefined;
  readonly hostMsMax: number | undefined;
  readonly hostMsMean: number | undefined;
  /** Shares of all frames, 0-1. */
  readonly networkDropShare: number;
  readonly jitterDropShare: number;
  readonly rttMs: number | undefined;
  readonly rttMsDeviation: number | undefined;
  readonly decodeMsMean: number | undefined;
  readonly queueMsMean: number | undefined;
  readonly renderMsMean: number | undefined;
  readonly captureToShownMsMean: number | undefined;
  readonly captureToShownMsMax: number | undefined;
  /** Frames in the decoder and before it. */
  readonly decodeQueue: number;
  /** Packets brought back a second, and their share of those that were lost, 0-1. */
  readonly recoveredPerSecond: number;
  readonly recoveredShare: number | undefined;
  /** Shares of the packets that were missing before and after repair, 0-1. */
  readonly lossBefore: number;
  readonly lossAfter: number;
  /** The host's newest word on the path; undefined when it says nothing. */
  readonly path: PathReportMessage | undefined;
  readonly hitch: Hitch | undefined;
  /** Time since the hitch ended. */
  readonly hitchAgeMs: number;
  readonly hitchesLastMinute: number;
  readonly encoder: string;
  readonly transport: string;
  readonly renderer: string;
}
