/**
 * FileSender: sends files as the viewer does, without a browser, for tests and benches: it keeps to what
 * is granted, can stop at any byte, and can break every rule.
 */

import { createHash } from "node:crypto";
import {
  encodeFileStreamHeader,
  FILE_CHUNK_BYTES,
  FILE_DIGEST_BYTES,
} from "../../src/wire/file_transfer.ts";
import type { PlainViewer } from "./host_process.ts";

/** A file to send. */
export interface SentFile {
  readonly name: string;
  readonly content: Uint8Array;
  readonly modifiedMs: number;
}

/** How a file is sent. */
export interface SendOptions {
  /** Stops, without a word, before this byte of the stream of data. */
  readonly cutAt?: number;
  /** What is said instead of the file's own sum. */
  readonly digest?: Uint8Array;
}

/** What became of it. */
export type SendOutcome =
  | { readonly kind: "done"; readonly name: string; readonly offset: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "cut"; readonly offset: number };

let lastTransferId = 0;

/** Offers a file and sends it. */
export async function sendFile(
  viewer: PlainViewer,
  { name, content, modifiedMs }: SentFile,
  options: SendOptions = {},
): Promise<SendOutcome> {
  const transferId = ++lastTransferId;
  const bytes = content.byteLength;
  await viewer.send({ type: "file_offer", transferId, name, bytes, modifiedMs });
  const is = (message: { transferId: number }) => message.transferId === transferId;
  const ready = await Promise.any([
    viewer.heard("file_ready", is, 20_000),
    viewer.heard("file_failed", is, 20_000),
  ]);
  if (ready.type === "file_failed") return { kind: "failed", reason: ready.reason };
  const { offset } = ready;
  const writer = (await viewer.client.openUnidirectional()).getWriter();
  writer.closed.catch(() => {});
  await writer.write(encodeFileStreamHeader({ transferId, offset }));
  const end = Math.min(bytes, options.cutAt ?? bytes);
  for (let at = offset; at < end;) {
    const from = at;
    const credit = await viewer.heard("file_credit", (message) => {
      return is(message) && message.until > from;
    }, 20_000);
    while (at < Math.min(end, credit.until)) {
      const piece = content.subarray(at, Math.min(end, credit.until, at + FILE_CHUNK_BYTES));
      await writer.write(piece);
      at += piece.byteLength;
    }
  }
  if (options.cutAt !== undefined) return { kind: "cut", offset };
  await writer.write(options.digest ?? digestOf(content));
  await writer.close();
  const last = await Promise.any([
    viewer.heard("file_done", is, 20_000),
    viewer.heard("file_failed", is, 20_000),
  ]);
  return last.type === "file_done"
    ? { kind: "done", name: last.name, offset }
    : { kind: "failed", reason: last.reason };
}

/** SHA-256. */
export function digestOf(content: Uint8Array): Uint8Array {
  const digest = new Uint8Array(createHash("sha256").update(content).digest());
  if (digest.byteLength !== FILE_DIGEST_BYTES) throw new Error("Cannot use this digest");
  return digest;
}
