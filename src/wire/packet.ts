/**
 * Packet: the unit of the wire format between packetize and depacketize, one per datagram. The top
 * bits of the first byte tell the classes of datagram apart. docs/WIRE.md is normative.
 */

import { readU16, readU32 } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";

/** Class of a datagram: the top three bits of its first byte. */
export type DatagramClass = "media" | "pointer" | "probe" | "audio" | "feedback";

/** By the top three bits; all of the first two matter but where probes and sound share them. */
const DATAGRAM_CLASSES: readonly DatagramClass[] = [
  ...["media", "media", "pointer", "pointer"] as const,
  ...["probe", "audio", "feedback", "feedback"] as const,
];

/** Bytes before the protected part of a media packet. */
export const PACKET_HEADER_BYTES = 8;
/** Bytes of the protected header that starts every source symbol. */
export const SYMBOL_HEADER_BYTES = 16;
/** All header bytes of a source packet. */
export const SOURCE_HEADER_BYTES = PACKET_HEADER_BYTES + SYMBOL_HEADER_BYTES;
/** Bytes that a repair packet adds to the header; the symbol size leaves room for them. */
export const REPAIR_HEADER_BYTES = PACKET_HEADER_BYTES + 4;
/** Largest datagram that the formats allow, above every path MTU that QUIC probes for. */
export const MAX_DATAGRAM_BYTES = 1500;
/**
 * Largest packet of a path that loses nothing, where datagrams are what the rung makes of them. Pieces
 * of this size cost as little as larger ones and hold up what follows for as short as they can.
 */
export const MAX_RELIABLE_DATAGRAM_BYTES = 8192;
/** Smallest datagram limit that a media path must offer: QUIC's minimum of 1,200 less overhead. */
export const MIN_DATAGRAM_BYTES = 1000;
/** Most packets of one frame. */
export const MAX_PACKETS_PER_FRAME = Math.ceil(MAX_FRAME_BYTES / (MIN_DATAGRAM_BYTES - 28));

/** Flag bits of the first byte of a media packet. */
export const PACKET_FLAG_REACTIVE = 0x20;
export const PACKET_FLAG_REPAIR = 0x10;
export const PACKET_FLAG_START = 0x08;
export const PACKET_FLAG_END = 0x04;
export const PACKET_FLAG_KEY = 0x02;
export const PACKET_FLAG_LONG_TERM = 0x01;

/** Coding epochs are counted modulo this: the high half of a media packet's stream byte. */
export const CODING_EPOCHS = 16;
/** Highest stream id: the low half of that byte. */
export const MAX_STREAM_ID = 15;

/** Header of a source packet. The payload follows it: the rest of the datagram. */
export interface SourcePacket {
  streamId: number;
  /** +1, modulo 16, whenever the source ids that this viewer gets start anew elsewhere. */
  epoch: number;
  /** Counts every packet sent to this viewer, modulo 2^16. */
  transportSequence: number;
  /** Counts the stream's source packets, modulo 2^32. */
  sourceId: number;
  frameId: number;
  packetIndex: number;
  packetCount: number;
  sliceIndex: number;
  referenceDistance: number;
  /** Low 32 bits of the frame's capture time in microseconds. */
  captureTimeUs: number;
  payloadBytes: number;
}

/** A packet to parse into, so that the hot path makes no objects. */
export function emptySourcePacket(): SourcePacket {
  return {
    streamId: 0,
    epoch: 0,
    transportSequence: 0,
    sourceId: 0,
    frameId: 0,
    packetIndex: 0,
    packetCount: 0,
    sliceIndex: 0,
    referenceDistance: 0,
    captureTimeUs: 0,
    payloadBytes: 0,
  };
}

/** What of a frame the header of each of its packets repeats. */
export interface SourceHeader {
  readonly streamId: number;
  /** Default 0. */
  readonly epoch?: number;
  readonly transportSequence: number;
  readonly sourceId: number;
  readonly frameId: number;
  readonly packetIndex: number;
  readonly packetCount: number;
  readonly sliceIndex: number;
  readonly referenceDistance: number;
  readonly captureTimeUs: number;
  readonly payloadBytes: number;
}

/** The class of a datagram, or undefined when it is empty. */
export function datagramClass(datagram: Uint8Array): DatagramClass | undefined {
  const first = datagram[0];
  return first === undefined ? undefined : DATAGRAM_CLASSES[first >> 5];
}

