/**
 * FrameViewer: a viewer who is sent whole frames instead of our packets: whoever carries them cuts and
 * paces them, and knows its path. What a Stream attaches beside its MediaSenders. Types only.
 */

import type { MediaSenderStats, SenderReport } from "../pipeline/sender_report.ts";
import type { IncomingConnection } from "../transport/connection.ts";
import type { FrameLayers } from "../wire/control.ts";
import type { HostFrame } from "./host_frame.ts";

/** What a stream needs of such a viewer. */
export interface FrameViewer {
  /** What the path allows for the picture, bits a second. */
  readonly videoBps: number;
  /** Share of the full frame rate that the path carries smoothly. */
  readonly frameRateShare: number;
  /** Which frames the viewer gets; a change takes effect at a frame that it can decode. */
  layers: FrameLayers;
  /** Takes a frame or drops it whole; the payload is valid only during the call. */
  push(frame: HostFrame, nowUs: number): void;
}

/** One stream on its way to a viewer over a connection that carries frames. */
export interface ConnectionFrames extends FrameViewer {
  /** In the words of a sender of packets. */
  readonly stats: MediaSenderStats;
  /** Newest frame that was taken; 0 before the first. */
  readonly lastFrameId: number;
  /** The path takes nothing for now. */
  readonly isSilent: boolean;
  /** Of what the path allows: the rest is for other streams of the same viewer. 0 to 1. */
  share: number;
  /** How the path is; the rate counts from the last call on. */
  pathReport(nowUs: number): SenderReport;
  /** The viewer watches no longer. */
  close(): void;
}

/** A connection whose pictures go as frames, beside its streams and datagrams. */
export interface FramedConnection extends IncomingConnection {
  /** Begins with a stream; `keyframeNeeded` hears when the viewer can go on with nothing else. */
  openFrames(streamId: number, keyframeNeeded: () => void): ConnectionFrames;
}

/** True for a connection that carries frames. */
export function carriesFrames(connection: object): connection is FramedConnection {
  return "openFrames" in connection;
}
