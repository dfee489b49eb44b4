/**
 * SessionHost: what a session may ask of the server around it. The session sees streams and their
 * frames, never a device, a process or another session.
 */

import type { MediaSender, MediaSenderOptions } from "../pipeline/media_sender.ts";
import type { StreamName } from "../wire/control.ts";
import type { FrameViewer } from "./frame_viewer.ts";
import type { HostFrameSink } from "./host_frame.ts";
import type { SessionFeatureFactory } from "./session_feature.ts";

export type { HostFrame, HostFrameSink } from "./host_frame.ts";

/** How a stream is to be sent: what of a sender is the same for all viewers. */
export type SenderSettings = Required<
  Pick<MediaSenderOptions, "controller" | "limits" | "frameIntervalUs" | "videoBpsMax">
>;

/** What the encoder of a stream is asked for now. */
export interface PictureRate {
  /** Frames a second. */
  readonly fps: number;
  /** Share of the full width and height. */
  readonly scale: number;
}

/** The streams of one server, as a session sees them. */
export interface SessionHost {
  /** What a session can do beside picture and input. */
  readonly features: readonly SessionFeatureFactory[];
  /** The stream of that name or id, or the usual one; undefined when there is no such stream. */
  findStream(nameOrId: string | undefined): number | undefined;
  /** What streams there are. */
  readonly streamNames: readonly StreamName[];
  /** Framed server messages that a new viewer needs: names, catalog, state of each stream. */
  greeting(): Uint8Array[];
  /** How a stream is to be sent, or undefined when there is no such stream. */
  senderSettings(streamId: number): SenderSettings | undefined;
  /** What the encoder of a stream is asked for. */
  pictureRate(streamId: number): PictureRate;
  /**
   * Attaches a viewer's sender, or a viewer who is sent frames, to a stream, which starts capture when
   * it is the first, and asks for a keyframe. `onFrame` hears of each frame after it was given to them.
   * Returns what detaches both, or undefined when there is no such stream or no room.
   */
  attach(
    streamId: number,
    sender: MediaSender | FrameViewer,
    onFrame: HostFrameSink,
  ): (() => void) | undefined;
  /** The pointer's image of a stream as a framed message; undefined while there is none. */
  cursor(streamId: number): Uint8Array | undefined;
  /** Asks for a keyframe; requests of several viewers become one. */
  requestKeyframe(streamId: number): void;
  /** Frames from `firstLostFrameId` on never arrived: the encoder must not reference them. */
  invalidate(streamId: number, firstLostFrameId: number): void;
  /** Gives 20-byte input records to the device of a stream; they are copied. */
  sendInput(streamId: number, records: Uint8Array): void;
  /** The host's monotonic time, which `captureTimeUs` counts, for a time of the server's clock. */
  hostTimeUs(nowUs: number): number | undefined;
}
