/**
 * Stream options: what a stream is made of and whom it talks to: the media process below it, viewers
 * above it, and who takes its frames for good. Types alone.
 */

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { EncoderRate, KeyframeCause } from "../../ipc/media_command.ts";
import type { HostFrame, SenderSettings } from "../../session/session_host.ts";
import type { StreamDescription } from "../../wire/codec.ts";
import type { StreamSound } from "../sound/stream_sound.ts";
import type { StreamReplay } from "../timeline/stream_replay.ts";

/** What a stream asks of the media process. */
export interface StreamPort {
  start(streamId: number): void;
  stop(streamId: number): void;
  requestKeyframe(streamId: number, cause: KeyframeCause): void;
  setRate(streamId: number, rate: EncoderRate): void;
  invalidate(streamId: number, firstLostFrameId: number): void;
  sendInput(streamId: number, records: Uint8Array): void;
}

/** Takes every frame of a stream for something that outlives it. */
export interface FrameRecorder {
  /** What a decoder must know of the frames that follow; they begin with a keyframe. */
  describe(description: StreamDescription): void;
  /** Takes a frame at once; its payload is valid only during the call. */
  push(frame: HostFrame, nowUs: number): void;
}

/** What a stream is made of. */
export interface StreamOptions {
  readonly id: number;
  readonly name: string;
  /** Rate and frames a second at best. */
  readonly bitrateBps: number;
  readonly fps: number;
  readonly controller: SenderSettings["controller"];
  readonly keepWarmMs: number;
  /** Default: three seconds. */
  readonly warmUpMs?: number;
  readonly port: StreamPort;
  /** Sound of its own, of a stream that somebody publishes; default: the host's. */
  readonly sound?: StreamSound;
  readonly clock: Clock;
  readonly log: Logger;
  /** Makes its replay; default: none. */
  readonly makeReplay?: (id: number, onSegmentDue: () => void) => StreamReplay | undefined;
  /** Sends a framed message to every viewer, whatever it watches. */
  readonly broadcast: (framed: Uint8Array) => void;
  /** Sends one to those who watch this stream; with `replaces` only the newest of that name counts. */
  readonly tell: (framed: Uint8Array, replaces?: string) => void;
  /** What `description` says has changed. */
  readonly onDescribed: () => void;
  /** The device was lost with the media process: what viewers hold down must be raised anew. */
  readonly onDeviceLost: () => void;
}
