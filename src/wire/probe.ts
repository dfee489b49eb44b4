/**
 * Probe: round-trip and clock-offset measurement between viewer and server, as datagrams. The
 * offset is that of NTP (RFC 5905, section 8): half the difference of the two one-way times.
 */

import { ByteReader, ByteWriter } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";

const PROBE_REQUEST = 0x80;
const PROBE_REPLY = 0x81;
/** Bytes of a request. */
export const PROBE_REQUEST_BYTES = 16;
/** Bytes of a reply. */
export const PROBE_REPLY_BYTES = 32;

/** A viewer asks; all times are microseconds of the sender's own clock. */
export interface ProbeRequest {
  readonly id: number;
  readonly viewerSendUs: number;
}

/** The server answers. */
export interface ProbeReply extends ProbeRequest {
  readonly serverReceiveUs: number;
  readonly serverSendUs: number;
}

/** The 16 bytes of a request. */
export function encodeProbeRequest(request: ProbeRequest): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(PROBE_REQUEST_BYTES);
  new ByteWriter(datagram).u8(PROBE_REQUEST).u8(0).u16(0).u32(request.id)
    .u64(request.viewerSendUs);
  return datagram;
}

/** The 32 bytes of a reply. */
export function encodeProbeReply(reply: ProbeReply): Uint8Array<ArrayBuffer> {
  const datagram = new Uint8Array(PROBE_REPLY_BYTES);
  new ByteWriter(datagram).u8(PROBE_REPLY).u8(0).u16(0).u32(reply.id)
    .u64(reply.viewerSendUs).u64(reply.serverReceiveUs).u64(reply.serverSendUs);
  return datagram;
}

/** Parses a request. Throws ProtocolError. */
export function parseProbeRequest(datagram: Uint8Array): ProbeRequest {
  const reader = probeReader(datagram, PROBE_REQUEST, PROBE_REQUEST_BYTES);
  return { id: reader.u32(), viewerSendUs: reader.u64() };
}

/** Parses a reply. Throws ProtocolError. */
export function parseProbeReply(datagram: Uint8Array): ProbeReply {
  const reader = probeReader(datagram, PROBE_REPLY, PROBE_REPLY_BYTES);
  return {
    id: reader.u32(),
    viewerSendUs: reader.u64(),
    serverReceiveUs: reader.u64(),
    serverSendUs: reader.u64(),
  };
}

function probeReader(datagram: Uint8Array, kind: number, bytes: number): ByteReader {
  if (datagram.byteLength !== bytes) {
    throw new ProtocolError(`Cannot accept a probe of ${datagram.byteLength} bytes`, {
      reason: "truncated",
    });
  }
  const reader = new ByteReader(datagram);
  const header = reader.u32();
  if (header !== kind) {
    throw new ProtocolError(`Cannot accept probe header ${header}`, { reason: "bad_value" });
  }
  return reader;
}
