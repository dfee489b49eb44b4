/**
 * MicrophoneMessages: what the page's half and the worker's half of the microphone say to each other,
 * and the audio thread to the worker.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";

/** How it is with this viewer's microphone on the host. */
export type MicrophoneState = Extract<ServerMessage, { type: "microphone_state" }>;

/** From the page. */
export type MicrophoneCommand =
  /** Samples come by `port` from now on: blocks of `MICROPHONE_FRAMES`. */
  | { readonly name: "microphone_on"; readonly port: MessagePort }
  /** The host is told unless it knows: who may not speak may not say so either. */
  | { readonly name: "microphone_off"; readonly tellsHost: boolean };

/** From the worker. */
export type MicrophoneEvent =
  | { readonly name: "microphone_state"; readonly state: MicrophoneState }
  /** This browser cannot encode it. */
  | { readonly name: "microphone_failed"; readonly reason: string };

/** Frames of a block, and of an Opus frame: 10 ms. */
export const MICROPHONE_FRAMES = 480;

/** From the audio thread to the worker: one channel. */
export type MicrophoneBlock = Float32Array<ArrayBuffer>;
