/**
 * MediaRecord: the unit that the media process writes to the server process: a 64-byte header, then a
 * payload. One frame, cursor, message or state of a stream each; layout as ffi/native/native.h has it.
 */

import { ProtocolError } from "../core/errors.ts";
import type { FrameLayer } from "../wire/frame.ts";

/** "WVF1" in little-endian order: the first word of every record. */
export const RECORD_MAGIC = 0x31465657;
/** Bytes of a header. */
export const RECORD_HEADER_BYTES = 64;
/** Most bytes of a payload, as the native library promises. */
export const MAX_RECORD_PAYLOAD_BYTES = 16 * 1024 * 1024;
/** `serial` of a status record of a stream that has started; failures are negative. */
export const STATUS_STARTED = 1;
/** `serial` of a status record of a stream that goes on with another size or other layers. */
export const STATUS_CHANGED = 2;
/** `serial` of a status record of a stream whose picture lies elsewhere on its screen now. */
export const STATUS_MOVED = 3;

/** What a record is. */
export type MediaRecordKind =
  | "video"
  | "cursor"
  | "message"
  | "status"
  | "sound"
  | "sound_status"
  | "pointer";

const KINDS: readonly (MediaRecordKind | undefined)[] = [
  undefined,
  "video",
  "cursor",
  "message",
  "status",
  "sound",
  "sound_status",
  "pointer",
];

const FLAG_KEYFRAME = 1;
const FLAG_CURSOR_VISIBLE = 2;
const FLAG_UNCHANGED = 4;
const FLAG_ENHANCEMENT = 8;

/** The fields of a header; times in microseconds. */
export interface MediaRecordHeader {
  readonly kind: MediaRecordKind;
  readonly streamId: number;
  readonly payloadBytes: number;
  readonly isKeyframe: boolean;
  readonly isCursorVisible: boolean;
  /** The frame shows an unchanged screen once more. */
  readonly isUnchanged: boolean;
  /** 1 when no later frame refers to it. */
  readonly layer: FrameLayer;
  /** Counts the stream's frames from 1; a gap is a frame that the output refused. */
  readonly frameId: number;
  /** 0 marks a keyframe, k a frame that refers only to `frameId - k`. */
  readonly referenceDistance: number;
  readonly qp: number;
  readonly encoderIndex: number;
  readonly width: number;
  readonly height: number;
  /** Start of the grab on the host's CLOCK_MONOTONIC. */
  readonly captureTimeUs: number;
  readonly grabUs: number;
  readonly convertUs: number;
  /** From the start of encoding to the first slice. */
  readonly firstSliceUs: number;
  readonly encodeUs: number;
  /** From the start of the grab to the hand-over to the output. */
  readonly emitUs: number;
  readonly hotspotX: number;
  readonly hotspotY: number;
  /** cursor: its number. status: 1 or a negative native status. */
  readonly serial: number;
  /** Frames of the stream not made or not kept since the record before. */
  readonly droppedFrames: number;
}

/** One record; `payload` is valid only until the splitter gets its next chunk. */
export interface MediaRecord {
  readonly header: MediaRecordHeader;
  readonly payload: Uint8Array;
}

/** Reads the header at `offset` of `bytes`. Throws ProtocolError naming the field and the value. */
export function parseRecordHeader(bytes: Uint8Array, offset = 0): MediaRecordHeader {
  if (bytes.byteLength - offset < RECORD_HEADER_BYTES) {
    throw new ProtocolError(`Cannot read a record header from ${bytes.byteLength - offset} bytes`, {
      reason: "truncated",
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, RECORD_HEADER_BYTES);
  const payloadBytes = checkedPayloadBytes(view);
  const kind = KINDS[view.getUint8(8)];
  if (kind === undefined) throw badValue("record kind", view.getUint8(8));
  const streamId = view.getUint8(9);
  if (streamId > 15) throw badValue("stream id", streamId);
  const captureTimeUs = view.getBigUint64(24, true);
  if (captureTimeUs > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw badValue("capture time", String(captureTimeUs));
  }
  const flags = view.getUint16(10, true);
  return {
    kind,
    streamId,
    payloadBytes,
    isKeyframe: (flags & FLAG_KEYFRAME) !== 0,
    isCursorVisible: (flags & FLAG_CURSOR_VISIBLE) !== 0,
    isUnchanged: (flags & FLAG_UNCHANGED) !== 0,
    layer: (flags & FLAG_ENHANCEMENT) !== 0 ? 1 : 0,
    frameId: view.getUint32(12, true),
    referenceDistance: view.getUint16(16, true),
    qp: view.getUint8(18),
    encoderIndex: view.getUint8(19),
    width: view.getUint16(20, true),
    height: view.getUint16(22, true),
    captureTimeUs: Number(captureTimeUs),
    grabUs: view.getUint32(32, true),
    convertUs: view.getUint32(36, true),
    firstSliceUs: view.getUint32(40, true),
    encodeUs: view.getUint32(44, true),
    emitUs: view.getUint32(48, true),
    hotspotX: view.getInt16(52, true),
    hotspotY: view.getInt16(54, true),
    serial: kind === "status" || kind === "sound_status"
      ? view.getInt32(56, true)
      : view.getUint32(56, true),
    droppedFrames: view.getUint32(60, true),
  };
}

function checkedPayloadBytes(view: DataView): number {
  const magic = view.getUint32(0, true);
  if (magic !== RECORD_MAGIC) throw badValue("record magic", `0x${magic.toString(16)}`);
  const payloadBytes = view.getUint32(4, true);
  if (payloadBytes > MAX_RECORD_PAYLOAD_BYTES) {
    throw new ProtocolError(
      `Cannot accept a record of ${payloadBytes} bytes: the limit is ${MAX_RECORD_PAYLOAD_BYTES}`,
      { reason: "too_large" },
    );
  }
  return payloadBytes;
}

function badValue(what: string, value: number | string): ProtocolError {
  return new ProtocolError(`Cannot accept ${what} ${value}`, { reason: "bad_value" });
}
