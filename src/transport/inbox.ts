/**
 * Inbox: a bounded queue between a producer that never waits and one reader that does. Connections
 * keep received datagrams and accepted streams in it, at the fold of the sentence.
 */
import { assert } from "../core/assert.ts";
import { Ring } from "../core/ring.ts";

/** A bounded queue with one waiting reader; a full one gives up its oldest entry. */
export class Inbox<T> {
  readonly #entries: Ring<T>;
  #waiting: ((entry: T | undefined) => void) | undefined;
  #isClosed = false;

  /** Holds at most `capacity` entries that nobody has taken yet. */
  constructor(capacity: number) {
    this.#entries = new Ring(capacity);
  }

  /** Entries that wait to be taken. */
  get size(): number {
    return this.#entries.size;
  }

  /** True when the next `push` costs the oldest entry. */
  get isFull(): boolean {
    return this.#entries.size === this.#entries.capacity;
  }

  /**
   * Hands `entry` to the waiting reader or queues it. Returns the entry that was lost by it: the
   * oldest of a full inbox, or `entry` itself once closed.
   */
  push(entry: T): T | undefined {
    if (this.#isClosed) return entry;
    const waiting = this.#waiting;
    if (waiting === undefined) return this.#entries.push(entry);
    this.#waiting = undefined;
    waiting(entry);
    return undefined;
  }

  /** Takes the next entry, waiting for one; undefined once closed. One reader at a time. */
  next(): Promise<T | undefined> {
    assert(this.#waiting === undefined, "An inbox has one reader at a time");
    if (this.#isClosed || this.#entries.size > 0) return Promise.resolve(this.#entries.shift());
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Takes the oldest entry that is queued, without waiting for one. */
  shift(): T | undefined {
    return this.#entries.shift();
  }

  /** Drops what is queued and lets the reader go; returns the dropped entries. Idempotent. */
  close(): T[] {
    this.#isClosed = true;
    const dropped: T[] = [];
    for (let entry = this.#entries.shift(); entry !== undefined; entry = this.#entries.shift()) {
      dropped.push(entry);
    }
    this.#waiting?.(undefined);
    this.#waiting = undefined;
    return dropped;
  }
}
