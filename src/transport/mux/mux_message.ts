/**
 * mux_message: the messages of a MuxConnection, each a kind byte and little-endian fields, as section
 * "Mux" of docs/WIRE.md has them. Reading allocates nothing that a peer claims: data is a view.
 */

import { readU32 } from "../../core/bytes.ts";
import { CLOSE_REASON_BYTES_MAX } from "../close_reason.ts";

/** Largest message: every browser's SCTP takes it whole. */
export const MUX_MESSAGE_BYTES_MAX = 16_384;
/** Kind and stream id in front of data. */
export const MUX_DATA_HEADER_BYTES = 5;
/** Most bytes of a stream in one message. */
export const MUX_PIECE_BYTES_MAX = MUX_MESSAGE_BYTES_MAX - MUX_DATA_HEADER_BYTES;
/** Largest datagram of a channel without a side path: a message less its kind. */
export const MUX_DATAGRAM_BYTES_MAX = MUX_MESSAGE_BYTES_MAX - 1;

/** The first byte of each message. */
export const MUX_KIND = {
  open: 0x01,
  data: 0x02,
  end: 0x03,
  reset: 0x04,
  stop: 0x05,
  window: 0x06,
  streams: 0x07,
  datagram: 0x08,
  close: 0x09,
  broken: 0x0a,
} as const;

/** Bytes of each message: exactly `bytes`, or from `bytes` on where it is open-ended. */
const LENGTHS: Readonly<Record<number, { readonly bytes: number; readonly isOpen?: true }>> = {
  [MUX_KIND.open]: { bytes: 5 },
  [MUX_KIND.data]: { bytes: MUX_DATA_HEADER_BYTES + 1, isOpen: true },
  [MUX_KIND.end]: { bytes: 5 },
  [MUX_KIND.reset]: { bytes: 9 },
  [MUX_KIND.stop]: { bytes: 9 },
  [MUX_KIND.window]: { bytes: 9 },
  [MUX_KIND.streams]: { bytes: 6 },
  [MUX_KIND.datagram]: { bytes: 1, isOpen: true },
  [MUX_KIND.close]: { bytes: 5, isOpen: true },
  [MUX_KIND.broken]: { bytes: 1, isOpen: true },
};

/** What is wrong with the form of `bytes`, or undefined when it is a message. */
export function muxMessageFault(bytes: Uint8Array): string | undefined {
  if (bytes.length > MUX_MESSAGE_BYTES_MAX) return `Message of ${bytes.length} bytes`;
  const kind = bytes[0];
  const length = kind === undefined ? undefined : LENGTHS[kind];
  if (length === undefined) return `Message of kind ${kind}`;
  const isWhole = length.isOpen ? bytes.length >= length.bytes : bytes.length === length.bytes;
  return isWhole ? undefined : `Message of kind ${kind} with ${bytes.length} bytes`;
}

/** The stream that a message of `open` to `window` names. */
export function muxStreamId(bytes: Uint8Array): number {
  return readU32(bytes, 1);
}

/** The number behind the stream id: a code, or bytes of credit. */
export function muxValue(bytes: Uint8Array): number {
  return readU32(bytes, 5);
}

/** The data of `data`; shares memory with the message. */
export function muxData(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(MUX_DATA_HEADER_BYTES);
}

const decoder = new TextDecoder();

/** Code and reason of `close`; of `broken` the code is 0. A reason too long is cut. */
export function muxEnding(bytes: Uint8Array): { readonly code: number; readonly reason: string } {
  const isClose = bytes[0] === MUX_KIND.close;
  const start = isClose ? 5 : 1;
  const text = bytes.subarray(start, start + CLOSE_REASON_BYTES_MAX);
  return { code: isClose ? readU32(bytes, 1) : 0, reason: decoder.decode(text) };
}

/** Writes kind and stream id to the start of `target`; gives the length so far. */
export function writeMuxHeader(target: Uint8Array, kind: number, id: number): number {
  target[0] = kind;
  writeU32(target, 1, id);
  return 5;
}

/** Writes a message of kind, id and a number; gives its length. */
export function writeMuxNumber(target: Uint8Array, message: MuxNumber): number {
  writeMuxHeader(target, message.kind, message.id);
  writeU32(target, 5, message.value);
  return 9;
}

/** A message that is a number about a stream. */
export interface MuxNumber {
  readonly kind: number;
  readonly id: number;
  readonly value: number;
}

/** Unsigned 32 bits, little endian. */
export function writeU32(target: Uint8Array, offset: number, value: number): void {
  target[offset] = value;
  target[offset + 1] = value >>> 8;
  target[offset + 2] = value >>> 16;
  target[offset + 3] = value >>> 24;
}
