/**
 * FecDecoder: the recover step of the sentence. It keeps the last 512 source symbols of a stream and
 * the repairs that still say something about missing ones: coefficients first, then one pass over the
 * payloads. 64 missing symbols and 819,200 bytes at most; nothing is allocated per packet.
 */

import { ProtocolError } from "../core/errors.ts";
import { add32, distance32 } from "../core/sequence.ts";
import { PACKET_HEADER_BYTES, REPAIR_HEADER_BYTES, SYMBOL_HEADER_BYTES } from "../wire/packet.ts";
import {
  emptyRepairHeader,
  MAX_CODING_WINDOW,
  MIN_SYMBOL_BYTES,
  parseRepairPacket,
  readU16,
  readU32,
  writeRecoveredHeader,
} from "../wire/repair.ts";
import { coefficientOf, repairSeed } from "./coefficient.ts";
import { emptyDecoderStats } from "./fec_outcome.ts";
import type { FecDecoderStats, RepairOutcome, SourceOutcome } from "./fec_outcome.ts";
import { layOutRegions, REGION_ALIGNMENT, TERM_BYTES } from "./kernel.ts";
import type { FecKernel, FecKernelName } from "./kernel.ts";
import { createFecKernel } from "./kernel_choice.ts";
import { RecoveredQueue } from "./recovered_queue.ts";
import { RecoveryMatrix } from "./recovery_matrix.ts";
import { FEC_SYMBOL_BYTES, SymbolRing, symbolStride } from "./symbol_ring.ts";

/** Missing symbols that are looked for at a time, by default. */
export const FEC_UNKNOWNS = 64;

/** What a decoder is made of. */
export interface FecDecoderOptions {
  readonly streamId: number;
  /** Default: the fastest that runs here. */
  readonly kernel?: FecKernelName;
  /** Longest source symbol, as the encoder's; default `FEC_SYMBOL_BYTES`. */
  readonly symbolBytesMax?: number;
  /** Missing symbols at a time: a multiple of 16 up to 240; default `FEC_UNKNOWNS`. */
  readonly unknownsMax?: number;
}

/** States of a slot. */
const ABSENT = 0;
const HELD = 1;
const UNKNOWN = 2;

