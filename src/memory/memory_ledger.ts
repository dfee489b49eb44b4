/**
 * MemoryLedger: who holds how many bytes, by owner. An owner either books its buffers in an account as
 * they come and go, or lets the ledger read a figure that it has anyway, which costs nothing on a hot
 * path. It knows at most the owners of `MEMORY_OWNERS` and `MAX_WATCHES` figures.
 */

import { CapacityError } from "../core/errors.ts";

/** Every owner that there can be, in the order of the sentence and then the rest of the host. */
export const MEMORY_OWNERS = [
  "staging",
  "encoder",
  "packet",
  "fec",
  "reorder",
  "send_queue",
  "receive_queue",
  "control",
  "replay",
  "recording_cache",
  "files",
  "audio",
  "clipboard",
  "ipc",
  "pages",
  "dashboard",
  "native",
] as const;

/** An owner of memory. */
export type MemoryOwner = (typeof MEMORY_OWNERS)[number];

/** Figures that the ledger may read: a few for each viewer of a full server. */
export const MAX_WATCHES = 1024;

/** What an owner says of itself when the ledger asks. */
export interface MemoryReading {
  readonly currentBytes: number;
  /** Most bytes ever, where the owner counts it; else the ledger keeps the most it saw. */
  readonly peakBytes?: number;
  /** Allocations not yet given back. */
  readonly live?: number;
  readonly allocations?: number;
  /** Uses that an allocation of before served. */
  readonly reuses?: number;
}

/** What one owner holds. */
export interface MemoryOwnerStats {
  readonly owner: MemoryOwner;
  readonly currentBytes: number;
  readonly peakBytes: number;
  readonly live: number;
  readonly allocations: number;
  readonly reuses: number;
  /** Buffers that were collected without being given back; they stay in `currentBytes`. */
  readonly undisposed: number;
}

/** A buffer that nobody gave back before it was collected. */
export interface UndisposedBuffer {
  readonly owner: MemoryOwner;
  readonly bytes: number;
}

/** The book of one owner. */
export class MemoryAccount {
  readonly owner: MemoryOwner;
  readonly #onUndisposed: (buffer: UndisposedBuffer) => void;
  #currentBytes = 0;
  #peakBytes = 0;
  #live = 0;
  #allocations = 0;
  #undisposed = 0;

  /** Accounts are made by `MemoryLedger.account`. */
  constructor(owner: MemoryOwner, onUndisposed: (buffer: UndisposedBuffer) => void) {
    this.owner = owner;
    this.#onUndisposed = onUndisposed;
  }

  /** Books a buffer of `bytes`. */
  allocated(bytes: number): void {
    if (!(Number.isInteger(bytes) && bytes >= 0)) {
      throw new RangeError(`Cannot book a buffer of ${bytes} bytes`);
    }
    this.#currentBytes += bytes;
    this.#live++;
    this.#allocations++;
    this.#peakBytes = Math.max(this.#peakBytes, this.#currentBytes);
  }

  /** Takes a buffer of `bytes` out of the book again. */
  released(bytes: number): void {
    if (this.#live === 0 || bytes > this.#currentBytes) {
      throw new RangeError(`Cannot give back ${bytes} bytes: ${this.owner} holds fewer`);
    }
    this.#currentBytes -= bytes;
    this.#live--;
  }

  /** A buffer was collected that is still booked: counted and reported, never set right. */
  collected(bytes: number): void {
    this.#undisposed++;
    this.#onUndisposed({ owner: this.owner, bytes });
  }

  /** Buffers that were collected without being given back. */
  get undisposed(): number {
    return this.#undisposed;
  }

  /** What is booked now. */
  get reading(): Required<MemoryReading> {
    return {
      currentBytes: this.#currentBytes,
      peakBytes: this.#peakBytes,
      live: this.#live,
      allocations: this.#allocations,
      reuses: 0,
    };
  }
}

/** All owners of one process, and what it knows of the other. */
export class MemoryLedger {
  readonly #onUndisposed: (buffer: UndisposedBuffer) => void;
  readonly #accounts = new Map<MemoryOwner, MemoryAccount>();
  readonly #watches = new Map<symbol, { owner: MemoryOwner; read: () => MemoryReading }>();
  /** Most bytes seen of the owners that are read. */
  readonly #peaks = new Map<MemoryOwner, number>();

  /** `onUndisposed` hears of each buffer that was collected without being given back. */
  constructor(onUndisposed: (buffer: UndisposedBuffer) => void = () => {}) {
    this.#onUndisposed = onUndisposed;
  }

  /** The book of an owner, made at its first use. */
  account(owner: MemoryOwner): MemoryAccount {
    let account = this.#accounts.get(owner);
    if (account === undefined) {
      account = new MemoryAccount(owner, this.#onUndisposed);
      this.#accounts.set(owner, account);
    }
    return account;
  }

  /** Reads a figure of an owner at each snapshot, until the function that it returns is called. */
  watch(owner: MemoryOwner, read: () => MemoryReading): () => void {
    if (this.#watches.size >= MAX_WATCHES) {
      throw new CapacityError(`Cannot watch more than ${MAX_WATCHES} figures of memory`, {
        reason: "memory",
      });
    }
    const key = Symbol(owner);
    this.#watches.set(key, { owner, read });
    return () => void this.#watches.delete(key);
  }

  /** What every owner in use holds, in the order of `MEMORY_OWNERS`. */
  snapshot(): MemoryOwnerStats[] {
    const sums = new Map<MemoryOwner, Required<MemoryReading>>();
    for (const [owner, account] of this.#accounts) sums.set(owner, account.reading);
    for (const { owner, read } of this.#watches.values()) {
      sums.set(owner, added(sums.get(owner), read()));
    }
    // An owner whose figures have all gone stays, with nothing: its peak is worth knowing.
    for (const owner of this.#peaks.keys()) if (!sums.has(owner)) sums.set(owner, NOTHING);
    return MEMORY_OWNERS.flatMap((owner) => {
      const sum = sums.get(owner);
      return sum === undefined ? [] : [this.#statsOf(owner, sum)];
    });
  }

  #statsOf(owner: MemoryOwner, sum: Required<MemoryReading>): MemoryOwnerStats {
    const seen = this.#peaks.get(owner) ?? 0;
    const peakBytes = Math.max(seen, sum.currentBytes, sum.peakBytes);
    this.#peaks.set(owner, peakBytes);
    const undisposed = this.#accounts.get(owner)?.undisposed ?? 0;
    return { owner, ...sum, peakBytes, undisposed };
  }
}

/** Bytes that all owners hold now. */
export function ledgerBytes(owners: readonly MemoryOwnerStats[]): number {
  return owners.reduce((sum, { currentBytes }) => sum + currentBytes, 0);
}

const NOTHING = { currentBytes: 0, peakBytes: 0, live: 0, allocations: 0, reuses: 0 };

function added(
  sum: Required<MemoryReading> | undefined,
  reading: MemoryReading,
): Required<MemoryReading> {
  if (sum === undefined) return { ...NOTHING, ...reading };
  return {
    currentBytes: sum.currentBytes + reading.currentBytes,
    // The peaks of two figures need not have been at the same time: the ledger's own counts.
    peakBytes: 0,
    live: sum.live + (reading.live ?? 0),
    allocations: sum.allocations + (reading.allocations ?? 0),
    reuses: sum.reuses + (reading.reuses ?? 0),
  };
}
