/**
 * Memory statistics: bytes and live allocations of the native library by type, for the memory ledger.
 * What x264 and openh264 allocate themselves is computed from their configuration; memory inside Xlib
 * is not here.
 */

import { nativeLibrary } from "./library.ts";
import { checkStatus } from "./status.ts";

/** Types of native allocations, in the order of `wv_memory_type`. */
export const MEMORY_TYPES = [
  "output",
  "pool",
  "frame",
  "stream",
  "capture",
  "segment",
  "convert",
  "encoder",
  "encoder_library",
  "input",
  "sound",
  "clipboard",
] as const;

/** A type of native allocation. */
export type MemoryType = (typeof MEMORY_TYPES)[number];

/** Counters of one type. */
export interface MemoryTypeStats {
  /** Allocations not yet freed. */
  readonly live: number;
  /** Bytes not yet freed. */
  readonly liveBytes: number;
  /** Most bytes ever live. */
  readonly peakBytes: number;
  /** Allocations since the start. */
  readonly allocations: number;
}

/** Reads the counters of every type. */
export function nativeMemoryStats(): Record<MemoryType, MemoryTypeStats> {
  const values = new BigUint64Array(MEMORY_TYPES.length * 4);
  checkStatus("read native memory", nativeLibrary().wv_memory_stats(values));
  const at = (index: number): number => Number(values[index]);
  const entries = MEMORY_TYPES.map((type, index) =>
    [type, {
      live: at(index * 4),
      liveBytes: at(index * 4 + 1),
      peakBytes: at(index * 4 + 2),
      allocations: at(index * 4 + 3),
    }] as const
  );
  return Object.fromEntries(entries) as Record<MemoryType, MemoryTypeStats>;
}

/** Gives pages that the C library keeps for later back to the kernel. Rejects with NativeError. */
export async function releaseFreedMemory(): Promise<void> {
  checkStatus("release memory", await nativeLibrary().wv_memory_release());
}

/** Memory of a process as the kernel counts it; zeros where it does not tell. */
export interface KernelMemory {
  readonly rssBytes: number;
  /** Resident bytes with each shared page divided among those who share it. */
  readonly pssBytes: number;
  readonly virtualBytes: number;
  /** Open file descriptors. */
  readonly descriptors: number;
}

/** Asks the kernel for the memory of a process of this user. Rejects with NativeError. */
export async function kernelMemory(pid: number): Promise<KernelMemory> {
  const values = new BigUint64Array(4);
  const status = await nativeLibrary().wv_process_memory(pid, values);
  checkStatus(`read the memory of process ${pid}`, status);
  const at = (index: number): number => Number(values[index]);
  return { rssBytes: at(0), pssBytes: at(1), virtualBytes: at(2), descriptors: at(3) };
}
