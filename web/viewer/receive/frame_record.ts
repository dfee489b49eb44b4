/**
 * FrameRecord: what is known of one frame on its way through the viewer. Each step fills in its own
 * time; the record belongs to the frame and ends with it unless a measurement keeps it.
 */

import type { FrameTiming } from "../../../src/wire/frame.ts";
import type { Marker } from "../decode/marker_reader.ts";

/** What became of a frame that could be decoded. */
export type FrameOutcome =
  /** Still on its way. */
  | "pending"
  /** Drawn. */
  | "presented"
  /** A newer one was decoded before it could be drawn. */
  | "superseded"
  /** Decoded while a picture of the past was on the screen. */
  | "covered"
  /** Thrown away before the decoder, because too many waited for it. */
  | "skipped"
  /** The decoder failed or was set up anew before it came out. */
  | "lost";

/** One frame; times in microseconds of pageClock, 0 where it did not get that far. */
export interface FrameRecord {
  readonly frameId: number;
  /** Host's clock; whole once the clock offset is known, else modulo 2^32. */
  captureTimeUs: number;
  readonly bytes: number;
  readonly keyframe: boolean;
  readonly firstDatagramUs: number;
  readonly lastDatagramUs: number;
  /** Out of reorder and whole. */
  readonly readyUs: number;
  decodeSubmitUs: number;
  decodedUs: number;
  /** Drawing began. */
  drawUs: number;
  /** Drawing was handed to the browser's compositor. */
  presentedUs: number;
  outcome: FrameOutcome;
  /** Packets of it that repairs brought back; absent counts as 0. */
  readonly recovered?: number;
  /** The marker in the decoded picture; null when it could not be read, absent when not asked. */
  marker?: Marker | null;
  /** Shows the same marked content as the frame decoded before it. */
  repeated?: boolean;
  /** Drawn although two frame intervals or more had passed since it was decoded. */
  late?: boolean;
  /** Shown from the replay or a recording: its times begin in the player. */
  readonly isReplayed?: true;
  /** The host's part, joined by frame id. */
  host?: FrameTiming;
}
