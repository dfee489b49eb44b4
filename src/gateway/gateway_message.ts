/**
 * gateway_message: what crosses the pipes between the server process and a gateway process: one table
 * of kinds, each with its limits, and the header of a message. It is no wire format: both ends are of
 * one build. The server process trusts nothing of what it reads all the same.
 */

import { readU32 } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";
import { MAX_FRAME_BYTES } from "../wire/frame.ts";
import { MUX_MESSAGE_BYTES_MAX, writeU32 } from "../transport/mux/mux_message.ts";

/** u32 bytes of payload, u8 kind, u32 peer. */
export const GATEWAY_HEADER_BYTES = 9;

/** Room for what says of a frame or of sound what it is. */
const DESCRIPTION_BYTES = 4_096;

/** A browser's message: all that the window of a stream of the library lets go, and its header. */
const RAW_BYTES_MAX = 131_072 + 64;

/** One kind of message. */
export interface GatewayKind {
  readonly code: number;
  /** Largest payload. */
  readonly bytesMax: number;
  /**
   * Payload bytes of this and other kinds that may be under way to one peer when a message of this
   * kind is added; a message that finds none under way always goes.
   */
  readonly underWayBytesMax: number;
}

/** Every kind there is; code 0 is credit, which is not counted. */
export const GATEWAY_KINDS = {
  /** Peer 0 or any: u32 bytes that were taken. */
  credit: { code: 0, bytesMax: 4, underWayBytesMax: 0 },
  /** JSON of a message of gateway_control.ts; it always goes, and beyond its limit the link ends. */
  control: { code: 1, bytesMax: 131_072, underWayBytesMax: 16_777_216 },
  /** A message of MuxConnection; its windows keep it far below this. */
  mux: { code: 2, bytesMax: MUX_MESSAGE_BYTES_MAX, underWayBytesMax: 2_097_152 },
  /** A datagram; dropped when there is no room. A keyframe comes as many of them at once. */
  datagram: { code: 3, bytesMax: MUX_MESSAGE_BYTES_MAX, underWayBytesMax: 1_048_576 },
  /** A message of a socket; one that finds no room ends it. */
  raw: { code: 4, bytesMax: RAW_BYTES_MAX, underWayBytesMax: 2_097_152 },
  /** An encoded frame to viewers. */
  frame_out: {
    code: 5,
    bytesMax: MAX_FRAME_BYTES + DESCRIPTION_BYTES,
    underWayBytesMax: 2 * MAX_FRAME_BYTES,
  },
  /** An encoded frame of a publisher. */
  frame_in: {
    code: 6,
    bytesMax: MAX_FRAME_BYTES + DESCRIPTION_BYTES,
    underWayBytesMax: 2 * MAX_FRAME_BYTES,
  },
  /** An encoded frame of sound to viewers. */
  sound_out: { code: 7, bytesMax: 65_536, underWayBytesMax: 524_288 },
  /** An encoded frame of sound of a publisher. */
  sound_in: { code: 8, bytesMax: 65_536, underWayBytesMax: 524_288 },
} as const satisfies Readonly<Record<string, GatewayKind>>;

/** The name of a kind. */
export type GatewayKindName = keyof typeof GATEWAY_KINDS;

const NAMES: readonly GatewayKindName[] = (Object.keys(GATEWAY_KINDS) as GatewayKindName[])
  .sort((a, b) => GATEWAY_KINDS[a].code - GATEWAY_KINDS[b].code);

/** Largest message with its header. */
export const GATEWAY_MESSAGE_BYTES_MAX = GATEWAY_HEADER_BYTES +
  Math.max(...NAMES.map((name) => GATEWAY_KINDS[name].bytesMax));

/** The header of one message. */
export interface GatewayHeader {
  readonly kind: GatewayKindName;
  /** 0 is the gateway itself. */
  readonly peerId: number;
  readonly payloadBytes: number;
}

/** Reads the header at `offset`. Throws ProtocolError on a kind or a length that is not allowed. */
export function parseGatewayHeader(bytes: Uint8Array, offset: number): GatewayHeader {
  const payloadBytes = readU32(bytes, offset);
  const kind = NAMES[bytes[offset + 4]!];
  if (kind === undefined) {
    const message = `Cannot use a gateway message of kind ${bytes[offset + 4]}`;
    throw new ProtocolError(message, { reason: "bad_value" });
  }
  if (payloadBytes > GATEWAY_KINDS[kind].bytesMax) {
    const message = `Cannot take ${payloadBytes} bytes of "${kind}" from a gateway`;
    throw new ProtocolError(message, { reason: "too_large" });
  }
  return { kind, peerId: readU32(bytes, offset + 5), payloadBytes };
}

/** Writes a header to `target` at `offset`. */
export function writeGatewayHeader(
  target: Uint8Array,
  offset: number,
  { kind, peerId, payloadBytes }: GatewayHeader,
): void {
  writeU32(target, offset, payloadBytes);
  target[offset + 4] = GATEWAY_KINDS[kind].code;
  writeU32(target, offset + 5, peerId);
}
