/**
 * Text for C: strings that cross into the native library and come back, always with a fixed bound.
 */

/** Bytes that an error text of the native library may take, the zero included. */
export const ERROR_TEXT_BYTES = 256;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes `text` as UTF-8 with a final zero; throws `RangeError` beyond `bytesMax` bytes. */
export function encodeCText(text: string, bytesMax: number): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(text + "\0");
  if (bytes.length > bytesMax || text.includes("\0")) {
    throw new RangeError(`Text "${text}" does not fit into ${bytesMax - 1} bytes`);
  }
  return bytes;
}

/** Decodes the UTF-8 text before the first zero of `bytes`. */
export function decodeCText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}
