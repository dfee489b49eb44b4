/**
 * Record reader for tests of the native library: takes records from a MediaOutput and keeps what they
 * say, payload included.
 */

import type { MediaOutput } from "../../ffi/mod.ts";

/** Kinds of records. */
export const KIND = {
  ...{ video: 1, cursor: 2, message: 3, status: 4 },
  ...{ sound: 5, soundStatus: 6 },
} as const;
/** Bits of `flags`. */
export const FLAG = { keyframe: 1, cursorVisible: 2, unchanged: 4, enhancement: 8 } as const;

/** One record. */
export interface MediaRecord {
  readonly kind: number;
  readonly streamId: number;
  readonly flags: number;
  readonly frameId: number;
  readonly referenceDistance: number;
  readonly qp: number;
  readonly encoderIndex: number;
  readonly width: number;
  readonly height: number;
  readonly captureTimeUs: number;
  readonly grabUs: number;
  readonly convertUs: number;
  readonly encodeUs: number;
  readonly emitUs: number;
  readonly hotspotX: number;
  readonly hotspotY: number;
  /** Cursor serial, or the status code. */
  readonly serial: number;
  readonly droppedFrames: number;
  readonly payload: Uint8Array<ArrayBuffer>;
}

const MAGIC = 0x31465657;
const HEADER_BYTES = 64;

/** Reads a record from the start of `bytes`; throws when it is not one. */
export function parseRecord(bytes: Uint8Array<ArrayBuffer>): MediaRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("The record has no magic");
  return {
    kind: view.getUint8(8),
    streamId: view.getUint8(9),
    flags: view.getUint16(10, true),
    frameId: view.getUint32(12, true),
    referenceDistance: view.getUint16(16, true),
    qp: view.getUint8(18),
    encoderIndex: view.getUint8(19),
    width: view.getUint16(20, true),
    height: view.getUint16(22, true),
    captureTimeUs: Number(view.getBigUint64(24, true)),
    grabUs: view.getUint32(32, true),
    convertUs: view.getUint32(36, true),
    encodeUs: view.getUint32(44, true),
    emitUs: view.getUint32(48, true),
    hotspotX: view.getInt16(52, true),
    hotspotY: view.getInt16(54, true),
    serial: view.getInt32(56, true),
    droppedFrames: view.getUint32(60, true),
    payload: bytes.slice(HEADER_BYTES, HEADER_BYTES + view.getUint32(4, true)),
  };
}

/** Reads one output; one call at a time. */
export class RecordReader {
  readonly #output: MediaOutput;
  readonly #buffer = new Uint8Array(8 << 20);

  constructor(output: MediaOutput) {
    this.#output = output;
  }

  /** The next record within `timeoutMs`, else undefined. */
  async next(timeoutMs: number): Promise<MediaRecord | undefined> {
    const bytes = await this.#output.next(this.#buffer, timeoutMs);
    if (bytes === undefined || bytes === 0) return undefined;
    return parseRecord(this.#buffer.subarray(0, bytes));
  }

  /** The next record of `kind`, past others; throws after `timeoutMs`. */
  async nextOf(kind: number, timeoutMs = 5000): Promise<MediaRecord> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const left = Math.ceil(deadline - performance.now());
      if (left <= 0) throw new Error(`No record of kind ${kind} within ${timeoutMs} ms`);
      const record = await this.next(left);
      if (record?.kind === kind) return record;
    }
  }

  /** The next `count` video records. */
  async frames(count: number, timeoutMs = 20_000): Promise<MediaRecord[]> {
    const frames: MediaRecord[] = [];
    while (frames.length < count) frames.push(await this.nextOf(KIND.video, timeoutMs));
    return frames;
  }

  /** Everything that comes until `quietMs` pass without a record. */
  async drain(quietMs: number): Promise<MediaRecord[]> {
    const records: MediaRecord[] = [];
    for (;;) {
      const record = await this.next(quietMs);
      if (record === undefined) return records;
      records.push(record);
    }
  }
}
