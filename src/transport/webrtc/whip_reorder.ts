/**
 * WhipReorder: puts the RTP packets of a publisher in order and says which to ask for again, before
 * they become access units. Held are at most `REORDER_PACKETS` packets and `REORDER_BYTES` bytes, none
 * for longer than `waitUs`: what is missing then is given up, and whoever pulls is told of the hole.
 */

import { add16, distance16 } from "../../core/sequence.ts";

/** Packets between the oldest that is missing and the newest: 200 ms at 25 Mbit/s and more. */
export const REORDER_PACKETS = 1024;
/** Most bytes that wait behind a hole. */
export const REORDER_BYTES = 2 * 1024 * 1024;
/** A packet that others overtook by less than this is not asked for. */
const OVERTAKEN_US = 5000;
/** Most times that one is asked for. */
const MAX_ASKS = 5;
/** Most packets that one request names. */
const MAX_ASKED_AT_ONCE = 128;

/** One packet in order. */
export interface OrderedPacket<T> {
  readonly packet: T;
  /** Packets right before it are lost for good. */
  readonly isAfterHole: boolean;
}

/** Limits of one buffer. */
export interface WhipReorderOptions {
  /** How long a missing packet is waited for. */
  readonly waitUs: number;
}

/** What comes through. */
export interface WhipReorderStats {
  packets: number;
  /** Came twice, or after it was given up. */
  late: number;
  asked: number;
  /** Came after it was asked for. */
  recovered: number;
  lost: number;
}

interface Missing {
  seenUs: number;
  askedUs: number;
  asks: number;
}

/** Packets of one RTP stream. */
export class WhipReorder<T extends { readonly byteLength: number }> {
  readonly stats: WhipReorderStats = { packets: 0, late: 0, asked: 0, recovered: 0, lost: 0 };
  readonly #options: WhipReorderOptions;
  readonly #held = new Map<number, T>();
  readonly #missing = new Map<number, Missing>();
  #bytes = 0;
  /** The next to be pulled; undefined before the first packet. */
  #next: number | undefined;
  #newest = 0;
  #isAfterHole = false;

  constructor(options: WhipReorderOptions) {
    this.#options = options;
  }

  /** Bytes that wait. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Takes a packet. */
  push(sequence: number, packet: T, nowUs: number): void {
    this.stats.packets++;
    if (this.#next === undefined) {
      this.#next = sequence;
      this.#newest = add16(sequence, -1);
    }
    const ahead = distance16(this.#next, sequence);
    // So far away is no packet that is late, but a publisher that counts anew.
    const isElsewhere = Math.abs(ahead) >= REORDER_PACKETS;
    if (!isElsewhere && (ahead < 0 || this.#held.has(sequence))) {
      this.stats.late++;
      return;
    }
    if (isElsewhere || this.#bytes + packet.byteLength > REORDER_BYTES) this.#restart(sequence);
    this.#note(sequence, nowUs);
    this.#held.set(sequence, packet);
    this.#bytes += packet.byteLength;
  }

  /** The next packet in order; undefined when there is none, or while one is waited for. */
  pull(nowUs: number): OrderedPacket<T> | undefined {
    if (this.#next === undefined || this.#held.size === 0) return undefined;
    this.#giveUp(nowUs);
    const packet = this.#held.get(this.#next);
    if (packet === undefined) return undefined;
    this.#held.delete(this.#next);
    this.#bytes -= packet.byteLength;
    this.#next = add16(this.#next, 1);
    const isAfterHole = this.#isAfterHole;
    this.#isAfterHole = false;
    return { packet, isAfterHole };
  }

  /** Sequences to ask for now; each again after `roundTripUs` at the earliest. */
  asks(nowUs: number, roundTripUs: number): number[] {
    const asked: number[] = [];
    for (const [sequence, missing] of this.#missing) {
      if (asked.length === MAX_ASKED_AT_ONCE) break;
      const isDue = missing.asks === 0
        ? nowUs - missing.seenUs >= OVERTAKEN_US
        : missing.asks < MAX_ASKS && nowUs - missing.askedUs >= roundTripUs;
      if (!isDue) continue;
      missing.asks++;
      missing.askedUs = nowUs;
      asked.push(sequence);
    }
    this.stats.asked += asked.length;
    return asked;
  }

  /** Forgets everything. */
  clear(): void {
    this.#held.clear();
    this.#missing.clear();
    this.#bytes = 0;
    this.#next = undefined;
  }

  /** Notes what lies between the newest packet and this one as missing, or that this one came. */
  #note(sequence: number, nowUs: number): void {
    const steps = distance16(this.#newest, sequence);
    if (steps <= 0) {
      if ((this.#missing.get(sequence)?.asks ?? 0) > 0) this.stats.recovered++;
      this.#missing.delete(sequence);
      return;
    }
    for (let step = 1; step < steps; step++) {
      const between = add16(this.#newest, step);
      this.#missing.set(between, { seenUs: nowUs, askedUs: 0, asks: 0 });
    }
    this.#newest = sequence;
  }

  /** Steps over what was waited for long enough. */
  #giveUp(nowUs: number): void {
    while (this.#next !== undefined && !this.#held.has(this.#next)) {
      const missing = this.#missing.get(this.#next);
      if (missing === undefined || nowUs - missing.seenUs < this.#options.waitUs) return;
      this.#missing.delete(this.#next);
      this.stats.lost++;
      this.#isAfterHole = true;
      this.#next = add16(this.#next, 1);
    }
  }

  /** What waits is of no use any more: it begins anew at `sequence`. */
  #restart(sequence: number): void {
    this.stats.lost += this.#missing.size;
    this.#held.clear();
    this.#missing.clear();
    this.#bytes = 0;
    this.#isAfterHole = true;
    this.#next = sequence;
    this.#newest = add16(sequence, -1);
  }
}
