/**
 * StreamingFecEncoder: the protect step of the sentence. It keeps the last 512 source symbols of a
 * stream and makes repair packets over a sliding window of them (systematic random linear code over
 * GF(2^8)). All memory is taken at the start; nothing is allocated per packet.
 */

import { add32, distance32 } from "../core/sequence.ts";
import {
  PACKET_FLAG_END,
  PACKET_FLAG_START,
  PACKET_HEADER_BYTES,
  REPAIR_HEADER_BYTES,
} from "../wire/packet.ts";
import {
  emptyRepairHeader,
  MAX_CODING_WINDOW,
  MIN_SYMBOL_BYTES,
  readU32,
  writeRepairHeader,
} from "../wire/repair.ts";
import { coefficientOf, repairSeed } from "./coefficient.ts";
import { CodingWindow } from "./coding_window.ts";
import type { CodingWindowBounds } from "./coding_window.ts";
import { alignRegion, layOutRegions, REGION_ALIGNMENT, TERM_BYTES } from "./kernel.ts";
import type { FecKernel, FecKernelName } from "./kernel.ts";
import { createFecKernel } from "./kernel_choice.ts";
import { RepairSchedule } from "./repair_schedule.ts";
import type { MinRepairs } from "./repair_schedule.ts";
import { FEC_SYMBOL_BYTES, SymbolRing, symbolStride } from "./symbol_ring.ts";

/** What became of a source packet. */
export type ProtectOutcome =
  | "accepted"
  /** Its id does not follow the last one, so that the window starts anew with it. */
  | "restarted"
  /** Too short or too long to protect; the window starts anew after it. */
  | "unprotected";

/** Counters of an encoder. */
export interface FecEncoderStats {
  sourceSymbols: number;
  restarts: number;
  unprotected: number;
  repairs: number;
  reactiveRepairs: number;
  repairBytes: number;
}

/** What an encoder is made of. */
export interface FecEncoderOptions extends CodingWindowBounds {
  readonly streamId: number;
  /** Default: the fastest that runs here. */
  readonly kernel?: FecKernelName;
  /** Longest source symbol, up to `MAX_SYMBOL_BYTES`; default `FEC_SYMBOL_BYTES`. */
  readonly symbolBytesMax?: number;
}

/** A range of source ids, both included; it may wrap. */
export interface SourceRange {
  readonly firstSourceId: number;
  readonly lastSourceId: number;
}