/** The stream of a media packet, source or repair; nothing else of it is looked at. */
export function mediaStreamId(datagram: Uint8Array): number {
  return (datagram[1] ?? 0) & MAX_STREAM_ID;
}

/** The second byte of a media packet. */
export function streamByte(streamId: number, epoch: number): number {
  return (epoch << 4) | streamId;
}

/** Most payload bytes of one source packet on a path whose datagrams hold `maxDatagramSize`. */
export function packetPayloadCapacity(maxDatagramSize: number): number {
  const bounded = Math.min(maxDatagramSize, MAX_RELIABLE_DATAGRAM_BYTES);
  return bounded - REPAIR_HEADER_BYTES - SYMBOL_HEADER_BYTES;
}

/** Writes the 24 header bytes of a source packet to `view` at `offset`. */
export function writeSourceHeader(view: DataView, header: SourceHeader, offset = 0): void {
  let flags = 0;
  if (header.packetIndex === 0) flags |= PACKET_FLAG_START;
  if (header.packetIndex === header.packetCount - 1) flags |= PACKET_FLAG_END;
  if (header.referenceDistance === 0) flags |= PACKET_FLAG_KEY;
  view.setUint8(offset, flags);
  view.setUint8(offset + 1, streamByte(header.streamId, header.epoch ?? 0));
  view.setUint16(offset + 2, header.transportSequence, true);
  view.setUint32(offset + 4, header.sourceId, true);
  view.setUint16(offset + 8, header.payloadBytes, true);
  view.setUint32(offset + 10, header.frameId, true);
  view.setUint16(offset + 14, header.packetIndex, true);
  view.setUint16(offset + 16, header.packetCount, true);
  view.setUint8(offset + 18, header.sliceIndex);
  view.setUint8(offset + 19, header.referenceDistance);
  view.setUint32(offset + 20, header.captureTimeUs % 0x1_0000_0000, true);
}

/**
 * Parses a source packet into `packet`. Throws ProtocolError on anything that the format does not
 * allow: a length that differs from the datagram's, an index beyond the count, flags that contradict
 * the fields.
 */
export function parseSourcePacket(
  datagram: Uint8Array,
  packet: SourcePacket = emptySourcePacket(),
): SourcePacket {
  const bytes = datagram.byteLength;
  if (bytes < SOURCE_HEADER_BYTES) refuse("truncated", `a source packet of ${bytes} bytes`);
  if (bytes > MAX_RELIABLE_DATAGRAM_BYTES) refuse("too_large", `a source packet of ${bytes} bytes`);
  const flags = datagram[0]!;
  if (flags >> 6 !== 0) refuse("unexpected", `datagram class ${flags >> 6} as a packet`);
  if ((flags & (PACKET_FLAG_REPAIR | PACKET_FLAG_REACTIVE)) !== 0) {
    refuse("unexpected", `flags ${flags} on a source packet`);
  }
  const payloadBytes = readU16(datagram, 8);
  if (payloadBytes !== bytes - SOURCE_HEADER_BYTES || payloadBytes === 0) {
    refuse("bad_value", `payload length ${payloadBytes} in a packet of ${bytes} bytes`);
  }
  const streamAndEpoch = datagram[1]!;
  const packetIndex = readU16(datagram, 14);
  const packetCount = readU16(datagram, 16);
  if (packetIndex >= packetCount || packetCount > MAX_PACKETS_PER_FRAME) {
    refuse("bad_value", `packet ${packetIndex} of ${packetCount}`);
  }
  const referenceDistance = datagram[19]!;
  const expected = (packetIndex === 0 ? PACKET_FLAG_START : 0) |
    (packetIndex === packetCount - 1 ? PACKET_FLAG_END : 0) |
    (referenceDistance === 0 ? PACKET_FLAG_KEY : 0);
  if ((flags & ~PACKET_FLAG_LONG_TERM) !== expected) {
    refuse("bad_value", `flags ${flags} on packet ${packetIndex} of ${packetCount}`);
  }
  packet.streamId = streamAndEpoch & MAX_STREAM_ID;
  packet.epoch = streamAndEpoch >> 4;
  packet.transportSequence = readU16(datagram, 2);
  packet.sourceId = readU32(datagram, 4);
  packet.frameId = readU32(datagram, 10);
  packet.packetIndex = packetIndex;
  packet.packetCount = packetCount;
  packet.sliceIndex = datagram[18]!;
  packet.referenceDistance = referenceDistance;
  packet.captureTimeUs = readU32(datagram, 20);
  packet.payloadBytes = payloadBytes;
  return packet;
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
