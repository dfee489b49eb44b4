/**
 * Monotonic clock of the host: the time base of every record of the native library, which Deno's own
 * clocks do not share.
 */

import { nativeLibrary } from "./library.ts";

/** CLOCK_MONOTONIC in microseconds, an integer below 2^53. */
export function monotonicUs(): number {
  return Number(nativeLibrary().wv_monotonic_us());
}
