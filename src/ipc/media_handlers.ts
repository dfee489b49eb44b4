/**
 * MediaHandlers: what the server process is told of the media process: frames, cursors, and what
 * became of streams and of the process itself. All are called straight from the read of the pipe,
 * in the order of the pipe, and must not wait.
 */

import type { EncodedFrame, FrameTiming } from "../wire/frame.ts";
import type { TemporalLayers } from "./media_command.ts";
import type { MediaMessage, MediaStats } from "./media_message.ts";
import type { MediaSound, MediaSoundState } from "./sound_record.ts";

/** A frame with where its time went; `payload` is valid only during the call. */
export interface MediaFrame extends EncodedFrame, Omit<FrameTiming, "sendUs"> {
  /** Size of the encoded picture in pixels. */
  readonly width: number;
  readonly height: number;
  /** The screen had not changed: the same picture once more, sharper or as a keyframe. */
  readonly isUnchanged: boolean;
  /** Changes of the screen since the frame before that were not encoded: newest wins. */
  readonly droppedFrames: number;
}

/** The pointer's image; `rgba` is valid only during the call, and empty when only `visible` changed. */
export interface MediaCursor {
  readonly streamId: number;
  readonly serial: number;
  readonly visible: boolean;
  readonly width: number;
  readonly height: number;
  readonly hotspotX: number;
  readonly hotspotY: number;
  /** Pixels of the screen that one of the image stands for, each way. */
  readonly shrunk: number;
  /** RGBA, 8 bits each, not premultiplied. */
  readonly rgba: Uint8Array;
}

/** Where the pointer of a stream's screen is. */
export interface MediaPointer {
  readonly streamId: number;
  /** 0-65,535 of the picture. */
  readonly x: number;
  readonly y: number;
  /** False while it is elsewhere on the screen. */
  readonly isInside: boolean;
}

/** A stream captures, or goes on with pictures of another size; its next frame is a keyframe. */
export interface StreamStarted {
  readonly streamId: number;
  /** Size of the encoded pictures. */
  readonly width: number;
  readonly height: number;
  /** Size of what is captured, which positions of the pointer and its image refer to. */
  readonly screenWidth: number;
  readonly screenHeight: number;
  /** Layers that this encoder can make. */
  readonly temporalLayersMax: TemporalLayers;
  readonly fps: number;
  readonly encoder: string;
  /** How it is captured: pattern, x11-shm, xvfb-framebuffer. */
  readonly capture: string;
  /** RFC 6381 codec string. */
  readonly codec: string;
}

/** A stream could not start, or ended by a fault; the process lives and can start it again. */
export interface StreamFailed {
  readonly streamId: number;
  /** display_lost, size_changed, unavailable, unsupported, out_of_memory, invalid or failed. */
  readonly reason: string;
  readonly message: string;
}

/** What the media process is doing. */
export type MediaState = "starting" | "running" | "restarting" | "failed";

/** Where the news go. */
export interface MediaHandlers {
  frame(frame: MediaFrame): void;
  cursor(cursor: MediaCursor): void;
  /** The pointer is elsewhere; also about once a second. */
  pointer?(pointer: MediaPointer): void;
  sound?(sound: MediaSound): void;
  soundState?(state: MediaSoundState): void;
  started(started: StreamStarted): void;
  failed(failed: StreamFailed): void;
  /** `reason` is for people. */
  stateChanged(state: MediaState, reason: string): void;
  /** What is not about a stream's picture: for the host's other capabilities. */
  message?(message: MediaMessage): void;
  /** About once a second. */
  stats(stats: MediaStats): void;
}
