/**
 * Sender settings: what all viewers of a stream start with, from the options of the server: how fast
 * a sender begins and how fast it may become.
 */

import { MAX_REDUNDANCY } from "../../fec/redundancy.ts";
import type { SenderSettings } from "../../session/session_host.ts";

/** Before anything is known of a path, it is taken for one that carries this. */
export const START_BPS_MAX = 8_000_000;
/** The lowest target: below it there is no picture worth sending. */
export const TARGET_BPS_MIN = 300_000;

/** What the settings follow from. */
export interface SenderSettingsOptions {
  readonly bitrateBps: number;
  readonly fps: number;
  readonly controller: SenderSettings["controller"];
}

/** The settings of a stream's senders. */
export function senderSettings(options: SenderSettingsOptions): SenderSettings {
  const { bitrateBps, fps, controller } = options;
  // Repairs come out of the target: on a path that loses, the picture keeps its rate all the same.
  const maxBps = bitrateBps * (1 + MAX_REDUNDANCY / 2);
  const minBps = Math.min(TARGET_BPS_MIN, bitrateBps);
  const startBps = Math.min(maxBps, START_BPS_MAX);
  const limits = { startBps, minBps, maxBps };
  return { controller, limits, frameIntervalUs: 1e6 / fps, videoBpsMax: bitrateBps };
}
