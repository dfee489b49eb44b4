/**
 * H264 packetizer: an access unit becomes the payloads of RTP packets (RFC 6184, packetization mode 1):
 * small units together (STAP-A), middle ones alone, large ones in fragments (FU-A). The step between
 * encode and send for players that speak no packets of ours. One copy of the frame for all players;
 * what it makes of `n` bytes is `n` and three bytes for each 1,197 of them, at most.
 */

import { forEachUnit } from "../../wire/access_unit.ts";
import { FRAME_SEI_BYTES_MAX, writeFrameSei } from "../../wire/frame_sei.ts";
import type { FrameMark } from "../../wire/frame_sei.ts";

/** Longest payload: with all headers it fits into every path of 1,280 bytes. */
export const RTP_PAYLOAD_BYTES_MAX = 1200;

/** Unit types, H.264 table 7-1 and RFC 6184 table 1. */
const LAST_SLICE_TYPE = 5;
const DELIMITER = 9;
const STAP_A = 24;
const FU_A = 28;
const TYPE_BITS = 0x1f;
const IMPORTANCE_BITS = 0x60;
const FORBIDDEN_BIT = 0x80;
const FU_START = 0x80;
const FU_END = 0x40;
const STAP_HEADER_BYTES = 1;
const STAP_LENGTH_BYTES = 2;
const FU_HEADER_BYTES = 2;
/** Units of one access unit; an encoder makes some tens at most. */
const UNITS_MAX = 1024;
/** Smallest payload that fragments can be made of. */
const PAYLOAD_BYTES_MIN = 16;

/** Where units and payloads lie. */
interface Span {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/**
 * The payloads of an access unit with start codes, in order; the last of them gets the marker bit. All
 * are views of one new buffer. With `mark` a unit that says it goes before the first slice. None when
 * it has no unit at all, or more than an encoder makes.
 */
export function packetizeH264(
  accessUnit: Uint8Array,
  options: { readonly mark?: FrameMark; readonly payloadBytesMax?: number } = {},
): Uint8Array<ArrayBuffer>[] {
  const { mark, payloadBytesMax = RTP_PAYLOAD_BYTES_MAX } = options;
  if (!(payloadBytesMax >= PAYLOAD_BYTES_MIN && payloadBytesMax <= 65_535)) {
    throw new RangeError(`Cannot packetize into payloads of ${payloadBytesMax} bytes`);
  }
  const units = unitsOf(accessUnit, mark);
  if (units === undefined) return [];
  const writer = new PayloadWriter(units, payloadBytesMax);
  for (const unit of units) writer.push(unit);
  return writer.end();
}

/** The units in order, with the mark; undefined when there are none, or too many. */
function unitsOf(accessUnit: Uint8Array, mark: FrameMark | undefined): Span[] | undefined {
  const units: Span[] = [];
  let slice = -1;
  let total = 0;
  forEachUnit(accessUnit, (start, end) => {
    const type = accessUnit[start]! & TYPE_BITS;
    total++;
    // A delimiter says what the marker bit says, and a unit without bytes nothing.
    if (end <= start || type === DELIMITER || units.length >= UNITS_MAX) return;
    if (slice < 0 && type >= 1 && type <= LAST_SLICE_TYPE) slice = units.length;
    units.push({ bytes: accessUnit, start, end });
  });
  if (units.length === 0 || total > UNITS_MAX) return undefined;
  if (mark !== undefined && slice >= 0) {
    const bytes = new Uint8Array(FRAME_SEI_BYTES_MAX);
    units.splice(slice, 0, { bytes, start: 0, end: writeFrameSei(bytes, mark) });
  }
  return units;
}

/** Writes payloads one behind the other. */
class PayloadWriter {
  readonly #payloadBytesMax: number;
  readonly #target: Uint8Array<ArrayBuffer>;
  readonly #payloads: Uint8Array<ArrayBuffer>[] = [];
  /** Units that wait for others to go with them, and what they take together. */
  #waiting: Span[] = [];
  #waitingBytes = STAP_HEADER_BYTES;
  #at = 0;

  constructor(units: readonly Span[], payloadBytesMax: number) {
    this.#payloadBytesMax = payloadBytesMax;
    const fragmentBytes = payloadBytesMax - FU_HEADER_BYTES;
    let bytes = 0;
    for (const { start, end } of units) {
      const size = end - start;
      const fragments = Math.ceil(size / fragmentBytes);
      bytes += size + Math.max(STAP_HEADER_BYTES + STAP_LENGTH_BYTES, fragments * FU_HEADER_BYTES);
    }
    this.#target = new Uint8Array(bytes);
  }

  push(unit: Span): void {
    const bytes = unit.end - unit.start;
    if (this.#waitingBytes + STAP_LENGTH_BYTES + bytes > this.#payloadBytesMax) this.#flush();
    if (bytes > this.#payloadBytesMax) {
      this.#fragment(unit);
      return;
    }
    this.#waiting.push(unit);
    this.#waitingBytes += STAP_LENGTH_BYTES + bytes;
  }

  end(): Uint8Array<ArrayBuffer>[] {
    this.#flush();
    return this.#payloads;
  }

  /** What waits becomes one payload. */
  #flush(): void {
    const from = this.#at;
    if (this.#waiting.length === 0) return;
    if (this.#waiting.length > 1) this.#target[this.#at++] = togetherHeader(this.#waiting);
    for (const { bytes, start, end } of this.#waiting) {
      if (this.#waiting.length > 1) {
        this.#target[this.#at++] = (end - start) >> 8;
        this.#target[this.#at++] = (end - start) & 0xff;
      }
      this.#target.set(bytes.subarray(start, end), this.#at);
      this.#at += end - start;
    }
    this.#payloads.push(this.#target.subarray(from, this.#at));
    this.#waiting = [];
    this.#waitingBytes = STAP_HEADER_BYTES;
  }

  #fragment({ bytes, start, end }: Span): void {
    const header = bytes[start]!;
    const partMax = this.#payloadBytesMax - FU_HEADER_BYTES;
    // Parts of equal size: a short last one costs as much as a full one.
    const parts = Math.ceil((end - start - 1) / partMax);
    const size = Math.ceil((end - start - 1) / parts);
    for (let at = start + 1; at < end; at += size) {
      const partEnd = Math.min(end, at + size);
      const from = this.#at;
      this.#target[this.#at++] = (header & (FORBIDDEN_BIT | IMPORTANCE_BITS)) | FU_A;
      this.#target[this.#at++] = (at === start + 1 ? FU_START : 0) |
        (partEnd === end ? FU_END : 0) | (header & TYPE_BITS);
      this.#target.set(bytes.subarray(at, partEnd), this.#at);
      this.#at += partEnd - at;
      this.#payloads.push(this.#target.subarray(from, this.#at));
    }
  }
}

/** The header of units that go together: the worst of their forbidden bits, the best importance. */
function togetherHeader(units: readonly Span[]): number {
  let forbidden = 0;
  let importance = 0;
  for (const { bytes, start } of units) {
    forbidden |= bytes[start]! & FORBIDDEN_BIT;
    importance = Math.max(importance, bytes[start]! & IMPORTANCE_BITS);
  }
  return forbidden | importance | STAP_A;
}
