/**
 * Upload journal: what is remembered of a file that has not come whole, in a small file beside its
 * part: who sends it and what it is to be. A part goes on only under the very same offer; how much of
 * it is there is what the part's own size says, because that is never ahead of the disk.
 */

import { createHash } from "node:crypto";

/** Largest journal that is read. */
const JOURNAL_BYTES_MAX = 8 * 1024;
const VERSION = 1;

/** What a viewer says of a file, and who says it. */
export interface UploadManifest {
  /** The browser that sends it: nobody else can go on with its part, or learn that there is one. */
  readonly owner: string;
  /** As it was offered. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Names a manifest: equal for equal ones only. */
export function fingerprintOf({ owner, name, bytes, modifiedMs }: UploadManifest): string {
  const text = JSON.stringify([VERSION, owner, name, bytes, modifiedMs]);
  return createHash("sha256").update(text).digest("hex");
}

/** The journal's text. */
export function encodeJournal(manifest: UploadManifest): string {
  const { name, bytes, modifiedMs } = manifest;
  const fingerprint = fingerprintOf(manifest);
  return `${JSON.stringify({ version: VERSION, fingerprint, name, bytes, modifiedMs })}\n`;
}

/** True when a journal's text is one of that manifest; false for anything else, however damaged. */
export function isJournalOf(text: string, manifest: UploadManifest): boolean {
  if (text.length > JOURNAL_BYTES_MAX) return false;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof value !== "object" || value === null) return false;
  const { version, fingerprint, bytes } = value as Record<string, unknown>;
  return version === VERSION && fingerprint === fingerprintOf(manifest) &&
    bytes === manifest.bytes;
}
