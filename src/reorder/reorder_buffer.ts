/**
 * ReorderBuffer: puts packets back in the order of their ids, the reorder step of the sentence. It
 * is a fixed circular window over one allocation of 1,024 slots of 1,500 bytes (1.7 MB with its
 * tables): no arrival sequence, wrap-around and hostile ids included, makes it hold more.
 */

import { add32, distance32 } from "../core/sequence.ts";
import { MAX_DATAGRAM_BYTES } from "../wire/packet.ts";

/** Slots of the default window: the packets of about 50 ms at 200 Mbit/s. */
export const REORDER_WINDOW_PACKETS = 1024;

/** A view of a packet on the heap, and its place in a list. */
const VIEW_BYTES = 112;

/** What became of a packet. */
export type ReorderOutcome =
  | "accepted"
  /** Its id is held already. */
  | "duplicate"
  /** The window has passed its id. */
  | "too_old"
  /** Its id was beyond the window, which moved on and gave up the ids it left behind. */
  | "window_moved"
  /** Its bytes exceed a slot. */
  | "too_large";

/** Counters of a reorder buffer. */
export interface ReorderStats {
  accepted: number;
  duplicates: number;
  tooOld: number;
  /** Times that the window moved to hold a packet far ahead. */
  windowMoves: number;
  /** Held packets that such a move or a skip dropped. */
  dropped: number;
  tooLarge: number;
  /** Ids that were given up as lost. */
  skipped: number;
}

