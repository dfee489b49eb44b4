/**
 * pageClock: one time base for the page and its workers: microseconds since the Unix epoch, moving
 * with `performance.now()`. Two threads of one page agree to the resolution of that clock (5 us when
 * the page is cross-origin isolated, else 100 us); the wall clock may differ from it.
 */

import type { Clock } from "../../src/core/clock.ts";

/** Microseconds since the epoch; an integer below 2^53. */
export const pageClock: Clock = {
  nowUs: () => Math.round((performance.timeOrigin + performance.now()) * 1000),
};
