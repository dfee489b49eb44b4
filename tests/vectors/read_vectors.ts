/** Reads the test vectors of docs/WIRE.md: JSON files beside this one, bytes in hexadecimal. */

/** One vector: the bytes and what they mean. */
export interface Vector {
  readonly name: string;
  readonly bytes: string;
  readonly fields: unknown;
}

/** The vectors of one file in tests/vectors. */
export async function readVectors(file: string): Promise<Vector[]> {
  return JSON.parse(await Deno.readTextFile(new URL(file, import.meta.url)));
}

/** Bytes from hexadecimal text. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Hexadecimal text of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
