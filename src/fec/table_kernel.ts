/**
 * TableKernel: region arithmetic in plain TypeScript, for runtimes without WebAssembly SIMD. One
 * look-up per byte in a table of all products (64 KiB, built once per kernel), four bytes at a time.
 */

import { multiply } from "./galois_field.ts";
import type { FecKernel } from "./kernel.ts";

const FIELD_SIZE = 256;

/** A kernel without WebAssembly. */
export class TableKernel implements FecKernel {
  readonly name = "table";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly arenaStart = 0;
  readonly #products = new Uint8Array(FIELD_SIZE * FIELD_SIZE);

  /** Has `arenaBytes`, a multiple of 16, for the codec. */
  constructor(arenaBytes: number) {
    this.bytes = new Uint8Array(arenaBytes);
    this.words = new Uint32Array(this.bytes.buffer);
    for (let left = 0; left < FIELD_SIZE; left++) {
      for (let right = 0; right < FIELD_SIZE; right++) {
        this.#products[left * FIELD_SIZE + right] = multiply(left, right);
      }
    }
  }

  get bufferBytes(): number {
    return this.bytes.byteLength + this.#products.byteLength;
  }

  combine(destination: number, termsAddress: number, count: number, bytes: number): void {
    const { words } = this;
    const terms = termsAddress >> 2;
    let scaleInPlace = 0;
    for (let term = 0; term < count; term++) {
      if (words[terms + 2 * term] === destination) scaleInPlace ^= words[terms + 2 * term + 1]!;
    }
    this.#scale(destination, scaleInPlace, bytes);
    for (let term = 0; term < count; term++) {
      const address = words[terms + 2 * term]!;
      if (address === destination) continue;
      this.multiplyAdd(destination, address, words[terms + 2 * term + 1]!, bytes);
    }
  }

  multiplyAdd(destination: number, source: number, coefficient: number, bytes: number): void {
    const { words } = this;
    const products = this.#products;
    const row = coefficient * FIELD_SIZE;
    const end = (destination + bytes) >> 2;
    for (let to = destination >> 2, from = source >> 2; to < end; to++, from++) {
      const word = words[from]!;
      words[to]! ^= products[row | (word & 255)]! | (products[row | (word >>> 8 & 255)]! << 8) |
        (products[row | (word >>> 16 & 255)]! << 16) | (products[row | (word >>> 24)]! << 24);
    }
  }

  #scale(destination: number, coefficient: number, bytes: number): void {
    if (coefficient === 1) return;
    if (coefficient === 0) {
      this.bytes.fill(0, destination, destination + bytes);
      return;
    }
    const row = coefficient * FIELD_SIZE;
    for (let at = destination; at < destination + bytes; at++) {
      this.bytes[at] = this.#products[row | this.bytes[at]!]!;
    }
  }
}
