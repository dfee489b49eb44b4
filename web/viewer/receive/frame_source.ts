/**
 * FrameSource: where a player's frames come from when the path delivers access units instead of our
 * packets. Types only: the bundle that implements them is loaded with the first such path.
 */

import type { Connection } from "../../../src/transport/connection.ts";
import type { MediaReceiver } from "../../../src/pipeline/media_receiver.ts";

/** The receiving steps of one stream, as a player joins them: MediaReceiver, or its like for frames. */
export type FrameReceiver = Pick<
  MediaReceiver,
  | "stats"
  | "takeReorderPeak"
  | "deadline"
  | "push"
  | "pull"
  | "pullFeedback"
  | "noteDamage"
  | "noteDecodeQueue"
  | "notePresented"
>;

/** Access units of all streams of one connection. */
export interface FrameSource {
  /**
   * Opens the receiver of a stream, in the place of an earlier one; `arrived` hears of each access unit
   * after the receiver took it.
   */
  open(streamId: number, arrived: (nowUs: number) => void): FrameReceiver;
}

/** A connection whose pictures come as access units. */
export interface FramedConnection extends Connection {
  readonly frames: FrameSource;
}
