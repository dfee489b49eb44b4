/**
 * Path words: what the host's path report means, in the words of the overlay and of the notice that
 * the page shows. Words only.
 */

import type { FrameLayers, RepairRung } from "../../../src/wire/control.ts";
import type { NetworkNotice } from "../receive/path_notice.ts";
import type { PathReportMessage } from "../receive/stats_snapshot.ts";

/** Packets that wait this long are felt. */
const QUEUE_US_FELT = 30_000;
/** Loss below it is noise of the path. */
const LOSS_SHOWN = 0.002;

/** What each rung of the ladder does. */
export const RUNG_WORDS: Readonly<Record<RepairRung, string>> = {
  none: "not needed",
  repairs: "sent along with frames",
  reactive: "sent on request",
  reference: "older frame as reference",
  keyframe: "keyframe",
  rate: "lower rate",
};

/** Which frames are sent. */
export const LAYER_WORDS: Readonly<Record<FrameLayers, string>> = {
  all: "all frames",
  base: "every other frame",
  keyframes: "keyframes only",
};

/** What the page says of a poor network. */
export const NOTICE_WORDS: Readonly<Record<NetworkNotice, string>> = {
  repairing: "Poor network: picture is being repaired",
  slow: "Slow network: fewer frames",
};

/** The path in a word, and whether it is good; `lossAfter` is the share that nothing brought back. */
export function connectionWords(
  path: PathReportMessage,
  lossAfter: number,
): { readonly isGood: boolean; readonly text: string } {
  if (path.layers !== "all" || path.rung === "rate") return poor("slow, fewer frames are sent");
  if (path.rung === "keyframe" || path.rung === "reference") {
    return poor("poor, the picture is being repaired");
  }
  if (path.queueDelayUs >= QUEUE_US_FELT) return poor("busy, packets wait");
  if (lossAfter >= LOSS_SHOWN) return poor("losses, not all repaired");
  if (path.loss >= LOSS_SHOWN) return { isGood: true, text: "losses, repaired as they come" };
  return { isGood: true, text: "good" };
}

function poor(text: string): { readonly isGood: boolean; readonly text: string } {
  return { isGood: false, text };
}
