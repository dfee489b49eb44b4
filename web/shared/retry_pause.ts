/**
 * Retry pause: how long a page waits before it dials a host again. Pauses double up to a limit and
 * vary, so that the viewers and publishers of one host do not come back all at once.
 */

/** First pause before another try. */
export const RETRY_MS_MIN = 250;
/** Longest pause; it doubles up to here. */
export const RETRY_MS_MAX = 5000;
/** Pauses vary by this share. */
const JITTER = 0.25;

/** The pause before the try after try `attempt`, which counts from 1; `random` is 0 to 1. */
export function retryPauseMs(attempt: number, random: number): number {
  const pauseMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.max(0, attempt - 1));
  return pauseMs * (1 + JITTER * (2 * random - 1));
}
