/**
 * GatewaySplitter: cuts the bytes of a pipe into messages of gateway_message.ts. A message that lies
 * whole in one chunk is not copied; else it is gathered in one buffer, which is let go when it was
 * large and its message is through.
 */

import { GATEWAY_HEADER_BYTES, type GatewayHeader, parseGatewayHeader } from "./gateway_message.ts";

/** Holds most messages; a larger buffer is made for one message and dropped. */
const KEPT_BYTES = 32_768;

/** Takes a message; its payload is a view that is valid only during the call. */
export type GatewaySink = (header: GatewayHeader, payload: Uint8Array) => void;

/** Cuts messages; those of one `push` are given to the sink before it returns. */
export class GatewaySplitter {
  readonly #sink: GatewaySink;
  #buffer = new Uint8Array(KEPT_BYTES);
  #filled = 0;
  #header: GatewayHeader | undefined;

  constructor(sink: GatewaySink) {
    this.#sink = sink;
  }

  /** Bytes of the gathering buffer. */
  get bufferBytes(): number {
    return this.#buffer.length;
  }

  /** Bytes of an unfinished message. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /** Takes the next bytes. Throws ProtocolError, after which this splitter must not be used. */
  push(chunk: Uint8Array): void {
    let offset = this.#filled === 0 ? 0 : this.#complete(chunk);
    while (this.#filled === 0 && chunk.length - offset >= GATEWAY_HEADER_BYTES) {
      const header = parseGatewayHeader(chunk, offset);
      const start = offset + GATEWAY_HEADER_BYTES;
      const end = start + header.payloadBytes;
      if (end > chunk.length) break;
      offset = end;
      this.#sink(header, chunk.subarray(start, end));
    }
    if (offset < chunk.length) this.#take(chunk, offset, chunk.length - offset);
  }

  /** Finishes the message in the buffer from the front of `chunk`; gives the bytes used. */
  #complete(chunk: Uint8Array): number {
    let offset = 0;
    if (this.#header === undefined) {
      offset = this.#take(chunk, 0, GATEWAY_HEADER_BYTES - this.#filled);
      if (this.#header === undefined) return offset;
    }
    const header: GatewayHeader = this.#header;
    const total = GATEWAY_HEADER_BYTES + header.payloadBytes;
    if (this.#filled < total) offset += this.#take(chunk, offset, total - this.#filled);
    if (this.#filled < total) return offset;
    const buffer = this.#buffer;
    this.#filled = 0;
    this.#header = undefined;
    if (buffer.length > KEPT_BYTES) this.#buffer = new Uint8Array(KEPT_BYTES);
    this.#sink(header, buffer.subarray(GATEWAY_HEADER_BYTES, total));
    return offset;
  }

  /** Copies what is there of `wanted` bytes; reads the header as soon as all of it is there. */
  #take(chunk: Uint8Array, offset: number, wanted: number): number {
    const bytes = Math.min(wanted, chunk.length - offset);
    this.#reserve(this.#filled + bytes);
    this.#buffer.set(chunk.subarray(offset, offset + bytes), this.#filled);
    this.#filled += bytes;
    if (this.#header === undefined && this.#filled >= GATEWAY_HEADER_BYTES) {
      this.#header = parseGatewayHeader(this.#buffer, 0);
      this.#reserve(GATEWAY_HEADER_BYTES + this.#header.payloadBytes);
    }
    return bytes;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(bytes);
    larger.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = larger;
  }
}
