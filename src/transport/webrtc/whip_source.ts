/**
 * WhipSource: the packets of one medium of a publisher, from RTP to their order: those of its format,
 * and repairs of them in packets of their own (RFC 4588). One source at a time: another one is taken
 * when the one before has been quiet.
 */

import type { RtpPacket } from "werift";
import { WhipReception } from "./whip_reception.ts";
import { WhipReorder } from "./whip_reorder.ts";

/** A source that was quiet for this long is over when another one speaks. */
const QUIET_US = 1_000_000;
const REPAIR_HEADER_BYTES = 2;

/** What waits for its turn. */
export interface SourcePacket {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly isLast: boolean;
  readonly byteLength: number;
}

/** Which packets are its own. */
export interface WhipSourceOptions {
  readonly payloadType: number | undefined;
  readonly repairPayloadType: number | undefined;
  /** Of its RTP times. */
  readonly rate: number;
  readonly waitUs: number;
}

/** Packets of one medium. */
export class WhipSource {
  readonly reorder: WhipReorder<SourcePacket>;
  readonly #options: WhipSourceOptions;
  #reception: WhipReception;
  #ssrc: number | undefined;
  #heardUs = 0;

  constructor(options: WhipSourceOptions) {
    this.#options = options;
    this.reorder = new WhipReorder({ waitUs: options.waitUs });
    this.#reception = new WhipReception(options.rate);
  }

  /** Who sends it; undefined before the first packet. */
  get ssrc(): number | undefined {
    return this.#ssrc;
  }

  /** What is reported of it. */
  get reception(): WhipReception {
    return this.#reception;
  }

  /** Takes a packet; false when it is not of this medium. */
  push(packet: RtpPacket, nowUs: number): boolean {
    const { payloadType, repairPayloadType } = this.#options;
    const { header, payload } = packet;
    if (header.payloadType === payloadType) {
      this.#take(packet, nowUs);
      return true;
    }
    if (repairPayloadType === undefined || header.payloadType !== repairPayloadType) return false;
    // Without a byte behind its number it only fills the path.
    if (this.#ssrc === undefined || payload.byteLength <= REPAIR_HEADER_BYTES) return true;
    const sequence = (payload[0]! << 8) | payload[1]!;
    this.#hold(sequence, { packet, payload: payload.subarray(REPAIR_HEADER_BYTES), nowUs });
    return true;
  }

  #take(packet: RtpPacket, nowUs: number): void {
    const { ssrc, sequenceNumber, timestamp } = packet.header;
    if (ssrc !== this.#ssrc) {
      if (this.#ssrc !== undefined && nowUs - this.#heardUs < QUIET_US) return;
      this.#ssrc = ssrc;
      this.#reception = new WhipReception(this.#options.rate);
      this.reorder.clear();
    }
    this.#heardUs = nowUs;
    this.#reception.push(sequenceNumber, timestamp, nowUs);
    this.#hold(sequenceNumber, { packet, payload: packet.payload, nowUs });
  }

  #hold(
    sequence: number,
    { packet, payload, nowUs }: { packet: RtpPacket; payload: Uint8Array; nowUs: number },
  ): void {
    const { timestamp, marker } = packet.header;
    const { byteLength } = payload;
    this.reorder.push(sequence, { payload, timestamp, isLast: marker, byteLength }, nowUs);
  }
}
