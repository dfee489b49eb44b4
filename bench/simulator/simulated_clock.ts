/**
 * SimulatedClock: virtual time in integer microseconds and the one heap of events of a simulation,
 * ordered by (time, order of scheduling). Nothing in a simulation waits or reads another clock. Holds
 * `eventsMax` events at most; a simulation that wants more is at fault.
 */

import type { Clock } from "../../src/core/clock.ts";

/** Default limit of events that wait: 4,096 packets in flight on each of 64 links. */
export const EVENTS_MAX = 262_144;
const INITIAL_EVENTS = 1024;

/** Who is called at the time of an event. */
export interface EventTarget {
  /** `argument` is what the event was scheduled with. */
  onEvent(argument: number, nowUs: number): void;
}

/** The clock of one simulation. */
export class SimulatedClock implements Clock {
  readonly #eventsMax: number;
  /** Heap of slots; the rest are columns by slot. */
  #heap = new Int32Array(INITIAL_EVENTS);
  #times = new Float64Array(INITIAL_EVENTS);
  #orders = new Float64Array(INITIAL_EVENTS);
  #arguments = new Float64Array(INITIAL_EVENTS);
  readonly #targets: (EventTarget | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  #size = 0;
  #scheduled = 0;
  #nowUs = 0;

  constructor(options: { readonly eventsMax?: number } = {}) {
    this.#eventsMax = options.eventsMax ?? EVENTS_MAX;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  /** Events that wait. */
  get size(): number {
    return this.#size;
  }

  /** Events that were scheduled so far. */
  get scheduled(): number {
    return this.#scheduled;
  }

  /** When the next event is due, or undefined. */
  get deadline(): number | undefined {
    return this.#size === 0 ? undefined : this.#times[this.#heap[0]!]!;
  }

  /** Calls `target` at `atUs`, now when that is past. Throws RangeError beyond `eventsMax`. */
  schedule(atUs: number, target: EventTarget, argument = 0): void {
    if (!Number.isFinite(atUs)) throw new RangeError(`Cannot schedule an event at ${atUs} us`);
    if (this.#size >= this.#eventsMax) {
      throw new RangeError(`Cannot hold more than ${this.#eventsMax} events`);
    }
    const slot = this.#freeSlots.pop() ?? this.#size;
    if (slot >= this.#times.length) this.#grow();
    this.#times[slot] = Math.max(this.#nowUs, Math.ceil(atUs));
    this.#orders[slot] = this.#scheduled++;
    this.#arguments[slot] = argument;
    this.#targets[slot] = target;
    this.#raise(this.#size++, slot);
  }

  /** Runs all events up to and at `untilUs`, which is the time afterwards. */
  run(untilUs: number): void {
    while (this.#size > 0 && this.#times[this.#heap[0]!]! <= untilUs) {
      const slot = this.#heap[0]!;
      const target = this.#targets[slot]!;
      const argument = this.#arguments[slot]!;
      this.#nowUs = this.#times[slot]!;
      this.#targets[slot] = undefined;
      this.#freeSlots.push(slot);
      this.#size--;
      if (this.#size > 0) this.#sink(this.#heap[this.#size]!);
      target.onEvent(argument, this.#nowUs);
    }
    this.#nowUs = Math.max(this.#nowUs, untilUs);
  }

  #isBefore(left: number, right: number): boolean {
    const difference = this.#times[left]! - this.#times[right]!;
    return difference < 0 || (difference === 0 && this.#orders[left]! < this.#orders[right]!);
  }

  #raise(from: number, slot: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent]!;
      if (!this.#isBefore(slot, above)) break;
      this.#heap[place] = above;
      place = parent;
    }
    this.#heap[place] = slot;
  }

  /** Puts `slot` in the place of the root. */
  #sink(slot: number): void {
    const half = this.#size >> 1;
    let place = 0;
    while (place < half) {
      let child = 2 * place + 1;
      const right = child + 1;
      if (right < this.#size && this.#isBefore(this.#heap[right]!, this.#heap[child]!)) {
        child = right;
      }
      if (!this.#isBefore(this.#heap[child]!, slot)) break;
      this.#heap[place] = this.#heap[child]!;
      place = child;
    }
    this.#heap[place] = slot;
  }

  #grow(): void {
    const length = 2 * this.#times.length;
    const wider = <T extends Int32Array | Float64Array>(column: T, into: T): T => {
      into.set(column);
      return into;
    };
    this.#heap = wider(this.#heap, new Int32Array(length));
    this.#times = wider(this.#times, new Float64Array(length));
    this.#orders = wider(this.#orders, new Float64Array(length));
    this.#arguments = wider(this.#arguments, new Float64Array(length));
  }
}
