/**
 * Part reader: the box of our own before each part of a recording, and how a file of such parts is read
 * again: which parts are whole, which frames they have, when these were captured, and where their
 * bytes are. Players skip the box. One index is read at a time.
 *
 *     0  16   uuid 6b1c6a52-7f6e-4b58-9d58-77617672790a
 *    16  u32  1 a part, 2 the end of a recording
 *    20  u64  capture time of the first frame in microseconds
 *    28  u64  when the last frame ends
 *    36  u64  wall clock of the first frame, microseconds since 1970
 *    44  u32  frames, none in a part of sound alone; for each: u32 frame id, u32 capture time after
 *             the first, u32 bytes, u8 reference distance, u8 layer, u16 0
 */

import { BOX_HEADER_BYTES, boxAt, type BoxPlace } from "./mp4_boxes.ts";

/** Names the box. */
export const INDEX_UUID: Uint8Array = Uint8Array.from([
  ...[0x6b, 0x1c, 0x6a, 0x52, 0x7f, 0x6e, 0x4b, 0x58],
  ...[0x9d, 0x58, 0x77, 0x61, 0x76, 0x72, 0x79, 0x0a],
]);
/** Bytes of an index before its frames, header of the box included. */
export const INDEX_FIXED_BYTES = 56;
/** Bytes of each frame in it. */
export const INDEX_ENTRY_BYTES = 16;
/** Largest header of a file that is read. */
export const MAX_HEADER_BYTES = 1024 * 1024;

const MAX_INDEX_BYTES = 64 * 1024;
const MAX_MOOF_BYTES = 64 * 1024;
const READ_BYTES = 16 * 1024;

/** One frame of a part, with the place of its bytes in the file. */
export interface RecordedFrame {
  readonly frameId: number;
  readonly captureTimeUs: number;
  readonly referenceDistance: number;
  readonly layer: 0 | 1;
  readonly offset: number;
  readonly bytes: number;
}

/** One part of a file. */
export interface RecordedPart {
  readonly start: number;
  readonly end: number;
  readonly startUs: number;
  readonly endUs: number;
  /** Wall clock of `startUs`, microseconds since 1970. */
  readonly wallClockUs: number;
  /** None while the screen stood still and there was sound. */
  readonly frames: readonly RecordedFrame[];
  /** Where the boxes of the samples, and behind them the samples, begin. */
  readonly moofOffset: number;
  readonly dataOffset: number;
}

/** What can be read at any place of a file. */
export interface ReadableFile {
  readonly bytes: number;
  /** Fills `target` from `offset` on as far as the file goes; returns the bytes read. */
  read(offset: number, target: Uint8Array): number | Promise<number>;
}

/** The box that ends a recording which was stopped. */
export function endBox(startUs: number, endUs: number, wallClockUs: number): Uint8Array {
  const bytes = new Uint8Array(INDEX_FIXED_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, INDEX_FIXED_BYTES);
  bytes.set([0x75, 0x75, 0x69, 0x64], 4);
  bytes.set(INDEX_UUID, 8);
  view.setUint32(24, 2);
  view.setBigUint64(28, BigInt(startUs));
  view.setBigUint64(36, BigInt(endUs));
  view.setBigUint64(44, BigInt(wallClockUs));
  return bytes;
}

/** Reads a recording part by part. */
export class PartReader {
  readonly #file: ReadableFile;
  readonly #buffer = new Uint8Array(READ_BYTES);
  #offset = 0;
  #isEnded = false;
  #endUs: number | undefined;
  #headerBytes = 0;

  constructor(file: ReadableFile) {
    this.#file = file;
  }

  /** Where the next part begins: the end of what is whole. */
  get offset(): number {
    return this.#offset;
  }

  /** True when the recording was stopped as it should: what ends it was read. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** When the recording was stopped, if it was. */
  get endUs(): number | undefined {
    return this.#endUs;
  }

  /** Bytes before the first part; 0 when the file has no whole header. */
  get headerBytes(): number {
    return this.#headerBytes;
  }

