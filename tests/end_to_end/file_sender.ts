/**
 * FileSender: sends files as the viewer does, without a browser, for tests and benches: it keeps
 * to what is granted, can stop at any byte, and can break every rule.
 */

import { createHash } from "node:crypto";
import {
  encodeFileStreamHeader,
  FILE_CHUNK_BYTES,
  FILE_DIGEST_BYTES,
} from "../../src/wire/file_transfer.ts";
import type { ServerMessage } from "../../src/wire/control.ts";
import { type PlainViewer, until } from "./host_process.ts";

type FileMessage = Extract<ServerMessage, { transferId: number }>;

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
  /** All of it was sent before. */
  readonly isRepeat?: boolean;
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
  const { isRepeat = false } = options;
  await viewer.send({ type: "file_offer", transferId, name, bytes, modifiedMs, isRepeat });
  const is = (message: { transferId: number }) => message.transferId === transferId;
  const ready = await answerOf(viewer, transferId, ["file_ready", "file_done", "file_failed"]);
  if (ready.type === "file_failed") return { kind: "failed", reason: ready.reason };
  if (ready.type === "file_done") return { kind: "done", name: ready.name, offset: bytes };
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
  const last = await answerOf(viewer, transferId, ["file_done", "file_failed"]);
  return last.type === "file_done"
    ? { kind: "done", name: last.name, offset }
    : { kind: "failed", reason: last.reason };
}

/** What the host says of a transfer, of one of those types. */
function answerOf<T extends FileMessage["type"]>(
  viewer: PlainViewer,
  transferId: number,
  types: readonly T[],
): Promise<Extract<FileMessage, { type: T }>> {
  type Wanted = Extract<FileMessage, { type: T }>;
  return until(
    () =>
      viewer.said.findLast((message): message is Wanted => {
        return (types as readonly string[]).includes(message.type) &&
          (message as Wanted).transferId === transferId;
      }),
    types.join(" or "),
    20_000,
  );
}

/** SHA-256. */
export function digestOf(content: Uint8Array): Uint8Array {
  const digest = new Uint8Array(createHash("sha256").update(content).digest());
  if (digest.byteLength !== FILE_DIGEST_BYTES) throw new Error("Cannot use this digest");
  return digest;
}
