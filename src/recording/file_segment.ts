/**
 * FileSegment: an aligned piece of a file in memory, shared by all who read it. Each holds it until it
 * releases it; the last one gives the memory back at once, without waiting for the collector. Bytes
 * that the runtime is still sending stay where they are until they are sent.
 */

import { ManagedBuffer } from "../memory/managed_buffer.ts";
import type { MemoryAccount } from "../memory/memory_ledger.ts";

/** Bytes of a file that readers share. */
export class FileSegment {
  readonly #buffer: ManagedBuffer;
  #bytes: Uint8Array<ArrayBuffer>;
  #holders = 1;

  /** Takes `bytes` over, held once. They must be the only view of their buffer. */
  constructor(account: MemoryAccount, bytes: Uint8Array<ArrayBuffer>) {
    this.#buffer = new ManagedBuffer(account, bytes);
    this.#bytes = bytes;
  }

  /** The bytes; nobody writes to them. Empty once nobody holds it. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /** Who holds it. */
  get holders(): number {
    return this.#holders;
  }

  /** Holds it once more. Throws TypeError when it was given back. */
  hold(): this {
    if (this.#holders === 0) throw new TypeError("Cannot hold a segment that was given back");
    this.#holders++;
    return this;
  }

  /** Lets go of it once. Throws TypeError when nobody holds it. */
  release(): void {
    if (this.#holders === 0) throw new TypeError("Cannot release a segment twice");
    if (--this.#holders > 0) return;
    const { buffer } = this.#bytes;
    this.#buffer[Symbol.dispose]();
    this.#bytes = NO_BYTES;
    // Detaching frees the memory now: garbage of this kind would wait for tens of megabytes more.
    buffer.transfer(0);
  }
}

const NO_BYTES = new Uint8Array(0);
