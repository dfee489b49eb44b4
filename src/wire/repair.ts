/**
 * Repair: the packet that carries one repair symbol between protect and recover, and the header of a
 * source packet that was recovered. A count from the wire is checked here and never sizes anything.
 */

import { readU16, readU32 } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";
import {
  MAX_DATAGRAM_BYTES,
  MAX_STREAM_ID,
  PACKET_FLAG_END,
  PACKET_FLAG_KEY,
  PACKET_FLAG_REACTIVE,
  PACKET_FLAG_REPAIR,
  PACKET_FLAG_START,
  REPAIR_HEADER_BYTES,
  streamByte,
  SYMBOL_HEADER_BYTES,
} from "./packet.ts";

export { readU16, readU32 } from "../core/bytes.ts";

/** Most source symbols that a repair symbol covers. */
export const MAX_CODING_WINDOW = 512;
/** Shortest source symbol, and so the shortest repair symbol: a header and one byte. */
export const MIN_SYMBOL_BYTES = SYMBOL_HEADER_BYTES + 1;
/** Longest source symbol: that of the largest datagram of the wire. */
export const MAX_SYMBOL_BYTES = MAX_DATAGRAM_BYTES - REPAIR_HEADER_BYTES;

/** Header of a repair packet. The coded bytes follow it: the rest of the datagram. */
export interface RepairHeader {
  streamId: number;
  /** As in the source packets that it covers; see SourcePacket. */
  epoch: number;
  /** Counts every packet sent to this viewer, modulo 2^16. */
  transportSequence: number;
  /** Newest source symbol of the coding window. */
  lastSourceId: number;
  /** Source symbols in the coding window, 1 to `MAX_CODING_WINDOW`. */
  windowLength: number;
  /** Counts repair symbols modulo 2^16, reactive ones apart. */
  repairId: number;
  /** The repair answers a report of this viewer. */
  isReactive: boolean;
}

/** A header to parse into, so that the hot path makes no objects. */
export function emptyRepairHeader(): RepairHeader {
  return {
    streamId: 0,
    epoch: 0,
    transportSequence: 0,
    lastSourceId: 0,
    windowLength: 0,
    repairId: 0,
    isReactive: false,
  };
}

/** True when a datagram of class media carries a repair symbol. */
export function isRepairPacket(datagram: Uint8Array): boolean {
  return ((datagram[0] ?? 0) & PACKET_FLAG_REPAIR) !== 0;
}

/** Writes the 12 header bytes of a repair packet to `bytes` at `offset`. */
export function writeRepairHeader(
  bytes: Uint8Array,
  header: Readonly<RepairHeader>,
  offset = 0,
): void {
  bytes[offset] = PACKET_FLAG_REPAIR | (header.isReactive ? PACKET_FLAG_REACTIVE : 0);
  bytes[offset + 1] = streamByte(header.streamId, header.epoch);
  writeU16(bytes, offset + 2, header.transportSequence);
  writeU32(bytes, offset + 4, header.lastSourceId);
  writeU16(bytes, offset + 8, header.windowLength);
  writeU16(bytes, offset + 10, header.repairId);
}

/**
 * Parses a repair packet into `header`. Throws ProtocolError on a length, flag, stream or window
 * that the format does not allow.
 */
export function parseRepairPacket(
  datagram: Uint8Array,
  header: RepairHeader = emptyRepairHeader(),
): RepairHeader {
  const bytes = datagram.byteLength;
  if (bytes < REPAIR_HEADER_BYTES + MIN_SYMBOL_BYTES) {
    refuse("truncated", `a repair packet of ${bytes} bytes`);
  }
  if (bytes > MAX_DATAGRAM_BYTES) refuse("too_large", `a repair packet of ${bytes} bytes`);
  const flags = datagram[0]!;
  if ((flags & ~PACKET_FLAG_REACTIVE) !== PACKET_FLAG_REPAIR) {
    refuse("unexpected", `flags ${flags} on a repair packet`);
  }
  const windowLength = readU16(datagram, 8);
  if (windowLength === 0 || windowLength > MAX_CODING_WINDOW) {
    refuse("bad_value", `a coding window of ${windowLength} symbols`);
  }
  header.streamId = datagram[1]! & MAX_STREAM_ID;
  header.epoch = datagram[1]! >> 4;
  header.transportSequence = readU16(datagram, 2);
  header.lastSourceId = readU32(datagram, 4);
  header.windowLength = windowLength;
  header.repairId = readU16(datagram, 10);
  header.isReactive = (flags & PACKET_FLAG_REACTIVE) !== 0;
  return header;
}

/**
 * Writes the 8 unprotected bytes of a recovered source packet in front of its symbol, which starts
 * at byte 8 of `packet`. They follow from the symbol; the transport sequence, which it lost, is 0,
 * and the long-term flag is clear.
 */
export function writeRecoveredHeader(
  packet: Uint8Array,
  ids: { readonly streamId: number; readonly epoch?: number; readonly sourceId: number },
): void {
  const packetIndex = readU16(packet, 14);
  let flags = 0;
  if (packetIndex === 0) flags |= PACKET_FLAG_START;
  if (packetIndex === readU16(packet, 16) - 1) flags |= PACKET_FLAG_END;
  if (packet[19] === 0) flags |= PACKET_FLAG_KEY;
  packet[0] = flags;
  packet[1] = streamByte(ids.streamId, ids.epoch ?? 0);
  writeU16(packet, 2, 0);
  writeU32(packet, 4, ids.sourceId);
}

function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value;
  bytes[offset + 1] = value >>> 8;
}

function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  writeU16(bytes, offset, value);
  writeU16(bytes, offset + 2, value >>> 16);
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
