/**
 * MediaRecordSplitter: cuts the byte stream of the media process into records. A record that lies
 * whole in one chunk is not copied; else it is gathered in one buffer that grows up to one record of
 * the greatest size and shrinks again after `SHRINK_AFTER_RECORDS` small ones.
 */

import {
  MAX_RECORD_PAYLOAD_BYTES,
  type MediaRecord,
  type MediaRecordHeader,
  parseRecordHeader,
  RECORD_HEADER_BYTES,
} from "./media_record.ts";

/** Holds an ordinary frame, so that only keyframes make the buffer grow. */
const INITIAL_BYTES = 128 * 1024;
/** About ten seconds of video: a rare keyframe does not keep its memory for ever. */
const SHRINK_AFTER_RECORDS = 600;

/** Cuts records; the records of one `push` are given to `sink` before it returns. */
export class MediaRecordSplitter {
  readonly #sink: (record: MediaRecord) => void;
  #buffer = new Uint8Array(INITIAL_BYTES);
  #filled = 0;
  /** Header of the record in the buffer, once it is there. */
  #header: MediaRecordHeader | undefined;
  #smallRecords = 0;

  /** `sink` takes each record; its payload is a view into the chunk or the buffer. */
  constructor(sink: (record: MediaRecord) => void) {
    this.#sink = sink;
  }

  /** Bytes of an unfinished record that are held. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /** Bytes of the gathering buffer. */
  get bufferBytes(): number {
    return this.#buffer.byteLength;
  }

  /** Takes the next bytes. Throws ProtocolError, after which this splitter must not be used. */
  push(chunk: Uint8Array): void {
    let offset = this.#filled === 0 ? 0 : this.#complete(chunk);
    while (this.#filled === 0 && chunk.byteLength - offset >= RECORD_HEADER_BYTES) {
      const header = parseRecordHeader(chunk, offset);
      const start = offset + RECORD_HEADER_BYTES;
      const end = start + header.payloadBytes;
      if (end > chunk.byteLength) break;
      offset = end;
      this.#sink({ header, payload: chunk.subarray(start, end) });
    }
    if (offset < chunk.byteLength) this.#keep(chunk, offset);
  }

  /** Finishes the record in the buffer from the front of `chunk`; gives the bytes used. */
  #complete(chunk: Uint8Array): number {
    let offset = 0;
    if (this.#header === undefined) {
      offset = this.#take(chunk, 0, RECORD_HEADER_BYTES - this.#filled);
      if (this.#filled < RECORD_HEADER_BYTES) return offset;
      this.#header = this.#parsed();
    }
    const header = this.#header;
    const total = RECORD_HEADER_BYTES + header.payloadBytes;
    offset += this.#take(chunk, offset, total - this.#filled);
    if (this.#filled < total) return offset;
    this.#filled = 0;
    this.#header = undefined;
    this.#sink({ header, payload: this.#buffer.subarray(RECORD_HEADER_BYTES, total) });
    this.#shrinkAfterUse(total);
    return offset;
  }

  /** Starts to gather what is left of `chunk`, less than one record. */
  #keep(chunk: Uint8Array, offset: number): void {
    this.#take(chunk, offset, chunk.byteLength - offset);
    if (this.#header === undefined && this.#filled >= RECORD_HEADER_BYTES) {
      this.#header = this.#parsed();
    }
  }

  /** Room for the whole record is made at once, so that it grows only once for each record. */
  #parsed(): MediaRecordHeader {
    const header = parseRecordHeader(this.#buffer.subarray(0, this.#filled));
    this.#reserve(RECORD_HEADER_BYTES + header.payloadBytes);
    return header;
  }

  #take(chunk: Uint8Array, offset: number, wanted: number): number {
    const bytes = Math.min(wanted, chunk.byteLength - offset);
    this.#reserve(this.#filled + bytes);
    this.#buffer.set(chunk.subarray(offset, offset + bytes), this.#filled);
    this.#filled += bytes;
    return bytes;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#buffer.byteLength) return;
    const limit = RECORD_HEADER_BYTES + MAX_RECORD_PAYLOAD_BYTES;
    const size = Math.min(limit, Math.max(bytes, this.#buffer.byteLength * 2));
    const larger = new Uint8Array(size);
    larger.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = larger;
  }

  #shrinkAfterUse(recordBytes: number): void {
    this.#smallRecords = recordBytes <= INITIAL_BYTES ? this.#smallRecords + 1 : 0;
    if (this.#smallRecords < SHRINK_AFTER_RECORDS) return;
    this.#smallRecords = 0;
    if (this.#buffer.byteLength > INITIAL_BYTES) this.#buffer = new Uint8Array(INITIAL_BYTES);
  }
}
