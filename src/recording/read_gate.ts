/**
 * ReadGate: how many reads of the disk are under way at once: 2 to 10, fewer when memory is short.
 * Who waits comes in order; who gives up leaves the line. It is as long as there are readers, whose
 * number the admission bounds.
 */

/** Reads at once while memory is short, and while it is not. */
export const READS_MIN = 2;
export const READS_MAX = 10;

interface Waiter {
  readonly enter: (isIn: boolean) => void;
}

/** Lets some in at once. */
export class ReadGate {
  readonly #waiting = new Set<Waiter>();
  #limit = READS_MAX;
  #active = 0;
  #isClosed = false;

  /** Reads that are under way. */
  get active(): number {
    return this.#active;
  }

  /** Reads that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** How many may be under way. */
  get limit(): number {
    return this.#limit;
  }

  set limit(reads: number) {
    this.#limit = Math.min(READS_MAX, Math.max(READS_MIN, Math.floor(reads)));
    this.#admit();
  }

  /** True when it is the caller's turn, who leaves when done; false when it gave up first. */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#isClosed) return false;
    if (this.#active < this.#limit && this.#waiting.size === 0) {
      this.#active++;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter = { enter: resolve };
    const giveUp = () => {
      if (this.#waiting.delete(waiter)) resolve(false);
    };
    this.#waiting.add(waiter);
    signal.addEventListener("abort", giveUp);
    const isIn = await promise;
    signal.removeEventListener("abort", giveUp);
    return isIn;
  }

  /** The caller's read is over. */
  leave(): void {
    this.#active--;
    this.#admit();
  }

  /** Turns away who waits, and who comes. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of [...this.#waiting]) {
      this.#waiting.delete(waiter);
      waiter.enter(false);
    }
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (this.#active >= this.#limit) return;
      this.#waiting.delete(waiter);
      this.#active++;
      waiter.enter(true);
    }
  }
}