/** A window over packet ids; ids wrap at 2^32. */
export class ReorderBuffer {
  readonly #capacity: number;
  readonly #slotBytes: number;
  readonly #storage: Uint8Array;
  readonly #lengths: Uint16Array;
  /** Of what was last in each slot. */
  readonly #views: (Uint8Array | undefined)[];
  readonly #stats: ReorderStats = {
    accepted: 0,
    duplicates: 0,
    tooOld: 0,
    windowMoves: 0,
    dropped: 0,
    tooLarge: 0,
    skipped: 0,
  };
  #nextId: number;
  #size = 0;
  #peak = 0;
  #newestId: number;

  /** Expects `firstId` first; holds up to `capacity` packets, a power of two, of `slotBytes`. */
  constructor(
    firstId: number,
    capacity = REORDER_WINDOW_PACKETS,
    { slotBytes = MAX_DATAGRAM_BYTES }: { readonly slotBytes?: number } = {},
  ) {
    if (!Number.isInteger(Math.log2(capacity)) || capacity > 2 ** 16) {
      throw new RangeError(`Cannot make a window of ${capacity} packets: not a power of two`);
    }
    this.#capacity = capacity;
    this.#slotBytes = slotBytes;
    this.#storage = new Uint8Array(capacity * slotBytes);
    this.#lengths = new Uint16Array(capacity);
    this.#views = new Array<Uint8Array | undefined>(capacity).fill(undefined);
    this.#nextId = firstId;
    this.#newestId = add32(firstId, -1);
  }

  get stats(): Readonly<ReorderStats> {
    return this.#stats;
  }

  /** Ids that the window spans. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Packets held now. */
  get size(): number {
    return this.#size;
  }

  /** Most packets that it held at once since the last call. */
  takePeak(): number {
    const peak = this.#peak;
    this.#peak = this.#size;
    return peak;
  }

  /** Bytes that it holds for ever, whatever arrives. */
  get bufferBytes(): number {
    return this.#storage.byteLength + this.#lengths.byteLength + this.#views.length * VIEW_BYTES;
  }

  /** The id that `pull` waits for. */
  get nextId(): number {
    return this.#nextId;
  }

  /** The newest id that was stored; one before the first when none was. */
  get newestId(): number {
    return this.#newestId;
  }

  /** True while the packet of `id` is held. */
  has(id: number): boolean {
    return this.#lengthOf(id) !== 0;
  }

  /** The packet of `id`, which stays held, valid until the next push, or undefined. */
  peek(id: number): Uint8Array | undefined {
    const length = this.#lengthOf(id);
    if (length === 0) return undefined;
    return this.#viewOf(this.#slot(id), length);
  }

  /** Stores a copy of `packet` under `id`. */
  push(id: number, packet: Uint8Array): ReorderOutcome {
    if (packet.byteLength > this.#slotBytes || packet.byteLength === 0) {
      this.#stats.tooLarge++;
      return "too_large";
    }
    const ahead = distance32(this.#nextId, id);
    if (ahead < 0) {
      this.#stats.tooOld++;
      return "too_old";
    }
    let outcome: ReorderOutcome = "accepted";
    if (ahead >= this.#capacity) {
      this.#stats.windowMoves++;
      this.#passUpTo(add32(id, 1 - this.#capacity));
      outcome = "window_moved";
    }
    const slot = this.#slot(id);
    if (this.#lengths[slot] !== 0) {
      this.#stats.duplicates++;
      return "duplicate";
    }
    this.#storage.set(packet, slot * this.#slotBytes);
    this.#lengths[slot] = packet.byteLength;
    this.#size++;
    if (this.#size > this.#peak) this.#peak = this.#size;
    this.#stats.accepted++;
    if (distance32(this.#newestId, id) > 0) this.#newestId = id;
    return outcome;
  }

  /** The next packet in order, valid until the next push, or undefined when it is missing. */
  pull(): Uint8Array | undefined {
    const slot = this.#slot(this.#nextId);
    const length = this.#lengths[slot] ?? 0;
    if (length === 0) return undefined;
    this.#lengths[slot] = 0;
    this.#size--;
    this.#nextId = add32(this.#nextId, 1);
    return this.#viewOf(slot, length);
  }

  /** Gives up all before `id`, held or not, unless the window has passed it; `pull` waits for it. */
  skipTo(id: number): void {
    if (distance32(this.#nextId, id) > 0) this.#passUpTo(id);
  }

  /** Empties the window, which expects `firstId` next. What is missing up to now counts as lost. */
  restart(firstId: number): void {
    const known = distance32(this.#nextId, this.#newestId) + 1;
    if (known > 0) this.#passUpTo(add32(this.#newestId, 1));
    this.#nextId = firstId;
    this.#newestId = add32(firstId, -1);
  }

  /** Gives up the missing ids before the first one held; returns how many. */
  skipGap(): number {
    let skipped = 0;
    while (this.#size > 0 && !this.has(add32(this.#nextId, skipped))) skipped++;
    this.#nextId = add32(this.#nextId, skipped);
    this.#stats.skipped += skipped;
    return skipped;
  }

  /** Leaves all before `firstId` behind. */
  #passUpTo(firstId: number): void {
    const distance = distance32(this.#nextId, firstId);
    // A jump beyond half of the number space says nothing of how many ids lie between.
    if (distance >= this.#capacity || distance < 0) {
      this.#stats.dropped += this.#size;
      this.#stats.skipped += distance < 0 ? 0 : distance - this.#size;
      this.#lengths.fill(0);
      this.#size = 0;
    } else {
      for (let passed = 0; passed < distance; passed++) {
        const slot = this.#slot(add32(this.#nextId, passed));
        if (this.#lengths[slot] === 0) {
          this.#stats.skipped++;
          continue;
        }
        this.#lengths[slot] = 0;
        this.#size--;
        this.#stats.dropped++;
      }
    }
    this.#nextId = firstId;
  }

  #lengthOf(id: number): number {
    const ahead = distance32(this.#nextId, id);
    return ahead < 0 || ahead >= this.#capacity ? 0 : this.#lengths[this.#slot(id)]!;
  }

  /** Most packets of a stream have one length, so the view of a slot is mostly the one of before. */
  #viewOf(slot: number, length: number): Uint8Array {
    const view = this.#views[slot];
    if (view !== undefined && view.byteLength === length) return view;
    const start = slot * this.#slotBytes;
    return this.#views[slot] = this.#storage.subarray(start, start + length);
  }

  #slot(id: number): number {
    return id & (this.#capacity - 1);
  }
}
