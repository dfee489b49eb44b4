/**
 * Move messages: what control messages say when a viewer's session goes on over another connection:
 * the new one takes the place of the old one, whose keys are raised before the new one's input counts.
 */

import * as schema from "../core/schema.ts";

const sessionId = schema.text(64);

/** Messages that a viewer sends. */
export const moveClientMessages = {
  /** Ends another session of the same browser, which this one follows. */
  take_over: { sessionId },
} as const;

/** Messages that the server sends. */
export const moveServerMessages = {
  /** That session is over, and nothing of it is held down any more. */
  taken_over: { sessionId },
} as const;
