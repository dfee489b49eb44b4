/**
 * RecoveryPath: joins recover and reorder for one stream: source and repair packets in any order go
 * in, source packets in order come out, and what is missing is known. Memory: the FEC decoder (819,200
 * bytes), the reorder window (1.5 MB) and the loss detector, all taken at the first packet; a rung that
 * loses nothing has no decoder and a window of 1 MB.
 */

import { ProtocolError } from "../core/errors.ts";
import { add32, distance32 } from "../core/sequence.ts";
import { FecDecoder } from "../fec/fec_decoder.ts";
import { LossDetector } from "../reorder/loss_detector.ts";
import { ReorderBuffer } from "../reorder/reorder_buffer.ts";
import {
  CODING_EPOCHS,
  emptySourcePacket,
  MAX_RELIABLE_DATAGRAM_BYTES,
  parseSourcePacket,
} from "../wire/packet.ts";
import type { SourcePacket } from "../wire/packet.ts";
import type { RepairHeader } from "../wire/repair.ts";

/** The rest of a frame counts as missing when nothing came for this many times the usual spacing. */
const TAIL_SPACINGS = 4;
/** How fast a large spacing is forgotten, per packet. */
const SPACING_FADE = 1 - 1 / 64;
/**
 * Epochs that look older are newer when the epoch at hand has been quiet for this long: a sender may
 * have counted on while nothing came through.
 */
export const EPOCH_QUIET_US = 500_000;

/** What is waited for. */
export interface Gap {
  /** First id that is missing. */
  firstId: number;
  /** One past the last id that is known to have been sent. */
  endId: number;
  /** When something that was sent later arrived. */
  sinceUs: number;
  /** From when on it is lost rather than late. */
  lostAtUs: number;
}

/** A gap to write into, so that looking for one makes no object. */
export function emptyGap(): Gap {
  return { firstId: 0, endId: 0, sinceUs: 0, lostAtUs: 0 };
}

/** What is missing, as feedback says it. */
export interface MissingRange {
  readonly firstId: number;
  /** Ids from the first to the last missing one. */
  readonly length: number;
  /** Independent repairs that are wanting. */
  readonly deficit: number;
}

/** Counters of a recovery path. */
export interface RecoveryStats {
  /** Source packets that repairs brought back in time to be used. */
  recovered: number;
  /** Source packets that were given up: they neither came in time nor were recovered. */
  lost: number;
  repairsReceived: number;
  /** Repairs that said nothing new, or that could not be used. */
  repairsUnused: number;
  /** Packets of an epoch that is over. */
  stale: number;
  /** Recovered packets that break the format: a repair was wrong. */
  corrupt: number;
}

/** What a recovery path is made of. */
export interface RecoveryPathOptions {
  /** Hears of each packet that a repair brought back, which is valid during the call. */
  readonly onRecovered: (packet: Readonly<SourcePacket>) => void;
  /** The rung keeps order and loses nothing: no repairs come, and what is missing never will. */
  readonly isReliable?: boolean;
}

/** Packets that wait to be taken on a path that keeps order: a megabyte of the longest. */
const RELIABLE_WINDOW_PACKETS = 128;

