/**
 * IdleCollection: has the garbage of the start, and of ended connections, collected while nobody
 * watches. What the runtime holds of a QUIC connection, some 90 KB, lies outside the heap that V8
 * watches, so without this a server keeps a thousand dead connections (150 MB) until V8 happens to
 * look. A collection stops the process for 10 to 60 ms: while somebody watches, V8 is left to choose
 * the moment, until there are `ENDED_MAX`.
 */

import v8 from "node:v8";
import vm from "node:vm";

/** How often ended connections are counted: at most one collection in this time. */
const CHECK_MS = 2000;
/** Ended connections that are worth a collection at once, some 3 MB. */
const ENDED_MANY = 32;
/** Ended connections that are collected whoever watches: some 30 MB, and one pause for all of them. */
const ENDED_MAX = 256;
/** Checks after which fewer are collected too. */
const CHECKS_MAX = 5;
/** Checks after which the garbage of timers and figures is worth one: five minutes, 1 MB. */
const CHECKS_IDLE = 150;

/** What decides on a collection, and what does it. */
export interface IdleCollectionOptions {
  /** Connections that have ended since the start. */
  readonly ended: () => number;
  /** True while a pause harms nobody. */
  readonly isIdle: () => boolean;
  readonly collect?: () => void;
}

/** Collects after connections have ended. */
export class IdleCollection {
  readonly #options: IdleCollectionOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  /** What a start leaves is worth one, as if a connection had ended. */
  #collectedEnded = -1;
  #checks = 0;
  #idleChecks = 0;
  #collections = 0;

  /** Checks now and then until it is closed. */
  constructor(options: IdleCollectionOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.check(), CHECK_MS);
  }

  /** Collections so far. */
  get collections(): number {
    return this.#collections;
  }

  /** Collects when enough connections have ended, or some a while ago and nobody watches. */
  check(): void {
    const ended = this.#options.ended();
    const uncollected = ended - this.#collectedEnded;
    if (uncollected < ENDED_MAX && !this.#options.isIdle()) {
      this.#checks = this.#idleChecks = 0;
      return;
    }
    this.#checks = uncollected === 0 ? 0 : this.#checks + 1;
    this.#idleChecks++;
    const isDue = uncollected >= ENDED_MANY || this.#checks === CHECKS_MAX;
    if (!isDue && this.#idleChecks < CHECKS_IDLE) return;
    this.#checks = this.#idleChecks = 0;
    this.#collectedEnded = ended;
    this.#collections++;
    (this.#options.collect ?? collectGarbage)();
  }

  /** Ends the timer. */
  close(): void {
    clearInterval(this.#timer);
  }
}

let gc: (() => void) | undefined;

/** A full collection, at once. */
export function collectGarbage(): void {
  if (gc === undefined) {
    // The function exists only in contexts that are made after the flag is set.
    v8.setFlagsFromString("--expose-gc");
    gc = vm.runInNewContext("gc");
  }
  gc?.();
}