  /** Reads past the header; false when there is none. */
  async open(): Promise<boolean> {
    const front = await this.#boxAt(0);
    if (front?.type !== "ftyp" || front.end > MAX_HEADER_BYTES) return false;
    const movie = await this.#boxAt(front.end);
    if (movie?.type !== "moov" || movie.end > MAX_HEADER_BYTES) return false;
    if (movie.end > this.#file.bytes) return false;
    this.#headerBytes = this.#offset = movie.end;
    return true;
  }

  /**
   * True when what comes next is the front of something that the file ends before, as a kill leaves it.
   * False for anything else that is not whole: that is damage, and not ours to cut.
   */
  async isCutShort(): Promise<boolean> {
    const types = this.#headerBytes === 0 ? ["ftyp", "moov"] : ["uuid", "moof", "mdat"];
    let at = this.#headerBytes === 0 ? 0 : this.#offset;
    for (const type of types) {
      if (at + BOX_HEADER_BYTES > this.#file.bytes) return true;
      const box = await this.#boxAt(at);
      // A file that grew before its bytes were there has zeros.
      if (box === undefined) return await this.#isZeroAt(at);
      if (box.type !== type) return false;
      if (box.end > this.#file.bytes) return true;
      at = box.end;
    }
    return false;
  }

  /** Goes on from the part that begins at `offset`. */
  seek(offset: number): void {
    this.#offset = offset;
  }

  /** The next part; undefined when none is whole. Most are found with one read. */
  async next(): Promise<RecordedPart | undefined> {
    const start = this.#offset;
    const ahead = this.#buffer.subarray(0, await this.#file.read(start, this.#buffer));
    const box = boxAt(ahead, 0);
    if (box?.type !== "uuid" || start + box.end > this.#file.bytes) return undefined;
    if (box.end < INDEX_FIXED_BYTES || box.end > MAX_INDEX_BYTES) return undefined;
    const index = await this.#bytesAt(start, box.end, ahead);
    if (index === undefined || !INDEX_UUID.every((byte, i) => index[8 + i] === byte)) {
      return undefined;
    }
    const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
    if (view.getUint32(24) === 2) {
      this.#isEnded = true;
      this.#endUs = Number(view.getBigUint64(36));
      return undefined;
    }
    const count = view.getUint32(52);
    if (view.getUint32(24) !== 1) return undefined;
    if (index.byteLength !== INDEX_FIXED_BYTES + count * INDEX_ENTRY_BYTES) return undefined;
    const data = await this.#dataBehind(start, box.end, ahead);
    const part = data === undefined ? undefined : parsePart(index, { start, data });
    if (part !== undefined) this.#offset = part.end;
    return part;
  }

  /** The mdat of the part whose index ends at `end` behind `start`. */
  async #dataBehind(start: number, end: number, ahead: Uint8Array): Promise<BoxPlace | undefined> {
    const moof = await this.#placeAt(start + end, start, ahead);
    if (moof?.type !== "moof" || moof.end - moof.start > MAX_MOOF_BYTES) return undefined;
    const data = await this.#placeAt(moof.end, start, ahead);
    return data?.type !== "mdat" || data.end > this.#file.bytes ? undefined : data;
  }

  /** Bytes from `start` on, of those read ahead where they are there. A copy. */
  async #bytesAt(
    start: number,
    bytes: number,
    ahead: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    if (bytes <= ahead.byteLength) return ahead.slice(0, bytes);
    const read = new Uint8Array(bytes);
    return await this.#file.read(start, read) < bytes ? undefined : read;
  }

  /** The box at `offset`, out of what was read ahead from `start` on where it is there. */
  async #placeAt(
    offset: number,
    start: number,
    ahead: Uint8Array,
  ): Promise<BoxPlace | undefined> {
    const box = boxAt(ahead, offset - start);
    if (box === undefined) return await this.#boxAt(offset);
    return { type: box.type, start: offset, content: offset + 8, end: start + box.end };
  }

  async #isZeroAt(offset: number): Promise<boolean> {
    const read = new Uint8Array(BOX_HEADER_BYTES);
    await this.#file.read(offset, read);
    return read.every((byte) => byte === 0);
  }

  async #boxAt(offset: number): Promise<BoxPlace | undefined> {
    const header = new Uint8Array(BOX_HEADER_BYTES);
    if (await this.#file.read(offset, header) < header.byteLength) return undefined;
    const box = boxAt(header, 0);
    if (box === undefined) return undefined;
    return { type: box.type, start: offset, content: offset + 8, end: offset + box.end };
  }
}

function parsePart(
  index: Uint8Array,
  { start, data }: { start: number; data: BoxPlace },
): RecordedPart | undefined {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength);
  const startUs = Number(view.getBigUint64(28));
  const frames: RecordedFrame[] = [];
  let offset = data.content;
  for (let at = INDEX_FIXED_BYTES; at < index.byteLength; at += INDEX_ENTRY_BYTES) {
    const bytes = view.getUint32(at + 8);
    frames.push({
      frameId: view.getUint32(at),
      captureTimeUs: startUs + view.getUint32(at + 4),
      referenceDistance: view.getUint8(at + 12),
      layer: view.getUint8(at + 13) === 1 ? 1 : 0,
      offset,
      bytes,
    });
    offset += bytes;
  }
  if (offset > data.end) return undefined;
  return {
    start,
    end: data.end,
    startUs,
    endUs: Number(view.getBigUint64(36)),
    wallClockUs: Number(view.getBigUint64(44)),
    frames,
    moofOffset: start + index.byteLength,
    dataOffset: data.content,
  };
}