/** Brings the source packets of one stream back into order. */
export class RecoveryPath {
  readonly #streamId: number;
  readonly #onRecovered: (packet: Readonly<SourcePacket>) => void;
  readonly #isReliable: boolean;
  readonly #stats: RecoveryStats = {
    recovered: 0,
    lost: 0,
    repairsReceived: 0,
    repairsUnused: 0,
    stale: 0,
    corrupt: 0,
  };
  readonly #detector = new LossDetector();
  readonly #recovered = emptySourcePacket();
  readonly #gap = emptyGap();
  #decoder: FecDecoder | undefined;
  #reorder: ReorderBuffer | undefined;
  #epoch: number | undefined;
  /** One past the last id of the newest frame, as its packets tell. */
  #frameEndId = 0;
  #lastArrivalUs = 0;
  /** Newest id that the decoder was told of. */
  #codedId = 0;
  /** Largest time between two packets of a frame, of late. */
  #spacingUs = 0;

  constructor(streamId: number, options: RecoveryPathOptions) {
    this.#streamId = streamId;
    this.#onRecovered = options.onRecovered;
    this.#isReliable = options.isReliable === true;
  }

  get stats(): Readonly<RecoveryStats> {
    this.#stats.lost = this.#reorder?.stats.skipped ?? 0;
    return this.#stats;
  }

  /** Coding epoch of the packets at hand; 0 before the first. */
  get epoch(): number {
    return this.#epoch ?? 0;
  }

  /** Most packets that waited for order at once since the last call. */
  takeReorderPeak(): number {
    return this.#reorder?.takePeak() ?? 0;
  }

  /** Bytes held, whatever arrives. */
  get bufferBytes(): number {
    return (this.#decoder?.bufferBytes ?? 0) + (this.#reorder?.bufferBytes ?? 0) +
      this.#detector.bufferBytes;
  }

  /** Takes a source packet: `packet` is `datagram` parsed. */
  pushSource(packet: SourcePacket, datagram: Uint8Array, nowUs: number): void {
    const { sourceId, packetIndex, packetCount } = packet;
    // An epoch starts with the first packet of a frame, which may have been lost or be late.
    const frameStartId = add32(sourceId, -packetIndex);
    if (!this.#enter(packet.epoch, frameStartId, nowUs)) return;
    const frameEndId = add32(frameStartId, packetCount);
    if (frameEndId === this.#frameEndId) {
      const spacingUs = nowUs - this.#lastArrivalUs;
      this.#spacingUs = Math.max(spacingUs, this.#spacingUs * SPACING_FADE);
    } else if (distance32(this.#frameEndId, frameEndId) > 0) this.#frameEndId = frameEndId;
    this.#lastArrivalUs = nowUs;
    this.#detector.noteArrival(sourceId, nowUs);
    this.#decoder?.pushSource(datagram);
    this.#noteCoded(sourceId);
    this.#reorder!.push(sourceId, datagram);
    this.#takeRecovered();
  }

  /** Takes a repair packet: `repair` is the header of `datagram`. */
  pushRepair(repair: RepairHeader, datagram: Uint8Array, nowUs: number): void {
    this.#stats.repairsReceived++;
    const windowStartId = add32(repair.lastSourceId, 1 - repair.windowLength);
    // Windows never reach back over the start of an epoch, so that one can stand for a lost start.
    if (!this.#enter(repair.epoch, windowStartId, nowUs)) return;
    this.#lastArrivalUs = nowUs;
    const outcome = this.#decoder?.pushRepair(datagram) ?? "out_of_range";
    if (outcome !== "accepted") this.#stats.repairsUnused++;
    if (outcome !== "out_of_range" && outcome !== "malformed") {
      this.#detector.noteSent(repair.lastSourceId, nowUs);
      this.#noteCoded(repair.lastSourceId);
    }
    this.#takeRecovered();
  }

  /** The next source packet in order, valid until the next push, or undefined. */
  pull(): Uint8Array | undefined {
    return this.#reorder?.pull();
  }

  /** What `pull` waits for, written to `gap`, or undefined when nothing is known to be missing. */
  gap(nowUs: number, gap: Gap = emptyGap()): Readonly<Gap> | undefined {
    const reorder = this.#reorder;
    const tailUs = this.tailLostUs;
    if (tailUs !== undefined && nowUs >= tailUs) {
      this.#detector.noteSent(add32(this.#frameEndId, -1), this.#lastArrivalUs);
    }
    if (reorder === undefined || reorder.has(reorder.nextId)) return undefined;
    gap.firstId = reorder.nextId;
    gap.endId = add32(this.#detector.newestId, 1);
    if (distance32(gap.firstId, gap.endId) > 0) {
      // What is too old to be remembered is lost for long.
      gap.sinceUs = this.#detector.missingSinceUs(gap.firstId) ?? -Infinity;
      gap.lostAtUs = gap.sinceUs + (this.#isReliable ? 0 : this.#detector.toleranceUs(nowUs));
      return gap;
    }
    if (distance32(gap.firstId, this.#frameEndId) <= 0) return undefined;
    gap.endId = this.#frameEndId;
    gap.sinceUs = this.#lastArrivalUs;
    gap.lostAtUs = tailUs ?? gap.sinceUs;
    return gap;
  }

  /** When it will be known whether what `pull` waits for is lost; undefined when it is known. */
  knownAtUs(nowUs: number): number | undefined {
    const gap = this.gap(nowUs, this.#gap);
    if (gap === undefined) return undefined;
    const knownUs = Math.max(gap.lostAtUs, this.tailLostUs ?? 0);
    return knownUs > nowUs ? knownUs : undefined;
  }

  /** When the rest of the newest frame is lost rather than under way; undefined when it has come. */
  get tailLostUs(): number | undefined {
    if (this.#reorder === undefined) return undefined;
    if (distance32(this.#detector.newestId, this.#frameEndId) <= 1) return undefined;
    const toleranceUs = this.#detector.toleranceUs(this.#lastArrivalUs);
    return this.#lastArrivalUs + Math.max(TAIL_SPACINGS * this.#spacingUs, toleranceUs);
  }

  /** True when no repair can bring `sourceId` back any more. */
  isHopeless(sourceId: number): boolean {
    // What was sent after the newest id that the decoder knows can still be repaired.
    return distance32(sourceId, this.#codedId) >= 0 &&
      this.#decoder?.isLookedFor(sourceId) !== true;
  }

  /** What is lost rather than late, or undefined. */
  missing(nowUs: number): MissingRange | undefined {
    const gap = this.gap(nowUs, this.#gap);
    if (gap === undefined || nowUs < gap.lostAtUs) return undefined;
    const reorder = this.#reorder!;
    const span = Math.min(distance32(gap.firstId, gap.endId), reorder.capacity);
    let length = 0;
    let count = 0;
    for (let offset = 0; offset < span; offset++) {
      if (reorder.has(add32(gap.firstId, offset))) continue;
      length = offset + 1;
      count++;
    }
    const repairs = this.#decoder?.repairsFrom(gap.firstId) ?? 0;
    const deficit = Math.max(0, count - repairs);
    return { firstId: gap.firstId, length, deficit };
  }

  /** The first held packet of `pull`'s window after `sourceId`, or undefined; it stays held. */
  peekAfter(sourceId: number): { readonly id: number; readonly packet: Uint8Array } | undefined {
    const reorder = this.#reorder;
    if (reorder === undefined) return undefined;
    for (let id = add32(sourceId, 1); distance32(id, reorder.newestId) >= 0; id = add32(id, 1)) {
      const packet = reorder.peek(id);
      if (packet !== undefined) return { id, packet };
    }
    return undefined;
  }

  /** True when all of `length` ids from `firstId` on are held. */
  holds(firstId: number, length: number): boolean {
    const reorder = this.#reorder;
    if (reorder === undefined || length > reorder.capacity) return false;
    for (let offset = 0; offset < length; offset++) {
      if (!reorder.has(add32(firstId, offset))) return false;
    }
    return true;
  }

  /** Gives up all before `sourceId`. */
  skipTo(sourceId: number): void {
    this.#reorder?.skipTo(sourceId);
  }

  /** Gives up the missing ids up to the first packet held, or all of them. */
  skipGap(gap: Readonly<Gap>): void {
    if (this.#reorder?.skipGap() === 0) this.skipTo(gap.endId);
  }

  /** False for a packet of an epoch that is over; a new one starts at `firstId`. */
  #enter(epoch: number, firstId: number, nowUs: number): boolean {
    const ahead = this.#epoch === undefined ? 1 : (epoch - this.#epoch) & (CODING_EPOCHS - 1);
    if (ahead === 0) return true;
    if (ahead > CODING_EPOCHS / 2 && nowUs - this.#lastArrivalUs < EPOCH_QUIET_US) {
      this.#stats.stale++;
      return false;
    }
    this.#epoch = epoch;
    this.#frameEndId = firstId;
    this.#detector.restart(firstId);
    this.#codedId = add32(firstId, -1);
    if (!this.#isReliable) this.#decoder ??= new FecDecoder({ streamId: this.#streamId });
    this.#decoder?.start(firstId);
    if (this.#reorder === undefined) this.#reorder = this.#makeReorder(firstId);
    else this.#reorder.restart(firstId);
    return true;
  }

  #makeReorder(firstId: number): ReorderBuffer {
    if (!this.#isReliable) return new ReorderBuffer(firstId);
    const slotBytes = MAX_RELIABLE_DATAGRAM_BYTES;
    return new ReorderBuffer(firstId, RELIABLE_WINDOW_PACKETS, { slotBytes });
  }

  #noteCoded(sourceId: number): void {
    if (distance32(this.#codedId, sourceId) > 0) this.#codedId = sourceId;
  }

  #takeRecovered(): void {
    const decoder = this.#decoder;
    if (decoder === undefined) return;
    for (let bytes = decoder.pull(); bytes !== undefined; bytes = decoder.pull()) {
      const packet = parseRecovered(bytes, this.#recovered);
      if (packet === undefined) {
        this.#stats.corrupt++;
        continue;
      }
      if (this.#reorder!.push(packet.sourceId, bytes) !== "accepted") continue;
      this.#stats.recovered++;
      this.#onRecovered(packet);
    }
  }
}

function parseRecovered(bytes: Uint8Array, packet: SourcePacket): SourcePacket | undefined {
  try {
    return parseSourcePacket(bytes, packet);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
