/**
 * SessionHost: what a session may ask of the server around it. The session sees streams and their
 * frames, never a device, a process or another session.
 */

import type { EncodedFrame, FrameTiming } from "../wire/frame.ts";

/** A frame with where its time went; `sendUs` is the session's own to fill in. */
export type HostFrame = EncodedFrame & Omit<FrameTiming, "sendUs">;

/** Takes frames as they come; the payload is valid only during the call. */
export type HostFrameSink = (frame: HostFrame, nowUs: number) => void;

/** The streams of one server, as a session sees them. */
export interface SessionHost {
  /** Framed server messages that a new viewer needs: catalog, state of each stream, cursor. */
  greeting(): Uint8Array[];
  /**
   * Attaches a sink to a stream, which starts capture when it is the first, and asks for a
   * keyframe. Returns what detaches it, or undefined when there is no such stream or no room.
   */
  attach(streamId: number, sink: HostFrameSink): (() => void) | undefined;
  /** Asks for a keyframe; requests of several viewers become one. */
  requestKeyframe(streamId: number): void;
  /** Frames from `firstLostFrameId` on never arrived: the encoder must not reference them. */
  invalidate(streamId: number, firstLostFrameId: number): void;
  /** Gives 20-byte input records to the device of a stream; they are copied. */
  sendInput(streamId: number, records: Uint8Array): void;
  /** The host's monotonic time, which `captureTimeUs` counts, for a time of the server's clock. */
  hostTimeUs(nowUs: number): number | undefined;
}
