/**
 * RecordHold: the way of input records to the worker, which can be held for a moment: what is pasted is
 * to be on the host before the keys that paste it. Records keep their order; motion is never held. It
 * lets go by itself after `HOLD_MS_MAX`.
 */

import type { InputSink } from "./input_sender.ts";

/** Below the silence after which a host lets go of all keys. */
export const HOLD_MS_MAX = 600;
/** Hands do less in that time. */
const RECORDS_MAX = 512;

/** Holds records or passes them on. */
export class RecordHold {
  readonly #sink: InputSink;
  #held: Uint8Array<ArrayBuffer>[] | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(sink: InputSink) {
    this.#sink = sink;
  }

  /** True while records wait. */
  get isHolding(): boolean {
    return this.#held !== undefined;
  }

  /** Takes what a sender made. */
  readonly send: InputSink = (record, datagram) => {
    if (record === undefined || this.#held === undefined) return this.#sink(record, datagram);
    if (datagram !== undefined) this.#sink(undefined, datagram);
    this.#held.push(record);
    if (this.#held.length >= RECORDS_MAX) this.release();
  };

  /** Holds what follows. */
  hold(): void {
    this.#held ??= [];
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.release(), HOLD_MS_MAX);
  }

  /** Passes on what waits, in its order. */
  release(): void {
    clearTimeout(this.#timer);
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const record of held) this.#sink(record, undefined);
  }

  /** Forgets what waits: its connection is gone. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#held = undefined;
  }
}
