/**
 * WhipReception: what a receiver reports of one RTP stream (RFC 3550, section 6.4): packets lost,
 * jitter and when the last sender report came, from which a publisher knows its losses and round trip.
 * A few numbers a stream.
 */

import { distance16 } from "../../core/sequence.ts";

const SENDER_REPORT_TYPE = 200;
const SENDER_REPORT_BYTES = 28;
/** Reports of one compound packet that are read. */
const MAX_REPORTS = 8;
const REPORT_TYPE = 201;
const HEADER_BYTES = 8;
const BLOCK_BYTES = 24;
const SEQUENCES = 0x1_0000;
/** A packet that is further from the last one begins a new count. */
const MAX_STEP = 3000;
const MAX_LOST = 0x7f_ffff;
const US = 1_000_000;

/** What a sender says of its clocks. */
export interface ReadSenderReport {
  readonly ssrc: number;
  /** RTP time of the moment. */
  readonly timestamp: number;
  /** The same moment on the sender's clock, 1/2^32 s. */
  readonly ntpTime: bigint;
}

/** The sender reports of a compound packet; what is broken ends the reading. */
export function readSenderReports(bytes: Uint8Array): ReadSenderReport[] {
  const reports: ReadSenderReport[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.byteLength && reports.length < MAX_REPORTS;) {
    const size = 4 * (view.getUint16(at + 2) + 1);
    if (bytes[at]! >> 6 !== 2 || at + size > bytes.byteLength) break;
    if (bytes[at + 1] === SENDER_REPORT_TYPE && size >= SENDER_REPORT_BYTES) {
      reports.push({
        ssrc: view.getUint32(at + 4),
        ntpTime: view.getBigUint64(at + 8),
        timestamp: view.getUint32(at + 16),
      });
    }
    at += size;
  }
  return reports;
}

/** Counts what comes of one source. */
export class WhipReception {
  readonly #rate: number;
  #first: number | undefined;
  #highest = 0;
  #received = 0;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #jitter = 0;
  #transit: number | undefined;
  #senderReport: { readonly middle: number; readonly atUs: number } | undefined;

  /** `rate` is that of the RTP times. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  /** Packets that did not come, repairs counted as come. */
  get lost(): number {
    return Math.max(0, this.#expected - this.#received);
  }

  /** Takes a packet as it comes. */
  push(sequence: number, timestamp: number, nowUs: number): void {
    const step = this.#first === undefined ? 0 : distance16(this.#highest % SEQUENCES, sequence);
    if (this.#first === undefined || Math.abs(step) > MAX_STEP) this.#restart(sequence);
    else if (step > 0) this.#highest += step;
    this.#received++;
    const transit = nowUs * this.#rate / US - timestamp;
    const change = Math.abs(transit - (this.#transit ?? transit));
    // Times wrap, and publishers jump: that is no jitter.
    if (change < this.#rate) this.#jitter += (change - this.#jitter) / 16;
    this.#transit = transit;
  }

  /** Takes the time of a sender report, 1/2^32 s. */
  senderReport(ntpTime: bigint, nowUs: number): void {
    this.#senderReport = { middle: Number((ntpTime >> 16n) & 0xffff_ffffn), atUs: nowUs };
  }

  /** Writes its block of a report at `at`. */
  write(view: DataView, at: number, { media, nowUs }: { media: number; nowUs: number }): void {
    const expected = this.#expected - this.#expectedBefore;
    const received = this.#received - this.#receivedBefore;
    this.#expectedBefore = this.#expected;
    this.#receivedBefore = this.#received;
    const lost = Math.max(0, expected - received);
    const fraction = expected <= 0 ? 0 : Math.min(255, Math.floor(256 * lost / expected));
    view.setUint32(at, media);
    view.setUint32(at + 4, ((fraction << 24) | Math.min(this.lost, MAX_LOST)) >>> 0);
    view.setUint32(at + 8, this.#highest % 2 ** 32);
    view.setUint32(at + 12, Math.round(this.#jitter));
    const last = this.#senderReport;
    view.setUint32(at + 16, last?.middle ?? 0);
    const sinceUs = last === undefined ? 0 : nowUs - last.atUs;
    view.setUint32(at + 20, Math.min(0xffff_ffff, Math.round(sinceUs * 65_536 / US)));
  }

  get #expected(): number {
    return this.#first === undefined ? 0 : this.#highest - this.#first + 1;
  }

  #restart(sequence: number): void {
    this.#first = sequence;
    this.#highest = sequence;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
  }
}

/** One source and what is known of it. */
export interface ReceivedSource {
  readonly media: number;
  readonly reception: WhipReception;
}

/** A receiver report of some sources. */
export function writeReceiverReport(
  sender: number,
  { sources, nowUs }: { sources: readonly ReceivedSource[]; nowUs: number },
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + BLOCK_BYTES * sources.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x80 | sources.length);
  view.setUint8(1, REPORT_TYPE);
  view.setUint16(2, bytes.byteLength / 4 - 1);
  view.setUint32(4, sender);
  sources.forEach(({ media, reception }, index) => {
    reception.write(view, HEADER_BYTES + BLOCK_BYTES * index, { media, nowUs });
  });
  return bytes;
}
