/**
 * PastEvent: what the player of the past tells those who play its sound, in the same worker. Types
 * only; times in microseconds, those of capture by the host's clock.
 */

import type { StreamedSound } from "../../../src/wire/frame_stream.ts";

/** One word of the player. */
export type PastEvent =
  /** The past is shown, and nothing of it is to be heard. */
  | { readonly name: "rest" }
  /**
   * It plays as fast as it was: what was captured at a time is due at that time and `delayUs` by the
   * page's clock. What was given before is not to be heard any more.
   */
  | { readonly name: "play"; readonly delayUs: number }
  /** What is to be heard next, before it is due; valid for ever. */
  | { readonly name: "sound"; readonly sound: StreamedSound; readonly payload: Uint8Array }
  /** A picture was drawn that was due since the last "play". */
  | { readonly name: "seen"; readonly captureTimeUs: number; readonly presentedUs: number }
  /** The present is shown again. */
  | { readonly name: "live" };
