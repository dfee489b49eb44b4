/**
 * SegmentLeases: which segments of a replay a reader is on. A lease ends by itself when its reader took
 * nothing for `LEASE_US`; at most `LEASES_MAX`.
 */

import type { StreamDescription } from "../wire/codec.ts";

/** A reader that took nothing for this long no longer holds its segment. */
export const LEASE_US = 5_000_000;
/** Most leases; who comes later reads without one. */
export const LEASES_MAX = 64;

/** A part of the replay that is decodable from its first frame on. */
export interface ReplaySegment {
  readonly firstSerial: number;
  readonly startUs: number;
  /** What a decoder must know of its frames. */
  readonly description: StreamDescription;
}

/** Keeps one segment from going for its age until `untilUs`; give it back. */
export interface SegmentLease {
  readonly segment: ReplaySegment;
  untilUs: number;
}

/** The leases of one replay. */
export class SegmentLeases {
  readonly #leases = new Set<SegmentLease>();

  /** Leases that were not given back, run out or not. */
  get size(): number {
    return this.#leases.size;
  }

  /** A lease on `segment`; undefined when there are too many. */
  grant(segment: ReplaySegment, nowUs: number): SegmentLease | undefined {
    for (const lease of this.#leases) if (lease.untilUs <= nowUs) this.#leases.delete(lease);
    if (this.#leases.size >= LEASES_MAX) return undefined;
    const lease = { segment, untilUs: nowUs + LEASE_US };
    this.#leases.add(lease);
    return lease;
  }

  /** Gives a lease back; idempotent. */
  release(lease: SegmentLease): void {
    this.#leases.delete(lease);
  }

  /** True while a reader is on `segment`. */
  isHeld(segment: ReplaySegment, nowUs: number): boolean {
    for (const lease of this.#leases) {
      if (lease.segment === segment && lease.untilUs > nowUs) return true;
    }
    return false;
  }

  /** The segment has gone: ends its leases and returns how many had time left. */
  revoke(segment: ReplaySegment, nowUs: number): number {
    let revoked = 0;
    for (const lease of this.#leases) {
      if (lease.segment !== segment) continue;
      this.#leases.delete(lease);
      if (lease.untilUs > nowUs) revoked++;
    }
    return revoked;
  }
}
