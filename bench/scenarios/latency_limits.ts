/**
 * Latency limits: the figures that a run on the reference machine must keep, by size and content.
 * They hold for 60 frames a second; other runs are reported without these checks.
 */

import type { Content } from "../measure/x_screen.ts";

/** Milliseconds from the start of the grab to the decoded picture. */
export interface LatencyLimit {
  readonly p50: number;
  readonly p99: number;
}

/** Limits of capture -> decoded in milliseconds, by size and content. */
export const LATENCY_LIMITS: Readonly<
  Record<string, Readonly<Partial<Record<Content, LatencyLimit>>>>
> = {
  "1280x720": { scroll: { p50: 3.3, p99: 5.8 }, game: { p50: 3.8, p99: 7.0 } },
  "1920x1080": { scroll: { p50: 5.0, p99: 8.0 }, game: { p50: 7.3, p99: 12.5 } },
};

/** Most processor time of both processes with a still screen and one viewer, % of one core. */
export const IDLE_CPU_LIMIT = 1;
/** Total p50 against the sum of the raw stages' p50. */
export const TOTAL_RATIO_LIMIT = 1.3;
/** Processor time of capture, convert and encode per frame against the bare loop's. */
export const CPU_RATIO_LIMIT = 1.15;
