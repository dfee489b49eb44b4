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

/** What a stream that somebody publishes has of its own. */
export interface PublishedSource {
  readonly sound: StreamSound;
  /** What is told of it. */
  report(): PublishedReport;
}

/** What is told of a published stream. */
export interface PublishedReport {
  readonly phase: "live" | "waiting" | "ended";
  /** Who publishes, what, and how it comes; for people. */
  readonly by: string;
  readonly kind: string;
  readonly via: string;
  /** Why frames are refused now; empty while they are taken. */
  readonly reason: string;
  readonly framesRefused: number;
  readonly framesWithoutKeyframe: number;
  /** What the producer says of itself and of its path; absent where it says nothing. */
  readonly framesDropped?: number | undefined;
  readonly score?: number | undefined;
  readonly packetsLost?: number | undefined;
  readonly packetsRecovered?: number | undefined;
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
  /** Of a stream that somebody publishes: the media process has no part in it. */
  readonly published?: PublishedSource;
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
