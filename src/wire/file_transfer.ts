/**
 * File transfer: the stream that carries one file from a viewer to the host: 13 bytes that say which
 * transfer it is and where it goes on, the bytes of the file, and its SHA-256. It says its own length
 * by the offer, so that a stream which ends early is a cut and never a shorter file.
 *
 *     0  u8   0x46
 *     1  u32  transfer id
 *     5  u64  offset of the first byte that follows
 */

import { ByteReader, ByteWriter } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";

/** First byte of a stream with a file. */
export const FILE_STREAM_PREAMBLE = 0x46;
/** Bytes before those of the file. */
export const FILE_STREAM_HEADER_BYTES = 13;
/** Bytes after them: SHA-256 of the whole file. */
export const FILE_DIGEST_BYTES = 32;
/** Most bytes that are read, hashed and sent in one go. */
export const FILE_CHUNK_BYTES = 256 * 1024;
/** Transfers of one viewer at once. */
export const FILE_TRANSFERS_MAX = 4;

/** Where a stream goes on with a file. */
export interface FileStreamHeader {
  readonly transferId: number;
  readonly offset: number;
}

/** The bytes before those of the file. */
export function encodeFileStreamHeader(
  { transferId, offset }: FileStreamHeader,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FILE_STREAM_HEADER_BYTES);
  new ByteWriter(bytes).u8(FILE_STREAM_PREAMBLE).u32(transferId).u64(offset);
  return bytes;
}

/** Reads them. Throws ProtocolError. */
export function parseFileStreamHeader(bytes: Uint8Array): FileStreamHeader {
  const reader = new ByteReader(bytes);
  const preamble = reader.u8();
  if (preamble !== FILE_STREAM_PREAMBLE) {
    throw new ProtocolError(`Cannot read a file from a stream that starts with ${preamble}`, {
      reason: "bad_value",
    });
  }
  return { transferId: reader.u32(), offset: reader.u64() };
}

/** What a piece of a stream is. */
export type FileStreamPart =
  | { readonly kind: "header"; readonly header: FileStreamHeader }
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "digest"; readonly digest: Uint8Array };

/**
 * Takes a stream apart, whatever its pieces are cut like. It holds a header or a digest, never data:
 * those are views of what was pushed.
 */
export class FileStreamReader {
  readonly #held = new Uint8Array(FILE_DIGEST_BYTES);
  #heldBytes = 0;
  #part: "header" | "data" | "digest" | "end" = "header";
  #left = 0;

  /** True once header, data and digest have come. */
  get isComplete(): boolean {
    return this.#part === "end";
  }

  /** How many bytes of data follow the header; said when the header was given. */
  expect(bytes: number): void {
    this.#left = bytes;
    this.#part = bytes > 0 ? "data" : "digest";
  }

  /** Takes a piece. Throws ProtocolError for bytes behind the end. */
  *push(piece: Uint8Array): Generator<FileStreamPart> {
    let rest = piece;
    while (rest.byteLength > 0) {
      if (this.#part === "end") {
        throw new ProtocolError("Cannot take bytes behind the end of a file", {
          reason: "too_large",
        });
      }
      if (this.#part === "data") {
        const bytes = rest.subarray(0, this.#left);
        rest = rest.subarray(bytes.byteLength);
        this.#left -= bytes.byteLength;
        if (this.#left === 0) this.#part = "digest";
        yield { kind: "data", bytes };
        continue;
      }
      const isHeader = this.#part === "header";
      rest = this.#hold(rest, isHeader ? FILE_STREAM_HEADER_BYTES : FILE_DIGEST_BYTES);
      const whole = this.#take(isHeader ? FILE_STREAM_HEADER_BYTES : FILE_DIGEST_BYTES);
      if (whole === undefined) return;
      if (isHeader) {
        yield { kind: "header", header: parseFileStreamHeader(whole) };
        continue;
      }
      this.#part = "end";
      yield { kind: "digest", digest: whole };
    }
  }

  #hold(bytes: Uint8Array, wanted: number): Uint8Array {
    const part = bytes.subarray(0, wanted - this.#heldBytes);
    this.#held.set(part, this.#heldBytes);
    this.#heldBytes += part.byteLength;
    return bytes.subarray(part.byteLength);
  }

  #take(wanted: number): Uint8Array | undefined {
    if (this.#heldBytes < wanted) return undefined;
    this.#heldBytes = 0;
    return this.#held.slice(0, wanted);
  }
}