/** Protects the packets of one stream. */
export class StreamingFecEncoder {
  readonly #kernel: FecKernel;
  readonly #symbolBytesMax: number;
  readonly #ring: SymbolRing;
  readonly #terms: number;
  /** Address of the repair packet; its coded bytes are aligned, its header is not. */
  readonly #packet: number;
  readonly #window: CodingWindow;
  readonly #schedule = new RepairSchedule();
  readonly #header = emptyRepairHeader();
  readonly #stats: FecEncoderStats = {
    sourceSymbols: 0,
    restarts: 0,
    unprotected: 0,
    repairs: 0,
    reactiveRepairs: 0,
    repairBytes: 0,
  };
  #newestId = -1;
  /** Oldest symbol in the ring. */
  #ringStartId = 0;
  #repairId = 0;
  #reactiveId = 0;
  #view: Uint8Array;

  /** Throws RangeError for bounds that the wire does not allow. */
  constructor(options: FecEncoderOptions) {
    const { streamId } = options;
    if (!Number.isInteger(streamId) || streamId < 0 || streamId > 15) {
      throw new RangeError(`Cannot protect stream ${streamId}: expected 0-15`);
    }
    this.#symbolBytesMax = options.symbolBytesMax ?? FEC_SYMBOL_BYTES;
    const stride = symbolStride(this.#symbolBytesMax);
    const { offsets, bytes } = layOutRegions({
      ring: SymbolRing.regionBytes(stride),
      terms: MAX_CODING_WINDOW * TERM_BYTES,
      packet: REGION_ALIGNMENT + stride,
    });
    this.#kernel = createFecKernel(bytes, options.kernel);
    const base = this.#kernel.arenaStart;
    this.#ring = new SymbolRing(this.#kernel, base + offsets.ring, stride);
    this.#terms = base + offsets.terms;
    this.#packet = base + offsets.packet + REGION_ALIGNMENT - REPAIR_HEADER_BYTES;
    this.#window = new CodingWindow(options);
    this.#header.streamId = streamId;
    this.#view = this.#kernel.bytes.subarray(this.#packet, this.#packet);
  }

  get stats(): Readonly<FecEncoderStats> {
    return this.#stats;
  }

  /** The arithmetic in use. */
  get kernelName(): FecKernelName {
    return this.#kernel.name;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#kernel.bufferBytes + this.#ring.bufferBytes;
  }

  /** Symbols that the next repair covers. */
  get windowLength(): number {
    return this.#window.length;
  }

  /** Repair packets per source packet from now on, 0 to 0.5. */
  setRedundancy(redundancy: number): void {
    if (!(redundancy >= 0 && redundancy <= 0.5)) {
      throw new RangeError(`Cannot use a redundancy of ${redundancy}`);
    }
    this.#schedule.redundancy = redundancy;
  }

  /** Repairs that each frame gets at least, when frames must be on time on a lossy path. */
  setMinRepairsPerFrame(repairs: MinRepairs): void {
    this.#schedule.minRepairsPerFrame = repairs;
  }

  /** The round trip in frames as reports tell it; the window widens accordingly. */
  setRoundTrip(frames: number): void {
    this.#window.setRoundTrip(frames);
  }

  /** Symbols up to `sourceId` were received or given up, so that repairs need not cover them. */
  acknowledge(sourceId: number): void {
    this.#window.acknowledge(sourceId);
  }

  /**
   * Takes the next source packet, header included, in the order of ids. After its frame's last packet
   * repairs may be due: call `pullRepair` until it returns undefined.
   */
  push(packet: Uint8Array): ProtectOutcome {
    const sourceId = readU32(packet, 4);
    const symbolBytes = packet.byteLength - PACKET_HEADER_BYTES;
    let outcome: ProtectOutcome = "accepted";
    if (sourceId !== add32(this.#newestId, 1) || this.#stats.sourceSymbols === 0) {
      if (this.#stats.sourceSymbols > 0) this.#stats.restarts++;
      this.#restart(sourceId);
      outcome = "restarted";
    }
    this.#newestId = sourceId;
    this.#stats.sourceSymbols++;
    if (symbolBytes < MIN_SYMBOL_BYTES || symbolBytes > this.#symbolBytesMax) {
      this.#stats.unprotected++;
      this.#restart(add32(sourceId, 1));
      return "unprotected";
    }
    if (distance32(this.#ringStartId, sourceId) >= MAX_CODING_WINDOW) {
      this.#ringStartId = add32(sourceId, 1 - MAX_CODING_WINDOW);
    }
    this.#ring.storePacket(this.#ring.slotOf(sourceId), packet);
    const flags = packet[0]!;
    this.#window.push(sourceId, (flags & PACKET_FLAG_START) !== 0);
    this.#schedule.push((flags & PACKET_FLAG_END) !== 0);
    return outcome;
  }

  /** The next repair packet that is due, valid until the next call, or undefined. */
  pullRepair(transportSequence: number): Uint8Array | undefined {
    if (!this.#schedule.take()) return undefined;
    const repair = this.makeRepair(transportSequence);
    if (repair === undefined) this.#schedule.clear();
    return repair;
  }

  /**
   * A repair packet over the window of now, whatever is due: for who keeps schedules of its own.
   * Valid until the next call; undefined when the window is empty.
   */
  makeRepair(transportSequence: number): Uint8Array | undefined {
    const length = this.#window.length;
    if (length === 0) return undefined;
    this.#header.isReactive = false;
    this.#header.repairId = this.#repairId;
    this.#repairId = (this.#repairId + 1) & 0xffff;
    this.#header.transportSequence = transportSequence;
    this.#stats.repairs++;
    return this.#encode(this.#newestId, length);
  }

  /**
   * A repair packet over `range` alone, for the viewer that reported it, valid until the next call.
   * Undefined when the ring holds no symbol of the range any more.
   */
  pullReactiveRepair(range: SourceRange, transportSequence: number): Uint8Array | undefined {
    const beyond = distance32(range.lastSourceId, this.#newestId) < 0;
    const last = beyond ? this.#newestId : range.lastSourceId;
    const oldest = this.#ringStartId;
    const first = distance32(oldest, range.firstSourceId) < 0 ? oldest : range.firstSourceId;
    const length = distance32(first, last) + 1;
    if (length < 1 || length > MAX_CODING_WINDOW) return undefined;
    this.#header.isReactive = true;
    this.#header.repairId = this.#reactiveId;
    this.#reactiveId = (this.#reactiveId + 1) & 0xffff;
    this.#header.transportSequence = transportSequence;
    this.#stats.reactiveRepairs++;
    return this.#encode(last, length);
  }

  #restart(firstId: number): void {
    this.#ringStartId = firstId;
    this.#window.restart(firstId);
    this.#schedule.clear();
  }

  #encode(lastSourceId: number, windowLength: number): Uint8Array {
    const { words } = this.#kernel;
    const ring = this.#ring;
    const header = this.#header;
    header.lastSourceId = lastSourceId;
    header.windowLength = windowLength;
    const seed = repairSeed(header.repairId, header.isReactive);
    let codedBytes = 0;
    let term = this.#terms >> 2;
    for (let back = windowLength - 1; back >= 0; back--) {
      const sourceId = (lastSourceId - back) >>> 0;
      const slot = ring.slotOf(sourceId);
      const length = ring.lengthOf(slot);
      if (length > codedBytes) codedBytes = length;
      words[term++] = ring.addressOf(slot);
      words[term++] = coefficientOf(seed, sourceId);
    }
    const coded = this.#packet + REPAIR_HEADER_BYTES;
    this.#kernel.combine(coded, this.#terms, windowLength, alignRegion(codedBytes));
    writeRepairHeader(this.#kernel.bytes, header, this.#packet);
    const packetBytes = REPAIR_HEADER_BYTES + codedBytes;
    this.#stats.repairBytes += packetBytes;
    // Repairs of one stream have mostly one length, so the view is mostly the last one.
    if (this.#view.byteLength !== packetBytes) {
      this.#view = this.#kernel.bytes.subarray(this.#packet, this.#packet + packetBytes);
    }
    return this.#view;
  }
}
