/**
 * PlainReorder: puts packets back in order as one would without limits: a copy of each in a map, whose
 * ids are sorted when a gap is given up. What the ReorderBuffer is measured against; it holds as much
 * as arrives.
 */

import { add32, distance32 } from "../../src/core/sequence.ts";

/** Packets by id, unbounded. */
export class PlainReorder {
  readonly #packets = new Map<number, Uint8Array>();
  #nextId: number;
  #heldBytes = 0;

  /** Expects `firstId` first. */
  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  /** The id that `pull` waits for. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Packets held now. */
  get size(): number {
    return this.#packets.size;
  }

  /** Bytes of the packets held now. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Stores a copy of `packet` under `id`, unless it is held or passed. */
  push(id: number, packet: Uint8Array): void {
    if (distance32(this.#nextId, id) < 0 || this.#packets.has(id)) return;
    this.#packets.set(id, packet.slice());
    this.#heldBytes += packet.byteLength;
  }

  /** The next packet in order, or undefined when it is missing. */
  pull(): Uint8Array | undefined {
    const packet = this.#packets.get(this.#nextId);
    if (packet === undefined) return undefined;
    this.#packets.delete(this.#nextId);
    this.#heldBytes -= packet.byteLength;
    this.#nextId = add32(this.#nextId, 1);
    return packet;
  }

  /** Gives up the missing ids before the first one held. */
  skipGap(): void {
    const ids = [...this.#packets.keys()];
    ids.sort((left, right) => distance32(this.#nextId, left) - distance32(this.#nextId, right));
    const [first] = ids;
    if (first !== undefined) this.#nextId = first;
  }
}
