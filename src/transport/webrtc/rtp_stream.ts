/**
 * RtpStream: one stream of RTP packets to one player: numbers, header extensions and counters, with a
 * history of bounded size for packets that are asked for again. The step between packetize and send.
 * Payloads are views that all players of a stream share; the history keeps them for as long as it
 * remembers their packets.
 */

import { Buffer } from "node:buffer";
import { RtpHeader } from "werift";
import { senderReport } from "./rtcp_reports.ts";

/** Packets that can be sent again: half a second of 20 Mbit/s. */
export const HISTORY_PACKETS = 1024;
const ONE_BYTE_EXTENSIONS = 0xbede;

/** One packet before it has a number. */
export interface RtpUnit {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly rtpTime: number;
  /** It ends an access unit. */
  readonly marker: boolean;
}

/** Ids of the header extensions that the player knows; undefined for those that it does not. */
export interface ExtensionIds {
  readonly mid: number | undefined;
  readonly sendTime: number | undefined;
  readonly transportSequence: number | undefined;
  readonly playoutDelay: number | undefined;
}

/** What a stream is made of. */
export interface RtpStreamOptions {
  readonly ssrc: number;
  readonly payloadType: number;
  /** SSRC and format of repairs; undefined where the player knows none. */
  readonly repair: { readonly ssrc: number; readonly payloadType: number } | undefined;
  readonly mid: string;
  readonly extensions: ExtensionIds;
  /** Ticks a second of its clock. */
  readonly clockRate: number;
  /** Name that streams of one source share. */
  readonly name: string;
  /** Sends a packet; its bytes on the wire, 0 when it could not. */
  readonly send: (payload: Buffer, header: RtpHeader) => number;
  /** Number of the next packet of the whole session. */
  readonly transportSequence: () => number;
}

/** One stream of packets. */
export class RtpStream {
  readonly #options: RtpStreamOptions;
  readonly #header: RtpHeader;
  readonly #repairHeader: RtpHeader | undefined;
  readonly #sendTime = Buffer.alloc(3);
  readonly #transportSequence = Buffer.alloc(2);
  readonly #history: (RtpUnit | undefined)[] = Array.from({ length: HISTORY_PACKETS });
  readonly #repairedUs = new Float64Array(HISTORY_PACKETS);
  // Below half of the numbers, so that the first wrap is far away.
  #sequence = randomNumber(2) >> 1;
  #repairSequence = randomNumber(2) >> 1;
  #first: number | undefined;
  #packets = 0;
  #bytes = 0;
  #repairs = 0;
  readonly #timeStart = randomNumber(4);

  constructor(options: RtpStreamOptions) {
    this.#options = options;
    const { ssrc, payloadType, repair } = options;
    this.#header = this.#makeHeader(ssrc, payloadType);
    this.#repairHeader = repair === undefined
      ? undefined
      : this.#makeHeader(repair.ssrc, repair.payloadType);
  }

  get ssrc(): number {
    return this.#options.ssrc;
  }

  /** Packets sent, without repairs, and those. */
  get packets(): number {
    return this.#packets;
  }

  get repairs(): number {
    return this.#repairs;
  }

  get canRepair(): boolean {
    return this.#repairHeader !== undefined;
  }

  /** A time of the source on the stream's clock. */
  rtpTime(captureTimeUs: number): number {
    const ticks = Math.round(captureTimeUs * (this.#options.clockRate / 1e6));
    return (ticks + this.#timeStart) % 2 ** 32;
  }

  /** Sends a packet; its bytes on the wire, 0 when it could not be sent. */
  send({ payload, rtpTime, marker }: RtpUnit, wallMs: number): number {
    const header = this.#header;
    const sequence = this.#sequence;
    header.sequenceNumber = sequence;
    header.timestamp = rtpTime;
    header.marker = marker;
    const bytes = this.#seal(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength), {
      ...{ header, wallMs },
    });
    if (bytes === 0) return 0;
    this.#sequence = (sequence + 1) & 0xffff;
    this.#first ??= sequence;
    this.#history[sequence % HISTORY_PACKETS] = { payload, rtpTime, marker };
    this.#repairedUs[sequence % HISTORY_PACKETS] = -Infinity;
    this.#packets++;
    this.#bytes += payload.byteLength;
    return bytes;
  }

  /**
   * Sends a packet again, as a repair; its bytes on the wire, 0 when it is not remembered, was repaired
   * less than `quietUs` ago or cannot be sent.
   */
  repair(
    sequence: number,
    at: { readonly nowUs: number; readonly quietUs: number; readonly wallMs: number },
  ): number {
    const header = this.#repairHeader;
    const slot = sequence % HISTORY_PACKETS;
    const age = (this.#sequence - sequence) & 0xffff;
    const unit = this.#history[slot];
    if (header === undefined || unit === undefined || age === 0 || age > HISTORY_PACKETS) return 0;
    if (age > this.#packets || at.nowUs - this.#repairedUs[slot]! < at.quietUs) return 0;
    this.#repairedUs[slot] = at.nowUs;
    const payload = Buffer.allocUnsafe(2 + unit.payload.byteLength);
    payload.writeUInt16BE(sequence, 0);
    payload.set(unit.payload, 2);
    header.sequenceNumber = this.#repairSequence;
    header.timestamp = unit.rtpTime;
    header.marker = unit.marker;
    const bytes = this.#seal(payload, { header, wallMs: at.wallMs });
    if (bytes === 0) return 0;
    this.#repairSequence = (this.#repairSequence + 1) & 0xffff;
    this.#repairs++;
    return bytes;
  }

  /** Number of the packet `back` before the next one. */
  sequenceBack(back: number): number {
    return (this.#sequence - back) & 0xffff;
  }

  /** What is told of the stream each second; undefined before its first packet. */
  report(wallMs: number, captureTimeUs: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.#packets === 0) return undefined;
    const { ssrc, name } = this.#options;
    const rtpTime = this.rtpTime(captureTimeUs);
    return senderReport({
      ...{ ssrc, wallMs, rtpTime, packets: this.#packets, bytes: this.#bytes, name },
    });
  }

  /** Forgets what could be repaired. */
  clear(): void {
    this.#history.fill(undefined);
  }

  #makeHeader(ssrc: number, payloadType: number): RtpHeader {
    const { extensions: ids, mid } = this.#options;
    const extensions = [
      { id: ids.mid, payload: Buffer.from(mid) },
      { id: ids.sendTime, payload: this.#sendTime },
      { id: ids.transportSequence, payload: this.#transportSequence },
      // Twelve bits each of the least and the most delay: show it at once.
      { id: ids.playoutDelay, payload: Buffer.alloc(3) },
    ].flatMap(({ id, payload }) => id === undefined ? [] : [{ id, payload }])
      .toSorted((one, other) => one.id - other.id);
    return new RtpHeader({
      ...{ ssrc, payloadType, extensions, extension: extensions.length > 0 },
      extensionProfile: ONE_BYTE_EXTENSIONS,
    });
  }

  #seal(
    payload: Buffer,
    { header, wallMs }: { readonly header: RtpHeader; readonly wallMs: number },
  ): number {
    // 6 bits of seconds and 18 of their fraction.
    this.#sendTime.writeUIntBE(Math.floor((wallMs % 64_000) * (2 ** 18 / 1000)) % 2 ** 24, 0, 3);
    this.#transportSequence.writeUInt16BE(this.#options.transportSequence(), 0);
    return this.#options.send(payload, header);
  }
}

function randomNumber(bytes: number): number {
  return crypto.getRandomValues(new Uint8Array(bytes)).reduce((sum, byte) => sum * 256 + byte, 0);
}
