/**
 * FecKernel: region arithmetic over GF(2^8), polynomial 0x11D, behind one interface: WebAssembly with
 * relaxed SIMD, with SIMD, or plain TypeScript. A kernel owns one block of memory of fixed size, in
 * which the codec lays out its rings and rows; regions are named by their address in it.
 */

/** Which arithmetic a kernel uses, fastest first. */
export const FEC_KERNEL_NAMES = ["relaxed", "strict", "table"] as const;

/** Name of a kernel. */
export type FecKernelName = typeof FEC_KERNEL_NAMES[number];

/** Bytes of one entry in a list of terms: address and coefficient, 32 bits each. */
export const TERM_BYTES = 8;
/** Addresses and lengths of regions are multiples of this: one vector. */
export const REGION_ALIGNMENT = 16;

/** Arithmetic over regions of its own memory. No call allocates; none checks its arguments. */
export interface FecKernel {
  readonly name: FecKernelName;
  /** The whole memory; never grows, so views stay valid. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory as 32-bit words, for lists of terms. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** First address that the codec may use. */
  readonly arenaStart: number;
  /** Bytes that the kernel holds, tables included. */
  readonly bufferBytes: number;
  /**
   * Writes the sum of coefficient * region over the `count` terms listed at `termsAddress` to
   * `destination`, in one pass. `bytes` is a multiple of 16. A term may be the destination itself.
   */
  combine(destination: number, termsAddress: number, count: number, bytes: number): void;
  /** Adds coefficient * source to destination. `bytes` is a multiple of 16. */
  multiplyAdd(destination: number, source: number, coefficient: number, bytes: number): void;
}

/** `bytes` rounded up to whole vectors. */
export function alignRegion(bytes: number): number {
  return (bytes + REGION_ALIGNMENT - 1) & -REGION_ALIGNMENT;
}

/** Addresses of named regions of the given sizes, one after another, and their sum. */
export function layOutRegions<Name extends string>(
  sizes: Readonly<Record<Name, number>>,
): { readonly offsets: Readonly<Record<Name, number>>; readonly bytes: number } {
  let bytes = 0;
  const offsets: Partial<Record<Name, number>> = {};
  for (const name of Object.keys(sizes) as Name[]) {
    offsets[name] = bytes;
    bytes += alignRegion(sizes[name]);
  }
  return { offsets: offsets as Record<Name, number>, bytes };
}
