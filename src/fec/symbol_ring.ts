/**
 * SymbolRing: the last 512 source symbols of a stream in a kernel's memory, padded with zeros to one
 * stride, for both ends of the code. A slot is the low bits of a source id.
 */

import { PACKET_HEADER_BYTES, REPAIR_HEADER_BYTES } from "../wire/packet.ts";
import { MAX_CODING_WINDOW, MAX_SYMBOL_BYTES, MIN_SYMBOL_BYTES } from "../wire/repair.ts";
import { alignRegion, REGION_ALIGNMENT } from "./kernel.ts";
import type { FecKernel } from "./kernel.ts";

/** Longest source symbol by default: with it, the ring has 655,360 bytes. */
export const FEC_SYMBOL_BYTES = 1280;
/** Largest datagram whose symbol fits by default; a protected stream sends none above it. */
export const FEC_MAX_DATAGRAM_BYTES = FEC_SYMBOL_BYTES + REPAIR_HEADER_BYTES;

/** The stride of symbols in memory. Throws RangeError outside of what the wire allows. */
export function symbolStride(symbolBytesMax: number): number {
  if (!(symbolBytesMax >= MIN_SYMBOL_BYTES && symbolBytesMax <= MAX_SYMBOL_BYTES)) {
    throw new RangeError(`Cannot protect source symbols of ${symbolBytesMax} bytes`);
  }
  return alignRegion(symbolBytesMax);
}

/** Symbols by slot. It does not know which slots are in use. */
export class SymbolRing {
  readonly #kernel: FecKernel;
  readonly #start: number;
  readonly #stride: number;
  readonly #lengths = new Uint16Array(MAX_CODING_WINDOW);

  /** Lives at `address` in the kernel's memory, in `SymbolRing.regionBytes(stride)` bytes. */
  constructor(kernel: FecKernel, address: number, stride: number) {
    this.#kernel = kernel;
    this.#start = address + REGION_ALIGNMENT;
    this.#stride = stride;
  }

  /** Bytes that a ring needs in the kernel's memory. */
  static regionBytes(stride: number): number {
    return REGION_ALIGNMENT + MAX_CODING_WINDOW * stride;
  }

  /** Bytes held outside of the kernel. */
  get bufferBytes(): number {
    return this.#lengths.byteLength;
  }

  /** The slot of a source id. */
  slotOf(sourceId: number): number {
    return sourceId & (MAX_CODING_WINDOW - 1);
  }

  /** Address of a slot's symbol. */
  addressOf(slot: number): number {
    return this.#start + slot * this.#stride;
  }

  /** Bytes of a slot's symbol without its padding. */
  lengthOf(slot: number): number {
    return this.#lengths[slot]!;
  }

  /** Stores the symbol of a source packet, whose 8 unprotected bytes come first. */
  storePacket(slot: number, packet: Uint8Array): void {
    const { bytes, words } = this.#kernel;
    const start = this.addressOf(slot);
    // The whole packet is copied, so that no view of its symbol has to be made. Its unprotected header
    // lands on the end of the slot before, which is put back.
    const before = (start - PACKET_HEADER_BYTES) >> 2;
    const low = words[before]!;
    const high = words[before + 1]!;
    bytes.set(packet, start - PACKET_HEADER_BYTES);
    words[before] = low;
    words[before + 1] = high;
    this.#finish(slot, packet.byteLength - PACKET_HEADER_BYTES);
  }

  /** Stores a symbol that lies at `address` in the kernel's memory. */
  storeFrom(slot: number, address: number, symbolBytes: number): void {
    this.#kernel.bytes.copyWithin(this.addressOf(slot), address, address + symbolBytes);
    this.#finish(slot, symbolBytes);
  }

  #finish(slot: number, symbolBytes: number): void {
    const start = this.addressOf(slot);
    this.#kernel.bytes.fill(0, start + symbolBytes, start + this.#stride);
    this.#lengths[slot] = symbolBytes;
  }
}
