/** HostFrame: an encoded frame as the server process hands it to its viewers. Types only. */

import type { EncodedFrame, FrameTiming } from "../wire/frame.ts";

/** A frame with where its time went; `sendUs` is the session's own to fill in. */
export type HostFrame = EncodedFrame & Omit<FrameTiming, "sendUs">;

/** Takes frames as they come; the payload is valid only during the call. */
export type HostFrameSink = (frame: HostFrame, nowUs: number) => void;
