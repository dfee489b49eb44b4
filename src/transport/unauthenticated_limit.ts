/**
 * UnauthenticatedLimit: counts the connections whose peer has not authenticated, all together and by
 * address prefix, so that a flood of them cannot keep others out or fill the memory.
 */
import { addressPrefix } from "./address_prefix.ts";

/** A place under the limit. */
export interface Place {
  /** Gives the place back; idempotent. */
  release(): void;
}

/** Counts places, in all and per /24 or /64. */
export class UnauthenticatedLimit {
  readonly #totalMax: number;
  readonly #perPrefixMax: number;
  readonly #byPrefix = new Map<string, number>();
  #total = 0;

  /** Allows `totalMax` places, and `perPrefixMax` for each address prefix. */
  constructor(totalMax: number, perPrefixMax: number) {
    this.#totalMax = totalMax;
    this.#perPrefixMax = perPrefixMax;
  }

  /** Places held now. */
  get total(): number {
    return this.#total;
  }

  /** True when no address can be admitted. */
  get isFull(): boolean {
    return this.#total >= this.#totalMax;
  }

  /** A place for the peer at `address`, or undefined when a limit is reached. */
  admit(address: string): Place | undefined {
    const prefix = addressPrefix(address);
    const held = this.#byPrefix.get(prefix) ?? 0;
    if (this.isFull || held >= this.#perPrefixMax) return undefined;
    this.#total++;
    this.#byPrefix.set(prefix, held + 1);
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        this.#release(prefix);
      },
    };
  }

  #release(prefix: string): void {
    this.#total--;
    const held = this.#byPrefix.get(prefix)! - 1;
    if (held === 0) this.#byPrefix.delete(prefix);
    else this.#byPrefix.set(prefix, held);
  }
}
