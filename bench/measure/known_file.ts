/**
 * KnownFile: a large file of which every byte can be computed from its place, so that whoever reads
 * any part of it can tell whether it is right. It is made once and kept for the next run.
 */

import { Buffer } from "node:buffer";

/** Bytes that are made or checked at once. */
const BLOCK_BYTES = 64 * 1024;
const WRITE_BYTES = 4 * 1024 * 1024;

/** Makes the file unless it is there. */
export async function makeKnownFile(
  path: string,
  bytes: number,
  log: (line: string) => void,
): Promise<void> {
  if (await isMade(path, bytes)) return;
  log(`Making ${path} of ${bytes} bytes, once`);
  using file = await Deno.open(`${path}.new`, { write: true, create: true, truncate: true });
  const block = new Uint8Array(WRITE_BYTES);
  for (let offset = 0; offset < bytes; offset += WRITE_BYTES) {
    const part = block.subarray(0, Math.min(WRITE_BYTES, bytes - offset));
    for (let start = 0; start < part.byteLength; start += BLOCK_BYTES) {
      const end = Math.min(part.byteLength, start + BLOCK_BYTES);
      fill(part.subarray(start, end), offset + start);
    }
    for (let written = 0; written < part.byteLength;) {
      written += await file.write(part.subarray(written));
    }
  }
  // Else the disk would write while somebody measures.
  await file.sync();
  await Deno.rename(`${path}.new`, path);
}

async function isMade(path: string, bytes: number): Promise<boolean> {
  try {
    if ((await Deno.stat(path)).size !== bytes) return false;
    using file = await Deno.open(path);
    const checker = new ContentChecker();
    const block = new Uint8Array(BLOCK_BYTES);
    for (const offset of [0, bytes - BLOCK_BYTES]) {
      await file.seek(offset, Deno.SeekMode.Start);
      const read = await file.read(block) ?? 0;
      if (read === 0 || !checker.isRight(block.subarray(0, read), offset)) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Compares what was read with what is there. */
export class ContentChecker {
  readonly #expected = new Uint8Array(BLOCK_BYTES + 8);

  /** True when `bytes` are those of the file from `offset` on. */
  isRight(bytes: Uint8Array, offset: number): boolean {
    for (let start = 0; start < bytes.byteLength; start += BLOCK_BYTES) {
      const part = bytes.subarray(start, Math.min(bytes.byteLength, start + BLOCK_BYTES));
      const place = offset + start;
      const before = place % 4;
      const words = this.#expected.subarray(0, Math.ceil((before + part.byteLength) / 4) * 4);
      fill(words, place - before);
      if (Buffer.compare(part, words.subarray(before, before + part.byteLength)) !== 0) {
        return false;
      }
    }
    return true;
  }
}

/** Writes the bytes from `offset` on; both ends are at multiples of four. */
function fill(bytes: Uint8Array, offset: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const first = offset / 4;
  for (let index = 0; index < words.length; index++) {
    // The finaliser of a hash: each place has a word of its own.
    let word = Math.imul(first + index, 0x9e3779b1);
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    words[index] = word ^ (word >>> 13);
  }
}
