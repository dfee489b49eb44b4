/**
 * HeldContent: one content of a clipboard in the server process: as many bytes as were announced,
 * filled piece by piece and hashed on the way, booked from its first byte until its last user is gone.
 */

import { createHash } from "node:crypto";
import type { MemoryAccount } from "../../memory/memory_ledger.ts";
import type { ClipboardContent } from "../../session/clipboard_port.ts";
import type { ClipboardType } from "../../wire/clipboard.ts";

const PNG_SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Content and its users. Whoever makes it is the first. */
export class HeldContent implements ClipboardContent {
  readonly type: ClipboardType;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #account: MemoryAccount;
  readonly #hasher = createHash("sha256");
  #hash: Uint8Array | undefined;
  #filled = 0;
  #users = 1;

  /** Allocates and books `bytes`, which a limit was compared with before. */
  constructor(type: ClipboardType, bytes: number, account: MemoryAccount) {
    this.type = type;
    this.bytes = new Uint8Array(bytes);
    this.#account = account;
    account.allocated(bytes);
  }

  isStale = false;

  /** Bytes that came so far. */
  get filled(): number {
    return this.#filled;
  }

  get isWhole(): boolean {
    return this.#filled === this.bytes.byteLength;
  }

  /** SHA-256 of what came; nothing can be added any more. */
  get hash(): Uint8Array {
    this.#hash ??= new Uint8Array(this.#hasher.digest());
    return this.#hash;
  }

  /** False when the bytes are not of the type that they are said to be. */
  get isOfItsType(): boolean {
    if (this.type !== "png") return true;
    return PNG_SIGNATURE.every((byte, index) => this.bytes[index] === byte);
  }

  /** Appends; false, and takes nothing, when there is no room. */
  push(bytes: Uint8Array): boolean {
    if (bytes.byteLength > this.bytes.byteLength - this.#filled) return false;
    this.bytes.set(bytes, this.#filled);
    this.#hasher.update(bytes);
    this.#filled += bytes.byteLength;
    return true;
  }

  /** One user more. */
  share(): this {
    this.#users++;
    return this;
  }

  drop(): void {
    if (--this.#users === 0) this.#account.released(this.bytes.byteLength);
  }
}

/** True when two hashes are the same. */
export function isSameHash(first: Uint8Array, second: Uint8Array): boolean {
  return first.byteLength === second.byteLength && first.every((byte, at) => byte === second[at]);
}
