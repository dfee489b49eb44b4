/**
 * SoundMessages: what the page's half and the worker's half of sound say to each other, and what the
 * page tells a measurement. All come from the same build, so the types are the whole contract.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";
import type { SyncError } from "./lip_sync.ts";
import type { MicrophoneCommand, MicrophoneEvent } from "./microphone_messages.ts";
import type { RingMemory } from "./sample_ring.ts";
import type { ToneSample } from "./tone_meter.ts";

/** What sound the host has. */
export type SoundState = Extract<ServerMessage, { type: "sound_state" }>;

/** Where decoded sound goes. */
export interface SoundSink {
  readonly channels: 2 | 6;
  readonly frames: number;
  /** The ring, where page and worker may share memory. */
  readonly memory?: RingMemory;
  /** Else the way to it. */
  readonly port?: MessagePort;
}

/** From the page. */
export type SoundCommand =
  /** Asks the host for its sound and plays it there. */
  | { readonly name: "open"; readonly sink: SoundSink; readonly outputUs: number }
  /** What is handed to the device is heard after this time. */
  | { readonly name: "output"; readonly outputUs: number }
  /** Wants no more sound. */
  | { readonly name: "close" }
  | MicrophoneCommand;

/** From the worker. */
export type SoundEvent =
  | { readonly name: "state"; readonly state: SoundState }
  /** This browser cannot decode what comes. */
  | { readonly name: "failed"; readonly reason: string }
  | { readonly name: "stats"; readonly stats: SoundStats }
  | MicrophoneEvent;

/** Figures of the sound that plays; times in milliseconds, counts since it was opened. */
export interface SoundStats {
  /** From capture to the device's taking it; undefined while nothing plays. */
  readonly delayMs: number | undefined;
  readonly targetMs: number;
  /** What waits so that it plays without a hole. */
  readonly depthMs: number;
  /** How much later than the earliest 95 % of frames are ready. */
  readonly spreadMs: number;
  /** From the device's taking it to being heard. */
  readonly outputMs: number;
  readonly underruns: number;
  readonly missedMs: number;
  readonly gaps: number;
  readonly concealedMs: number;
  readonly recovered: number;
  readonly missing: number;
  readonly late: number;
  /** Times that sound was cut or held back to be in time again. */
  readonly jumps: number;
  readonly driftPpm: number;
  readonly sync: SyncError | undefined;
  readonly bitrateBps: number;
  readonly isShared: boolean;
  readonly channels: number;
}

/** What a measurement gets of the sound that was played. */
export interface SoundMeasurements {
  readonly tone: readonly ToneSample[];
  readonly stats: SoundStats | undefined;
  readonly outputUs: number;
  /** The page's clock less the wall clock that the tone's samples have, in microseconds. */
  readonly wallOffsetUs: number;
}

/** An element that can be measured; SoundPage gives it these. */
export interface MeasuredSound {
  startSoundMeasurement(): void;
  takeSoundMeasurements(): SoundMeasurements;
}
