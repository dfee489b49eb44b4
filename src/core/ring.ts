/**
 * Ring: a first-in first-out queue of fixed capacity. A full ring drops its oldest entry and
 * reports it, so a slow reader costs old entries and never memory.
 */

/** A bounded queue; the newest entry always fits. */
export class Ring<T> {
  readonly #slots: (T | undefined)[];
  #head = 0;
  #size = 0;
  #dropped = 0;

  /** Holds at most `capacity` >= 1 entries. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`Cannot make a ring of ${capacity} entries`);
    }
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
  }

  /** Entries held now. */
  get size(): number {
    return this.#size;
  }

  /** Most entries it can hold. */
  get capacity(): number {
    return this.#slots.length;
  }

  /** Entries dropped so far because the ring was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds `entry`; returns the oldest entry when it had to be dropped. */
  push(entry: T): T | undefined {
    let evicted: T | undefined;
    if (this.#size === this.#slots.length) {
      evicted = this.shift();
      this.#dropped++;
    }
    this.#slots[(this.#head + this.#size) % this.#slots.length] = entry;
    this.#size++;
    return evicted;
  }

  /** Takes the oldest entry, or undefined when empty. */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const entry = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) % this.#slots.length;
    this.#size--;
    return entry;
  }

  /** The entry at `index` counted from the oldest, or undefined. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#size) return undefined;
    return this.#slots[(this.#head + index) % this.#slots.length];
  }

  /** Drops all entries without counting them. */
  clear(): void {
    this.#slots.fill(undefined);
    this.#head = 0;
    this.#size = 0;
  }
}
