/**
 * Reader places: how many may read something at once. Who took nothing for a while makes room when all
 * places are taken, so that a peer which stalls keeps nobody out. It holds one entry for each place.
 */

/** One reader's place. */
export interface ReaderPlace {
  /** The reader took something. */
  tookSome(): void;
  /** Gives the place back; idempotent. */
  leave(): void;
}

/** What places are made of. */
export interface ReaderPlacesOptions {
  readonly places: number;
  /** Who took nothing for this long may lose its place to another. */
  readonly stalledUs: number;
  readonly nowUs: () => number;
}

interface Taken {
  tookUs: number;
  readonly end: () => void;
}

/** The places of one kind of reader. */
export class ReaderPlaces {
  readonly #options: ReaderPlacesOptions;
  readonly #taken = new Set<Taken>();

  constructor(options: ReaderPlacesOptions) {
    this.#options = options;
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#taken.size;
  }

  /** Takes a place; `end` ends a reader that stalls. Undefined when there is none. */
  enter(end: () => void): ReaderPlace | undefined {
    const { places, stalledUs, nowUs } = this.#options;
    if (this.#taken.size >= places) {
      const stalled = [...this.#taken].find(({ tookUs }) => nowUs() - tookUs > stalledUs);
      if (stalled === undefined) return undefined;
      this.#taken.delete(stalled);
      stalled.end();
    }
    const taken: Taken = { tookUs: nowUs(), end };
    this.#taken.add(taken);
    return {
      tookSome: () => taken.tookUs = nowUs(),
      leave: () => void this.#taken.delete(taken),
    };
  }
}
