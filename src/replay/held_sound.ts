/**
 * HeldSound: the sound beside a replay's pictures: Opus packets in a ring of their own, found by
 * capture time. Its room is reserved once, for as many seconds as the pictures'; the oldest packets
 * make room. What is blanked is overwritten.
 */

import type { MemoryAccount } from "../memory/memory_ledger.ts";
import { ReplayRing } from "./replay_ring.ts";

/** Bitrates vary: a ring has this much more than the nominal one asks for. */
const BYTES_MARGIN = 1.5;
/** Room of the largest packet, and some more. */
const RING_BYTES_MIN = 64 * 1024;
/** Time, offset, duration, bytes and channels of a packet. */
const ENTRY_BYTES = 8 + 4 + 4 + 2 + 1;

/** One packet, without its bytes. */
export interface SoundPacket {
  readonly captureTimeUs: number;
  readonly durationUs: number;
  readonly channels: number;
  readonly bytes: number;
}

/** How much is held. */
export interface HeldSoundLimits {
  readonly seconds: number;
  readonly bitrateBps: number;
  /** Duration of a packet. */
  readonly frameUs: number;
}

/** Bytes that it takes of memory. */
export function heldSoundBytes({ seconds, bitrateBps, frameUs }: HeldSoundLimits): number {
  const ring = Math.max(RING_BYTES_MIN, Math.ceil(seconds * bitrateBps / 8 * BYTES_MARGIN));
  return ring + packetsMax(seconds, frameUs) * ENTRY_BYTES;
}

function packetsMax(seconds: number, frameUs: number): number {
  return Math.ceil(seconds * 1e6 / frameUs) + 1;
}

/** The sound of one replay. */
export class HeldSound implements Disposable {
  readonly #account: MemoryAccount;
  readonly #bytes: number;
  readonly #ring: ReplayRing;
  readonly #times: Float64Array;
  readonly #offsets: Uint32Array;
  readonly #durations: Uint32Array;
  /** 0 where a packet was blanked. */
  readonly #sizes: Uint16Array;
  readonly #channels: Uint8Array;
  /** Room that blanked packets take; as many as there are packets at most. */
  readonly #blankedBytes = new Map<number, number>();
  /** Serials of the oldest packet, and of the one that comes next. */
  #first = 0;
  #end = 0;
  #used = 0;
  #isDisposed = false;

  constructor(limits: HeldSoundLimits, account: MemoryAccount) {
    const packets = packetsMax(limits.seconds, limits.frameUs);
    this.#bytes = heldSoundBytes(limits);
    this.#ring = new ReplayRing(this.#bytes - packets * ENTRY_BYTES);
    this.#times = new Float64Array(packets);
    this.#offsets = new Uint32Array(packets);
    this.#durations = new Uint32Array(packets);
    this.#sizes = new Uint16Array(packets);
    this.#channels = new Uint8Array(packets);
    this.#account = account;
    account.allocated(this.#bytes);
  }

  /** Packets that are held. */
  get size(): number {
    return this.#end - this.#first;
  }

  /** Serial of the oldest packet. */
  get firstSerial(): number {
    return this.#first;
  }

  /** Serial of the packet that comes next. */
  get endSerial(): number {
    return this.#end;
  }

  /** Copies a packet. One that is too large, or older than the last, is left out. */
  push(packet: Omit<SoundPacket, "bytes">, payload: Uint8Array): void {
    const bytes = payload.byteLength;
    const isInOrder = this.size === 0 ||
      packet.captureTimeUs > this.#times[(this.#end - 1) % this.#times.length]!;
    if (this.#isDisposed || bytes > 0xffff || !isInOrder) return;
    while (this.size === this.#times.length || this.#used + bytes > this.#ring.capacity) {
      this.#evict();
    }
    const at = this.#end++ % this.#times.length;
    this.#times[at] = packet.captureTimeUs;
    this.#durations[at] = packet.durationUs;
    this.#channels[at] = packet.channels;
    this.#sizes[at] = bytes;
    this.#offsets[at] = this.#ring.write(payload);
    this.#used += bytes;
  }

  /** Serial of the first packet that was captured at `fromUs` or later. */
  serialAt(fromUs: number): number {
    let [low, high] = [this.#first, this.#end];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#times[middle % this.#times.length]! < fromUs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The packet; undefined when it is not held any more, not yet, or was blanked. */
  packet(serial: number): SoundPacket | undefined {
    if (serial < this.#first || serial >= this.#end) return undefined;
    const at = serial % this.#times.length;
    const bytes = this.#sizes[at]!;
    if (bytes === 0) return undefined;
    return {
      captureTimeUs: this.#times[at]!,
      durationUs: this.#durations[at]!,
      channels: this.#channels[at]!,
      bytes,
    };
  }

  /** Copies the bytes of a packet that is held to the front of `target`. */
  read(serial: number, target: Uint8Array): void {
    const at = serial % this.#times.length;
    this.#ring.read(this.#offsets[at]!, this.#sizes[at]!, target);
  }

  /** Overwrites what was heard from `fromUs` to `toUs`. */
  blank(fromUs: number, toUs: number): void {
    for (let serial = this.#first; serial < this.#end; serial++) {
      const at = serial % this.#times.length;
      const [startUs, bytes] = [this.#times[at]!, this.#sizes[at]!];
      if (startUs > toUs || startUs + this.#durations[at]! <= fromUs || bytes === 0) continue;
      this.#ring.erase(this.#offsets[at]!, bytes);
      // Its room stays taken until it is evicted.
      this.#sizes[at] = 0;
      this.#blankedBytes.set(serial, bytes);
    }
  }

  /** Overwrites and gives back all; idempotent. */
  [Symbol.dispose](): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#ring.erase(0, this.#ring.capacity);
    this.#first = this.#end;
    this.#account.released(this.#bytes);
  }

  #evict(): void {
    const serial = this.#first++;
    this.#used -= this.#blankedBytes.get(serial) ?? this.#sizes[serial % this.#times.length]!;
    this.#blankedBytes.delete(serial);
  }
}
