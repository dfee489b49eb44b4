/**
 * Delivery stats: what delivering recordings holds and has done, as figures; and those who keep the
 * counts that no part of it keeps by itself.
 */

import type { DeliveryAdmissionStats } from "./delivery_admission.ts";
import type { BodyEnd } from "./delivery_body.ts";
import { DELIVERY_KINDS, type DeliveryKind } from "./delivery_limits.ts";
import type { SegmentCacheStats } from "./segment_cache.ts";
import type { SegmentReaderStats } from "./segment_reader.ts";

/** Counts of answers. */
export interface DeliveryCounts {
  /** Requests for a file that is there. */
  requests: number;
  /** Answered 503. */
  refusals: number;
  /** Bodies that were begun. */
  bodies: number;
  /** Ended because nobody took anything. */
  stalled: number;
  /** Bytes of bodies that have ended. */
  bytes: number;
  /** Bodies by how they ended. */
  readonly ends: Record<BodyEnd, number>;
  /** Bytes that the bodies of now may make the runtime hold, by kind of answer. */
  readonly heldBytes: Record<DeliveryKind, number>;
}

/** All figures. */
export interface DeliveryStats extends Readonly<DeliveryCounts> {
  readonly activeStreams: number;
  readonly budgetBytes: number;
  readonly bookedBytes: number;
  /** What the runtime still holds for readers whose places went on. */
  readonly overdueBytes: number;
  /** Requests that wait for a place. */
  readonly queueDepth: number;
  readonly admission: Readonly<DeliveryAdmissionStats>;
  readonly reader: Readonly<SegmentReaderStats>;
  readonly readsUnderWay: number;
  readonly readsWaiting: number;
  readonly readsMax: number;
  readonly flights: number;
  readonly cache: Readonly<SegmentCacheStats>;
  readonly cacheEntries: number;
  readonly cacheBytes: number;
  readonly isCacheFull: boolean;
  readonly openFiles: number;
}

/** Keeps the counts. */
export class DeliveryCounters {
  readonly stats: DeliveryCounts = {
    ...{ requests: 0, refusals: 0, bodies: 0, stalled: 0, bytes: 0 },
    ends: { complete: 0, cancelled: 0, failed: 0, closed: 0 },
    heldBytes: { whole: 0, range: 0, multipart: 0 },
  };

  requested(): void {
    this.stats.requests++;
  }

  refused(): void {
    this.stats.refusals++;
  }

  stalled(): void {
    this.stats.stalled++;
  }

  /** A body began that may make the runtime hold `bytes`. */
  opened(kind: DeliveryKind, bytes: number): void {
    this.stats.bodies++;
    this.stats.heldBytes[kind] += bytes;
  }

  /** The runtime holds nothing of it any more. */
  left(kind: DeliveryKind, bytes: number): void {
    this.stats.heldBytes[kind] -= bytes;
  }

  /** A body of ours ended. */
  ended(end: BodyEnd, bytes: number): void {
    this.stats.ends[end]++;
    this.stats.bytes += bytes;
  }
}

/** Kinds and their held bytes, for those who publish them. */
export function heldByKind({ heldBytes }: DeliveryStats): [DeliveryKind, number][] {
  return DELIVERY_KINDS.map((kind) => [kind, heldBytes[kind]]);
}
