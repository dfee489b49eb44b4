/**
 * Delivery limits: what delivering recordings may hold, in one place, so that the sum can be read
 * before the host starts. A body that nobody reads makes the runtime hold `bodyBytes`, measured.
 */

import type { SegmentCacheLimits } from "./segment_cache.ts";

/** Kinds of answers with a body. */
export const DELIVERY_KINDS = ["whole", "range", "multipart"] as const;

/** Kind of an answer with a body. */
export type DeliveryKind = (typeof DELIVERY_KINDS)[number];

/** Longest segments, in bytes, by the number of bodies: few go fast, many stay small. */
const SEGMENT_BYTES = [
  { bodies: 4, bytes: 256 * 1024 },
  { bodies: 16, bytes: 128 * 1024 },
] as const;
const SEGMENT_BYTES_MIN = 64 * 1024;

/** Every limit of delivery. */
export const DELIVERY_LIMITS = {
  cache: { bytes: 4 * 1024 * 1024, entries: 256, lifetimeUs: 30_000_000 } as SegmentCacheLimits,
  /** What all bodies together may make the runtime hold. */
  budgetBytes: 12 * 1024 * 1024,
  /** What one may: 320 kB were measured for a reader that takes nothing of segments of 64 KiB. */
  bodyBytes: 384 * 1024,
  /** Beside that, whatever its length: request, stream and connection, 43 kB measured. */
  requestBytes: 48 * 1024,
  /** A reader that takes nothing for this long is ended. */
  stalledUs: 300_000_000,
  /** The same while others wait for its place. */
  stalledWhenFullUs: 5_000_000,
  /**
   * While others wait, the place of a body that has ended goes on after this long, though the runtime
   * still holds its last bytes for a reader that takes nothing: as many as the budget again, no more.
   */
  leavingWhenFullUs: 2_000_000,
  /** Bodies read one segment ahead while there are so few. */
  readAheadBodies: 4,
  /**
   * With more bodies than this, a connection ends with its answer: the runtime keeps the send buffer of
   * an idle connection as large as it ever was.
   */
  keepAliveBodies: 4,
  retryAfterSeconds: 1,
} as const;

/** Bytes of a segment when there are `bodies`. */
export function segmentBytesFor(bodies: number): number {
  return SEGMENT_BYTES.find((step) => bodies <= step.bodies)?.bytes ?? SEGMENT_BYTES_MIN;
}
