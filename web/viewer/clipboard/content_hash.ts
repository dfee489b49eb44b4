/**
 * Content hashes: contents of clipboards with their hash, by which both sides know what came from the
 * other one. Pure functions.
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
