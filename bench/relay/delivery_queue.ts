/**
 * DeliveryQueue: packets on their way through the relay, each with the time at which it leaves: one
 * heap ordered by (time, arrival), so that two packets of one time keep their order. It holds a
 * bounded number of packets and bytes and refuses more; it owns no clock.
 */

/** One packet that waits for its time. */
export interface Delivery {
  readonly timeUs: number;
  readonly bytes: Uint8Array;
  /** Hands the packet to its socket. */
  readonly send: (bytes: Uint8Array) => void;
}

/** Packets held at most: a second of 100 Mbit/s. */
export const MAX_DELIVERIES = 16_384;
/** Bytes held at most. */
export const MAX_DELIVERY_BYTES = 32 * 2 ** 20;

interface Entry extends Delivery {
  readonly sequence: number;
}

/** A bounded heap of packets by time. */
export class DeliveryQueue {
  readonly #heap: Entry[] = [];
  #sequence = 0;
  #heldBytes = 0;

  /** Packets held now. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the next packet leaves; undefined when none waits. */
  get deadline(): number | undefined {
    return this.#heap[0]?.timeUs;
  }

  /** Takes a packet; false when it is full. */
  push(delivery: Delivery): boolean {
    const heldBytes = this.#heldBytes + delivery.bytes.byteLength;
    if (this.#heap.length >= MAX_DELIVERIES || heldBytes > MAX_DELIVERY_BYTES) return false;
    this.#heldBytes = heldBytes;
    this.#heap.push({ ...delivery, sequence: this.#sequence++ });
    this.#rise(this.#heap.length - 1);
    return true;
  }

  /** The next packet whose time has come, or undefined. */
  pull(nowUs: number): Delivery | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.timeUs > nowUs) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && last !== first) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    this.#heldBytes -= first.bytes.byteLength;
    return first;
  }

  /** Drops everything. */
  clear(): void {
    this.#heap.length = 0;
    this.#heldBytes = 0;
  }

  #isBefore(a: number, b: number): boolean {
    const [first, second] = [this.#heap[a]!, this.#heap[b]!];
    return first.timeUs < second.timeUs ||
      (first.timeUs === second.timeUs && first.sequence < second.sequence);
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }

  #rise(start: number): void {
    for (let index = start; index > 0;) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(start: number): void {
    for (let index = start;;) {
      const left = 2 * index + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#isBefore(child, index)) return;
      this.#swap(child, index);
      index = child;
    }
  }
}
