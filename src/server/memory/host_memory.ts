/**
 * HostMemory: the memory of both processes in one sample: what the runtime tells of this one, what the
 * media process told of itself last, and the ledger that all owners are in. It reads figures that
 * their owners keep anyway.
 */

import type { Logger } from "../../core/log.ts";
import type { KernelMemoryCounters, MediaStats } from "../../ipc/media_message.ts";
import { MemoryLedger, type MemoryOwner, type MemoryReading } from "../../memory/memory_ledger.ts";
import { type MemorySample, memorySample } from "../../memory/memory_sample.ts";
import type { QueuedDatagrams } from "../../transport/quic/quic_listener.ts";

/** Where the figures come from; each is asked for every sample. */
export interface HostMemorySources {
  /** What the media process said last; undefined while there is none. */
  readonly media: () => MediaStats | undefined;
  /** Bytes of the pipes to it. */
  readonly pipeBytes: () => number;
  readonly queuedDatagrams: () => QueuedDatagrams;
  /** Bytes of the coding rings of all groups, and how many there are. */
  readonly codingRings: () => MemoryReading;
  /** Bytes of the rings of all senders, and how many there are. */
  readonly senderRings: () => MemoryReading;
  /** Bytes of control messages that wait for all viewers. */
  readonly queuedControlBytes: () => number;
}

/** Owner of each type of native allocation; what has no row is `native`. */
const NATIVE_OWNERS: Readonly<Record<string, MemoryOwner>> = {
  frame: "staging",
  pool: "staging",
  encoder: "encoder",
  encoder_library: "encoder",
};
/** Largest datagram of today's paths: the queues count datagrams, not bytes. */
const DATAGRAM_BYTES = 1500;

/** Takes samples. */
export class HostMemory {
  readonly ledger: MemoryLedger;
  readonly #sources: HostMemorySources;

  constructor(log: Logger, sources: HostMemorySources) {
    this.#sources = sources;
    this.ledger = new MemoryLedger(({ owner, bytes }) => {
      log.error("A buffer was never given back", { owner, bytes });
    });
    this.ledger.watch("ipc", () => ({ currentBytes: sources.pipeBytes() }));
    this.ledger.watch("control", () => ({ currentBytes: sources.queuedControlBytes() }));
    this.ledger.watch("fec", sources.codingRings);
    this.ledger.watch("packet", sources.senderRings);
    this.ledger.watch("send_queue", () => datagrams(sources.queuedDatagrams().outstanding));
    this.ledger.watch("receive_queue", () => datagrams(sources.queuedDatagrams().unread));
    for (const owner of ["staging", "encoder", "native"] as const) {
      this.ledger.watch(owner, () => nativeReading(sources.media(), owner));
    }
  }

  /** The memory of this moment. */
  sample(): MemorySample {
    const media = this.#sources.media();
    const { rss, heapUsed, external } = Deno.memoryUsage();
    return memorySample({
      timeMs: Date.now(),
      server: {
        rssBytes: rss,
        ...kernelFigures(media?.kernel.server),
        heapUsedBytes: heapUsed,
        externalBytes: external,
      },
      media: media === undefined ? undefined : {
        rssBytes: media.rssBytes,
        ...kernelFigures(media.kernel.media),
        heapUsedBytes: media.heapUsedBytes,
        externalBytes: media.externalBytes,
      },
      native: {
        bytes: sum(media?.native, ({ liveBytes }) => liveBytes),
        live: sum(media?.native, ({ live }) => live),
      },
      owners: this.ledger.snapshot(),
    });
  }
}

/** What the kernel told; zeros stand for what it did not tell. */
function kernelFigures(counters: KernelMemoryCounters | undefined) {
  return {
    pssBytes: counters?.pssBytes || undefined,
    virtualBytes: counters?.virtualBytes || undefined,
    descriptors: counters?.descriptors || undefined,
  };
}

function datagrams(count: number): MemoryReading {
  return { currentBytes: count * DATAGRAM_BYTES, live: count };
}

function nativeReading(media: MediaStats | undefined, owner: MemoryOwner): MemoryReading {
  const types = (media?.native ?? []).filter(({ type }) => ownerOf(type) === owner);
  const reading = {
    currentBytes: sum(types, ({ liveBytes }) => liveBytes),
    peakBytes: sum(types, ({ peakBytes }) => peakBytes),
    live: sum(types, ({ live }) => live),
  };
  if (owner === "encoder" && media !== undefined) {
    const { created, reused, reconfigured } = media.encoders;
    return { ...reading, allocations: created, reuses: reused + reconfigured };
  }
  if (owner !== "staging") return reading;
  const pools = (media?.streams ?? []).map(({ pool }) => pool);
  const reuses = sum(pools, ({ leases, reuseRatio }) => Math.round(leases * reuseRatio));
  return { ...reading, allocations: sum(pools, ({ leases }) => leases) - reuses, reuses };
}

function ownerOf(type: string): MemoryOwner {
  return Object.hasOwn(NATIVE_OWNERS, type) ? NATIVE_OWNERS[type] ?? "native" : "native";
}

function sum<T>(list: readonly T[] | undefined, read: (entry: T) => number): number {
  return (list ?? []).reduce((total, entry) => total + read(entry), 0);
}
