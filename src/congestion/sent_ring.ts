/**
 * SentRing: the last packets that were sent to one viewer, with their fates, in typed arrays; the
 * memory of `SentPackets`. Part of send. An index is a transport sequence that does not wrap.
 */

import { distance16 } from "../core/sequence.ts";

/** What is known of a packet. */
export const PACKET_FATES = {
  /** Its sequence was never sent. */
  none: 0,
  inFlight: 1,
  acked: 2,
  lost: 3,
  /** Lost with the whole path: says nothing about the loss of a path that works. */
  writtenOff: 4,
} as const;
/** One of `PACKET_FATES`. */
export type PacketFate = typeof PACKET_FATES[keyof typeof PACKET_FATES];

/** The packets of one viewer. */
export class SentRing {
  readonly capacity: number;
  readonly #sentUs: Float64Array;
  readonly #bytes: Uint32Array;
  readonly #fates: Uint8Array;
  #first = -1;
  #next = 0;
  #oldestInFlight = 0;
  #bytesInFlight = 0;
  #packetsInFlight = 0;

  /** Remembers `capacity` packets, a power of two from 1024 to 32768. */
  constructor(capacity: number) {
    if (!(capacity >= 1024 && capacity <= 32_768 && Number.isInteger(Math.log2(capacity)))) {
      throw new RangeError(`Cannot remember ${capacity} packets`);
    }
    this.capacity = capacity;
    this.#sentUs = new Float64Array(capacity);
    this.#bytes = new Uint32Array(capacity);
    this.#fates = new Uint8Array(capacity);
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#sentUs.byteLength + this.#bytes.byteLength + this.#fates.byteLength;
  }

  /** Index of the oldest packet that is remembered; -1 before the first. */
  get first(): number {
    return this.#first;
  }

  /** Index of the packet to come. */
  get next(): number {
    return this.#next;
  }

  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  get packetsInFlight(): number {
    return this.#packetsInFlight;
  }

  /** Index of the oldest packet in flight, or undefined. */
  get oldestInFlight(): number | undefined {
    if (this.#packetsInFlight === 0) return undefined;
    while (this.fate(this.#oldestInFlight) !== PACKET_FATES.inFlight) this.#oldestInFlight++;
    return this.#oldestInFlight;
  }

  fate(index: number): PacketFate {
    return this.#fates[this.#slot(index)] as PacketFate;
  }

  sentUs(index: number): number {
    return this.#sentUs[this.#slot(index)]!;
  }

  bytes(index: number): number {
    return this.#bytes[this.#slot(index)]!;
  }

  /** The first packet will be this one. */
  begin(transportSequence: number): void {
    this.#first = transportSequence;
    this.#next = transportSequence;
    this.#oldestInFlight = transportSequence;
  }

  /** Adds the packet `next` in the place of the oldest; its fate must be settled. */
  append(fate: PacketFate, bytes: number, nowUs: number): void {
    const index = this.#next++;
    this.#first = Math.max(this.#first, index - this.capacity + 1);
    this.#oldestInFlight = Math.max(this.#oldestInFlight, this.#first);
    const slot = this.#slot(index);
    this.#fates[slot] = fate;
    this.#bytes[slot] = bytes;
    this.#sentUs[slot] = nowUs;
    if (fate !== PACKET_FATES.inFlight) return;
    this.#bytesInFlight += bytes;
    this.#packetsInFlight++;
  }

  /** Gives a packet that is remembered another fate. */
  settle(index: number, fate: PacketFate): void {
    const slot = this.#slot(index);
    if (this.#fates[slot] === PACKET_FATES.inFlight) {
      this.#bytesInFlight -= this.#bytes[slot]!;
      this.#packetsInFlight--;
    }
    this.#fates[slot] = fate;
  }

  /** The index of a sequence that was sent and is remembered, or undefined. */
  indexOf(transportSequence: number): number | undefined {
    if (this.#first < 0) return undefined;
    const last = this.#next - 1;
    const index = last + distance16(last & 0xffff, transportSequence);
    if (index > last || index < this.#first) return undefined;
    return this.fate(index) === PACKET_FATES.none ? undefined : index;
  }

  #slot(index: number): number {
    return index & (this.capacity - 1);
  }
}
