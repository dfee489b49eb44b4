/**
 * SimulatedLink: carries datagrams over a LinkModel in virtual time. Viewers and flows that share a
 * bottleneck share the model. A datagram on its way lies in a slot that is used again; at most as many
 * as the clock has events.
 */

import { MAX_DATAGRAM_BYTES } from "../../src/wire/packet.ts";
import type { LinkModel, LinkOutcome } from "./link_model.ts";
import type { EventTarget, SimulatedClock } from "./simulated_clock.ts";

/** Slots are made this many at a time. */
const SLAB_SLOTS = 256;

/** Takes a datagram that arrived; it is valid only during the call. */
export type DatagramHandler = (datagram: Uint8Array, nowUs: number) => void;

/** One direction between a server and a viewer. */
export class SimulatedLink implements EventTarget {
  readonly model: LinkModel;
  readonly #clock: SimulatedClock;
  readonly #receive: DatagramHandler;
  readonly #slots: Uint8Array[] = [];
  readonly #lengths: number[] = [];
  readonly #freeSlots: number[] = [];

  constructor(
    clock: SimulatedClock,
    options: { readonly model: LinkModel; readonly receive: DatagramHandler },
  ) {
    this.#clock = clock;
    this.model = options.model;
    this.#receive = options.receive;
  }

  /** Datagrams on their way. */
  get inFlight(): number {
    return this.#slots.length - this.#freeSlots.length;
  }

  /** Sends a copy of `datagram`. */
  send(datagram: Uint8Array, nowUs: number): LinkOutcome {
    const outcome = this.model.push(datagram.byteLength, nowUs);
    for (const atUs of this.model.deliveries) {
      const slot = this.#freeSlots.pop() ?? this.#addSlab();
      this.#slots[slot]!.set(datagram);
      this.#lengths[slot] = datagram.byteLength;
      this.#clock.schedule(atUs, this, slot);
    }
    return outcome;
  }

  onEvent(slot: number, nowUs: number): void {
    this.#receive(this.#slots[slot]!.subarray(0, this.#lengths[slot]), nowUs);
    this.#freeSlots.push(slot);
  }

  #addSlab(): number {
    const first = this.#slots.length;
    for (let index = 0; index < SLAB_SLOTS; index++) {
      this.#slots.push(new Uint8Array(MAX_DATAGRAM_BYTES));
      this.#lengths.push(0);
      if (index > 0) this.#freeSlots.push(first + index);
    }
    return first;
  }
}
