/**
 * FreedMemory: has the C library give back what was freed in it. An encoder of 1080p frees 50 MB that
 * would else stay with the process. Watches the counters that are reported each second anyway, and
 * asks only after something of size has been freed, since it takes some milliseconds.
 */

import type { MemoryType, MemoryTypeStats } from "../../ffi/mod.ts";

/** Types that go with large blocks, of their own or inside a library. */
const LARGE: readonly MemoryType[] = ["frame", "stream", "capture", "encoder"];

/** Watches one process. */
export class FreedMemory {
  readonly #release: () => Promise<void>;
  #freed = 0;
  #releases = 0;

  /** `release` gives back what it can; a rejection is not worth a word. */
  constructor(release: () => Promise<void>) {
    this.#release = release;
  }

  /** Times that memory was given back. */
  get releases(): number {
    return this.#releases;
  }

  /** Takes the counters of now; resolves when what was freed since the last look is given back. */
  async push(native: Readonly<Record<MemoryType, MemoryTypeStats>>): Promise<void> {
    const freed = LARGE.reduce((sum, type) => {
      const { allocations, live } = native[type];
      return sum + allocations - live;
    }, 0);
    if (freed === this.#freed) return;
    this.#freed = freed;
    this.#releases++;
    await this.#release().catch(() => {});
  }
}
