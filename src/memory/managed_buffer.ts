/**
 * ManagedBuffer: bytes that belong to an owner of the memory ledger from their creation until they
 * are disposed of. One that is collected without that is reported to the ledger and stays booked: a
 * leak must be seen, not set right in silence.
 */

import type { MemoryAccount } from "./memory_ledger.ts";

/** A booked buffer; hold it with `using` or dispose of it. */
export class ManagedBuffer implements Disposable {
  readonly #account: MemoryAccount;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  /** Allocates zeroed bytes, or takes over those that are given. Throws RangeError for a bad size. */
  constructor(account: MemoryAccount, content: number | Uint8Array<ArrayBuffer>) {
    const bytes = typeof content === "number" ? new Uint8Array(content) : content;
    this.#account = account;
    this.#bytes = bytes;
    account.allocated(bytes.byteLength);
    abandoned.register(this, { account, byteLength: bytes.byteLength }, this);
  }

  /** The bytes. Throws TypeError after disposal. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) {
      throw new TypeError(`Cannot use a buffer of ${this.#account.owner} that was given back`);
    }
    return this.#bytes;
  }

  /** Gives the bytes back; idempotent. */
  [Symbol.dispose](): void {
    if (this.#bytes === undefined) return;
    abandoned.unregister(this);
    this.#account.released(this.#bytes.byteLength);
    this.#bytes = undefined;
  }
}

interface Booking {
  readonly account: MemoryAccount;
  readonly byteLength: number;
}

const abandoned = new FinalizationRegistry<Booking>(({ account, byteLength }) => {
  account.collected(byteLength);
});
