/** Record bytes for tests, as the native library lays them out. */

import {
  type MediaRecordHeader,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
} from "../../../src/ipc/media_record.ts";

const KINDS = {
  video: 1,
  cursor: 2,
  message: 3,
  status: 4,
  sound: 5,
  sound_status: 6,
  pointer: 7,
} as const;

/** The bytes of a record; fields that are not given are 0, `kind` is video. */
export function recordBytes(
  header: Partial<MediaRecordHeader>,
  payload: Uint8Array = new Uint8Array(0),
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(RECORD_HEADER_BYTES + payload.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, RECORD_MAGIC, true);
  view.setUint32(4, payload.byteLength, true);
  view.setUint8(8, KINDS[header.kind ?? "video"]);
  view.setUint8(9, header.streamId ?? 0);
  const flags = (header.isKeyframe ? 1 : 0) | (header.isCursorVisible ? 2 : 0) |
    (header.isUnchanged ? 4 : 0) | (header.layer === 1 ? 8 : 0);
  view.setUint16(10, flags, true);
  view.setUint32(12, header.frameId ?? 0, true);
  view.setUint16(16, header.referenceDistance ?? 0, true);
  view.setUint8(18, header.qp ?? 0);
  view.setUint8(19, header.encoderIndex ?? 0);
  view.setUint16(20, header.width ?? 0, true);
  view.setUint16(22, header.height ?? 0, true);
  view.setBigUint64(24, BigInt(header.captureTimeUs ?? 0), true);
  view.setUint32(32, header.grabUs ?? 0, true);
  view.setUint32(36, header.convertUs ?? 0, true);
  view.setUint32(40, header.firstSliceUs ?? 0, true);
  view.setUint32(44, header.encodeUs ?? 0, true);
  view.setUint32(48, header.emitUs ?? 0, true);
  view.setInt16(52, header.hotspotX ?? 0, true);
  view.setInt16(54, header.hotspotY ?? 0, true);
  view.setInt32(56, header.serial ?? 0, true);
  view.setUint32(60, header.droppedFrames ?? 0, true);
  bytes.set(payload, RECORD_HEADER_BYTES);
  return bytes;
}

/** One array after another. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((total, part) => total + part.byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
