/**
 * ByteLayout: the body of an answer as pieces in their order: spans of a file, and between those of a
 * multipart answer the few bytes that tell them apart. It knows its length before a byte is read.
 */

import { type ByteSpan, contentRange } from "./byte_range.ts";

/** A piece of a body: a span of the file, or bytes as they are. */
export type LayoutPiece = ByteSpan | Uint8Array<ArrayBuffer>;

/** A body that is yet to be read. */
export interface ByteLayout {
  readonly pieces: readonly LayoutPiece[];
  readonly bytes: number;
}

const encoder = new TextEncoder();

/** The spans one after the other. */
export function plainLayout(spans: readonly ByteSpan[]): ByteLayout {
  const pieces = spans.filter(({ start, end }) => end > start);
  return { pieces, bytes: bytesOf(pieces) };
}

/** The spans as parts of multipart/byteranges. */
export function multipartLayout(
  spans: readonly ByteSpan[],
  options: { boundary: string; contentType: string; fileBytes: number },
): ByteLayout {
  const { boundary, contentType, fileBytes } = options;
  const pieces = spans.flatMap((span): LayoutPiece[] => [
    encoder.encode(
      `\r\n--${boundary}\r\nContent-Type: ${contentType}\r\n` +
        `Content-Range: ${contentRange(span, fileBytes)}\r\n\r\n`,
    ),
    span,
  ]);
  pieces.push(encoder.encode(`\r\n--${boundary}--\r\n`));
  return { pieces, bytes: bytesOf(pieces) };
}

function bytesOf(pieces: readonly LayoutPiece[]): number {
  return pieces.reduce((sum, piece) => {
    return sum + (piece instanceof Uint8Array ? piece.byteLength : piece.end - piece.start);
  }, 0);
}
