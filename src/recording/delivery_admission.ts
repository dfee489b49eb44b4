/**
 * DeliveryAdmission: who may be sent a body now. Each body books what it can make the runtime hold at
 * most while its reader takes nothing; what exceeds the budget waits in line, at most `WAITING_MAX` and
 * for at most `WAIT_MAX_US`, and is refused beyond that. First come, first served; who is gone by its
 * turn gives its place on at once.
 */

/** Bodies that wait for their turn. */
export const WAITING_MAX = 100;
/** How long they wait. */
export const WAIT_MAX_US = 10_000_000;
/** Bodies at once, however small. */
export const BODIES_MAX = 1024;

/** What a body books; given back once. */
export interface DeliveryPlace {
  release(): void;
}

/** Counters of an admission. */
export interface DeliveryAdmissionStats {
  admitted: number;
  /** Refused because the line was full, the wait too long, or the host ends. */
  refused: number;
}

interface Waiter {
  readonly bytes: number;
  readonly sinceUs: number;
  readonly settle: (isIn: boolean) => void;
}

/** Lets bodies in. */
export class DeliveryAdmission {
  readonly budgetBytes: number;
  readonly #nowUs: () => number;
  readonly #onWait: () => void;
  readonly #waiting = new Set<Waiter>();
  readonly #stats: DeliveryAdmissionStats = { admitted: 0, refused: 0 };
  #share = 1;
  #bytes = 0;
  #bodies = 0;
  #isClosed = false;

  /** `onWait` hears that somebody has to wait: those who stall can make room. */
  constructor(options: { budgetBytes: number; nowUs: () => number; onWait: () => void }) {
    this.budgetBytes = options.budgetBytes;
    this.#nowUs = options.nowUs;
    this.#onWait = options.onWait;
  }

  get stats(): Readonly<DeliveryAdmissionStats> {
    return this.#stats;
  }

  /** Bytes that are booked. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bodies that were let in and have not ended. */
  get bodies(): number {
    return this.#bodies;
  }

  /** Bodies in line. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A place for a body that books `bytes`; undefined when it is refused. */
  async enter(bytes: number): Promise<DeliveryPlace | undefined> {
    if (!await this.#isLetIn(bytes)) {
      this.#stats.refused++;
      return undefined;
    }
    this.#stats.admitted++;
    return this.#place(bytes);
  }

  /** Refuses who has waited for too long. */
  expire(nowUs: number): void {
    for (const waiter of this.#waiting) {
      if (nowUs - waiter.sinceUs < WAIT_MAX_US) return;
      waiter.settle(false);
    }
  }

  /** Uses this share of the budget from now on; who is in stays. */
  limit(share: number): void {
    this.#share = share;
    this.#admit();
  }

  /** Refuses who waits and who comes. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of [...this.#waiting]) waiter.settle(false);
  }

  async #isLetIn(bytes: number): Promise<boolean> {
    if (this.#isClosed || this.#waiting.size >= WAITING_MAX) return false;
    if (this.#waiting.size === 0 && this.#fits(bytes)) {
      this.#book(bytes);
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiter: Waiter = {
      bytes,
      sinceUs: this.#nowUs(),
      settle: (isIn) => {
        if (this.#waiting.delete(waiter)) resolve(isIn);
      },
    };
    this.#waiting.add(waiter);
    this.#onWait();
    return await promise;
  }

  #admit(): void {
    for (const waiter of this.#waiting) {
      if (!this.#fits(waiter.bytes)) return;
      // Booked at once: the waiter's own turn comes later.
      this.#book(waiter.bytes);
      waiter.settle(true);
    }
  }

  /** One body always fits, so that nobody waits for ever. */
  #fits(bytes: number): boolean {
    if (this.#bodies === 0) return true;
    return this.#bodies < BODIES_MAX && this.#bytes + bytes <= this.budgetBytes * this.#share;
  }

  #book(bytes: number): void {
    this.#bytes += bytes;
    this.#bodies++;
  }

  #place(bytes: number): DeliveryPlace {
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#bytes -= bytes;
        this.#bodies--;
        this.#admit();
      },
    };
  }
}
