/**
 * KeyframeRequests: which requests for a keyframe of one stream go to the media process: one that is on
 * its way serves all that could wait as long as it may. It keeps two facts.
 */

import type { KeyframeCause } from "../../ipc/media_command.ts";

/** A keyframe that was asked for is on its way; asking again sooner would only make two. */
const PATIENCE_US = 500_000;
/**
 * What was asked for damage may be put off for seconds, and a segment waits for the screen to change:
 * who needs a keyframe sooner must not wait for that one.
 */
const URGENCY: Readonly<Record<KeyframeCause, number>> = { segment: 0, damage: 1, join: 2 };

/** Joins the requests for one stream. */
export class KeyframeRequests {
  #askedUs: number | undefined;
  #cause: KeyframeCause = "join";

  /** True when a request is to be passed on; false when one that is under way serves it. */
  ask(cause: KeyframeCause, nowUs: number): boolean {
    const isUnderWay = this.#askedUs !== undefined && nowUs - this.#askedUs < PATIENCE_US;
    if (isUnderWay && URGENCY[cause] <= URGENCY[this.#cause]) return false;
    this.#askedUs = nowUs;
    this.#cause = cause;
    return true;
  }

  /** A keyframe came, or whoever was asked has gone. */
  settle(): void {
    this.#askedUs = undefined;
  }
}