/** Recovers lost packets of one stream. */
export class FecDecoder {
  readonly #kernel: FecKernel;
  readonly #symbolBytesMax: number;
  readonly #stride: number;
  readonly #ring: SymbolRing;
  readonly #terms: number;
  /** Address of the coded bytes of the repair at hand, with room for its header before them. */
  readonly #coded: number;
  /** Address of the recovered packet at hand; its symbol is aligned. */
  readonly #packet: number;
  readonly #matrix: RecoveryMatrix;
  readonly #states = new Uint8Array(MAX_CODING_WINDOW);
  readonly #columns = new Uint8Array(MAX_CODING_WINDOW);
  readonly #recovered = new RecoveredQueue();
  readonly #repair = emptyRepairHeader();
  readonly #recoveredHeader: { readonly streamId: number; sourceId: number };
  readonly #stats = emptyDecoderStats();
  #newestId: number | undefined;
  /** No unknown is older than this. */
  #unknownsFrom = 0;
  #termCount = 0;
  /** The equations have changed. */
  #mayBeSolved = false;
  #view: Uint8Array;
  readonly #addRow = (row: number, factor: number): void => {
    this.#addTerm(this.#matrix.payloadOf(row), factor);
  };

  /** Throws RangeError for sizes that cannot be. */
  constructor(options: FecDecoderOptions) {
    const unknownsMax = options.unknownsMax ?? FEC_UNKNOWNS;
    this.#symbolBytesMax = options.symbolBytesMax ?? FEC_SYMBOL_BYTES;
    const stride = symbolStride(this.#symbolBytesMax);
    const { offsets, bytes } = layOutRegions({
      ring: SymbolRing.regionBytes(stride),
      payloads: unknownsMax * stride,
      coefficients: (unknownsMax + 1) * unknownsMax,
      terms: (MAX_CODING_WINDOW + unknownsMax + 1) * TERM_BYTES,
      coded: REGION_ALIGNMENT + stride,
      packet: REGION_ALIGNMENT + stride,
      term: TERM_BYTES,
    });
    this.#kernel = createFecKernel(bytes, options.kernel);
    const base = this.#kernel.arenaStart;
    this.#stride = stride;
    this.#ring = new SymbolRing(this.#kernel, base + offsets.ring, stride);
    this.#terms = base + offsets.terms;
    this.#coded = base + offsets.coded + REGION_ALIGNMENT;
    this.#packet = base + offsets.packet + REGION_ALIGNMENT - PACKET_HEADER_BYTES;
    this.#matrix = new RecoveryMatrix(this.#kernel, {
      coefficients: base + offsets.coefficients,
      payloads: base + offsets.payloads,
      term: base + offsets.term,
    }, { unknownsMax, stride });
    this.#recoveredHeader = { streamId: options.streamId, sourceId: 0 };
    this.#view = this.#kernel.bytes.subarray(this.#packet, this.#packet);
  }

  get stats(): Readonly<FecDecoderStats> {
    return this.#stats;
  }

  /** The arithmetic in use. */
  get kernelName(): FecKernelName {
    return this.#kernel.name;
  }

  /** Bytes that it holds for ever, whatever arrives. */
  get bufferBytes(): number {
    return this.#kernel.bufferBytes + this.#matrix.bufferBytes + this.#ring.bufferBytes +
      this.#states.byteLength + this.#columns.byteLength + this.#recovered.bufferBytes;
  }

  /** Independent repairs that are wanting to recover all that is missing. */
  get deficit(): number {
    return this.#matrix.columns - this.#matrix.rows;
  }

  /** Symbols that are looked for. */
  get missing(): number {
    return this.#matrix.columns;
  }

  /** The oldest symbol that is looked for, or undefined. */
  get firstMissingId(): number | undefined {
    return this.#matrix.columns === 0 ? undefined : this.#oldestUnknown();
  }

  /** True while a symbol is missing and repairs may bring it back. */
  isLookedFor(sourceId: number): boolean {
    if (this.#newestId === undefined) return false;
    const age = distance32(sourceId, this.#newestId);
    return age >= 0 && age < MAX_CODING_WINDOW &&
      this.#states[this.#ring.slotOf(sourceId)] === UNKNOWN;
  }

  /** Independent repairs kept that speak of missing symbols from `firstSourceId` on alone. */
  repairsFrom(firstSourceId: number): number {
    return this.#matrix.rowsFrom(firstSourceId);
  }

  /**
   * Forgets everything: the next symbol is `firstSourceId`, and what comes after it without it is
   * missing. Without this call the first packet pushed tells.
   */
  start(firstSourceId: number): void {
    this.#restart(add32(firstSourceId, -1));
  }

  /** Takes a source packet that `parseSourcePacket` accepted, header included. */
  pushSource(packet: Uint8Array): SourceOutcome {
    const outcome = this.#takeSource(packet);
    this.#stats.sources[outcome]++;
    if (this.#mayBeSolved) this.#takeSolved();
    return outcome;
  }

  /** Takes a datagram for which `isRepairPacket` is true. */
  pushRepair(packet: Uint8Array): RepairOutcome {
    const outcome = this.#takeRepair(packet);
    this.#stats.repairs[outcome]++;
    if (this.#mayBeSolved) this.#takeSolved();
    return outcome;
  }

  /** The next recovered source packet, header included, valid until the next call, or undefined. */
  pull(): Uint8Array | undefined {
    while (this.#recovered.size > 0) {
      const sourceId = this.#recovered.shift();
      const slot = this.#ring.slotOf(sourceId);
      const age = distance32(sourceId, this.#newestId!);
      if (age < MAX_CODING_WINDOW && this.#states[slot] === HELD) return this.#packetOf(sourceId);
      this.#stats.unread++;
    }
    return undefined;
  }

  #takeSource(packet: Uint8Array): SourceOutcome {
    const sourceId = readU32(packet, 4);
    const symbolBytes = packet.byteLength - PACKET_HEADER_BYTES;
    const isProtected = symbolBytes >= MIN_SYMBOL_BYTES && symbolBytes <= this.#symbolBytesMax;
    // Packets before the first one, in its frame, may come yet or be recovered.
    this.#newestId ??= add32(sourceId, isProtected ? -1 - readU16(packet, 14) : -1);
    const ahead = distance32(this.#newestId, sourceId);
    if (ahead <= -MAX_CODING_WINDOW) return "too_old";
    if (ahead > MAX_CODING_WINDOW) this.#restart(sourceId);
    else if (ahead > 0) this.#advance(sourceId, "received");
    const slot = this.#ring.slotOf(sourceId);
    if (this.#states[slot] === HELD) return "duplicate";
    const wasUnknown = this.#states[slot] === UNKNOWN;
    if (!isProtected) {
      if (wasUnknown) this.#abandon(slot);
      return "unprotected";
    }
    this.#ring.storePacket(slot, packet);
    this.#states[slot] = HELD;
    if (!wasUnknown) return ahead > MAX_CODING_WINDOW ? "restarted" : "accepted";
    this.#matrix.substitute(this.#columns[slot]!, this.#ring.addressOf(slot), symbolBytes);
    this.#mayBeSolved = true;
    return "filled_gap";
  }

  #takeRepair(packet: Uint8Array): RepairOutcome {
    const repair = this.#repair;
    try {
      parseRepairPacket(packet, repair);
    } catch (error) {
      if (error instanceof ProtocolError) return "malformed";
      throw error;
    }
    const codedBytes = packet.byteLength - REPAIR_HEADER_BYTES;
    const isForeign = repair.streamId !== this.#recoveredHeader.streamId;
    if (isForeign || codedBytes > this.#symbolBytesMax) return "malformed";
    if (this.#newestId === undefined) return "out_of_range";
    const ahead = distance32(this.#newestId, repair.lastSourceId);
    if (ahead >= MAX_CODING_WINDOW) return "out_of_range";
    if (ahead > 0) this.#advance(repair.lastSourceId, "missing");
    if (this.#matrix.columns === 0) return "redundant";
    const oldestHeld = add32(this.#newestId, 1 - MAX_CODING_WINDOW);
    const first = add32(repair.lastSourceId, 1 - repair.windowLength);
    if (distance32(oldestHeld, first) < 0) return "unusable";
    return this.#addEquation(packet, codedBytes);
  }

  /** Coefficients first; only a repair that says something new touches its payload. */
  #addEquation(packet: Uint8Array, codedBytes: number): RepairOutcome {
    const matrix = this.#matrix;
    const repair = this.#repair;
    const seed = repairSeed(repair.repairId, repair.isReactive);
    if (matrix.startCandidate(seed, repair) === 0) return "redundant";
    this.#termCount = 0;
    if (!matrix.reduceCandidate(this.#addRow)) return "dependent";
    for (let back = repair.windowLength - 1; back >= 0; back--) {
      const sourceId = (repair.lastSourceId - back) >>> 0;
      const slot = this.#ring.slotOf(sourceId);
      if (this.#states[slot] === UNKNOWN) continue;
      if (this.#states[slot] === ABSENT) return "unusable";
      if (this.#ring.lengthOf(slot) > codedBytes) return "inconsistent";
      this.#addTerm(this.#ring.addressOf(slot), coefficientOf(seed, sourceId));
    }
    const { bytes } = this.#kernel;
    bytes.set(packet, this.#coded - REPAIR_HEADER_BYTES);
    bytes.fill(0, this.#coded + codedBytes, this.#coded + this.#stride);
    this.#addTerm(this.#coded, 1);
    matrix.reservePayload(codedBytes);
    const row = matrix.freeRow();
    this.#kernel.combine(matrix.payloadOf(row), this.#terms, this.#termCount, matrix.payloadBytes);
    matrix.acceptCandidate(row);
    this.#mayBeSolved = true;
    return "accepted";
  }

  #addTerm(address: number, coefficient: number): void {
    const at = (this.#terms >> 2) + 2 * this.#termCount++;
    this.#kernel.words[at] = address;
    this.#kernel.words[at + 1] = coefficient;
  }

  #restart(sourceId: number): void {
    this.#stats.abandoned += this.#matrix.columns;
    this.#matrix.clear();
    this.#states.fill(ABSENT);
    this.#stats.unread += this.#recovered.clear();
    this.#newestId = sourceId;
  }

  /**
   * Moves the newest id up to `target`; what lies between is missing until it comes. It is given up
   * only when the ring has passed it or the table is full: coding windows are short while packets are
   * acknowledged, and a repair that was asked for comes a round trip later.
   */
  #advance(target: number, targetIs: "received" | "missing"): void {
    let id = this.#newestId!;
    while (id !== target) {
      id = add32(id, 1);
      const slot = this.#ring.slotOf(id);
      if (this.#states[slot] === UNKNOWN) this.#abandon(slot);
      this.#states[slot] = ABSENT;
      this.#newestId = id;
      if (id !== target || targetIs === "missing") this.#openUnknown(id, slot);
    }
  }

  #openUnknown(id: number, slot: number): void {
    const matrix = this.#matrix;
    if (matrix.columns === matrix.size) this.#abandon(this.#ring.slotOf(this.#oldestUnknown()));
    if (matrix.columns === 0) this.#unknownsFrom = id;
    this.#columns[slot] = matrix.openColumn(id);
    this.#states[slot] = UNKNOWN;
  }

  #abandon(slot: number): void {
    this.#matrix.dropColumn(this.#columns[slot]!);
    this.#states[slot] = ABSENT;
    this.#stats.abandoned++;
    this.#mayBeSolved = true;
  }

  /** Walks forward from the last answer; there is an unknown, so the walk ends. */
  #oldestUnknown(): number {
    const oldestSlotId = add32(this.#newestId!, 1 - MAX_CODING_WINDOW);
    if (distance32(this.#unknownsFrom, oldestSlotId) > 0) this.#unknownsFrom = oldestSlotId;
    while (this.#states[this.#ring.slotOf(this.#unknownsFrom)] !== UNKNOWN) {
      this.#unknownsFrom = add32(this.#unknownsFrom, 1);
    }
    return this.#unknownsFrom;
  }

  #takeSolved(): void {
    const matrix = this.#matrix;
    this.#mayBeSolved = false;
    for (let row = 0; row < matrix.size && matrix.rows > 0; row++) {
      if (!matrix.isSolved(row)) continue;
      const column = matrix.pivotOf(row);
      const sourceId = matrix.sourceIdOf(column);
      const slot = this.#ring.slotOf(sourceId);
      const symbolBytes = this.#solvedSymbolBytes(matrix.payloadOf(row));
      if (symbolBytes !== 0) {
        this.#ring.storeFrom(slot, matrix.payloadOf(row), symbolBytes);
        this.#stats.recovered++;
        if (!this.#recovered.push(sourceId)) this.#stats.unread++;
      } else this.#stats.corrupt++;
      this.#states[slot] = symbolBytes === 0 ? ABSENT : HELD;
      matrix.dropColumn(column);
    }
  }

  /** Length of the symbol at `address`, or 0 when its length or padding cannot be right. */
  #solvedSymbolBytes(address: number): number {
    const { bytes } = this.#kernel;
    const payloadBytes = readU16(bytes, address);
    const symbolBytes = SYMBOL_HEADER_BYTES + payloadBytes;
    const end = address + this.#matrix.payloadBytes;
    if (payloadBytes === 0 || symbolBytes > this.#symbolBytesMax) return 0;
    if (address + symbolBytes > end) return 0;
    for (let at = address + symbolBytes; at < end; at++) if (bytes[at] !== 0) return 0;
    return symbolBytes;
  }

  #packetOf(sourceId: number): Uint8Array {
    const { bytes } = this.#kernel;
    const slot = this.#ring.slotOf(sourceId);
    const symbol = this.#ring.addressOf(slot);
    const packetBytes = PACKET_HEADER_BYTES + this.#ring.lengthOf(slot);
    const to = this.#packet + PACKET_HEADER_BYTES;
    bytes.copyWithin(to, symbol, symbol + this.#ring.lengthOf(slot));
    if (this.#view.byteLength !== packetBytes) {
      this.#view = bytes.subarray(this.#packet, this.#packet + packetBytes);
    }
    this.#recoveredHeader.sourceId = sourceId;
    writeRecoveredHeader(this.#view, this.#recoveredHeader);
    return this.#view;
  }
}
