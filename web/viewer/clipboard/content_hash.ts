/**
 * Content hashes: contents of clipboards with their hash, by which the page knows what came from the
 * host. It remembers the newest `KNOWN_MAX` of them.
 */

import type { LocalContent } from "./local_clipboard.ts";
import type { PageContent } from "./clipboard_messages.ts";

/** The content with its SHA-256. */
export async function withHash({ type, bytes }: LocalContent): Promise<PageContent> {
  return { type, bytes, hash: new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)) };
}

/** Hexadecimal digits. */
export function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Older ones are no longer in anybody's clipboard. */
const KNOWN_MAX = 24;

/** What came from the host. */
export class KnownContents {
  /** Hashes, oldest first. */
  readonly #hashes = new Set<string>();

  /** Remembers a content by its hash. */
  add(hash: Uint8Array): void {
    const text = hex(hash);
    this.#hashes.delete(text);
    this.#hashes.add(text);
    const [oldest] = this.#hashes;
    if (this.#hashes.size > KNOWN_MAX && oldest !== undefined) this.#hashes.delete(oldest);
  }

  /** True when all of them came from the host. */
  async hasAll(contents: readonly LocalContent[]): Promise<boolean> {
    const hashed = await Promise.all(contents.map(withHash));
    return hashed.every(({ hash }) => this.#hashes.has(hex(hash)));
  }
}
