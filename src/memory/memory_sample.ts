/**
 * MemorySample: what the host uses at one moment, both processes in one figure: resident bytes, the
 * JavaScript heaps, native allocations, and every owner of the ledger. A sample is a value; it holds
 * nothing that it measures.
 */

import { ledgerBytes, type MemoryOwnerStats } from "./memory_ledger.ts";

/** What the runtime and the kernel say of one process. */
export interface ProcessMemory {
  readonly rssBytes: number;
  /** Resident bytes with shared pages divided among those who share them; undefined: not known. */
  readonly pssBytes: number | undefined;
  readonly virtualBytes: number | undefined;
  /** Open file descriptors. */
  readonly descriptors: number | undefined;
  readonly heapUsedBytes: number;
  /** Bytes outside the heap that JavaScript objects hold; undefined where it is not told. */
  readonly externalBytes: number | undefined;
}

/** Live allocations of the native library. */
export interface NativeMemory {
  readonly bytes: number;
  readonly live: number;
}

/** What a sample is made of. */
export interface MemorySampleParts {
  /** Wall clock, milliseconds. */
  readonly timeMs: number;
  readonly server: ProcessMemory;
  /** Undefined while no media process runs or before it told. */
  readonly media: ProcessMemory | undefined;
  readonly native: NativeMemory;
  readonly owners: readonly MemoryOwnerStats[];
}

/** The memory of the host at one moment. */
export interface MemorySample extends MemorySampleParts {
  /** Resident bytes of both processes; pages that they share count twice. */
  readonly rssBytes: number;
  /** Resident bytes of both, shared pages once; undefined until the kernel has told of both. */
  readonly pssBytes: number | undefined;
  readonly descriptors: number | undefined;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  /** Bytes of all owners. */
  readonly ledgerBytes: number;
}

/** Sums the parts. */
export function memorySample(parts: MemorySampleParts): MemorySample {
  const { server, media, owners } = parts;
  return {
    ...parts,
    rssBytes: server.rssBytes + (media?.rssBytes ?? 0),
    pssBytes: both(server.pssBytes, media?.pssBytes),
    descriptors: both(server.descriptors, media?.descriptors),
    heapUsedBytes: server.heapUsedBytes + (media?.heapUsedBytes ?? 0),
    externalBytes: (server.externalBytes ?? 0) + (media?.externalBytes ?? 0),
    ledgerBytes: ledgerBytes(owners),
  };
}

function both(server: number | undefined, media: number | undefined): number | undefined {
  return server === undefined || media === undefined ? undefined : server + media;
}
