/**
 * Frame stream: encoded frames one after the other over something reliable, as a replay or a recording
 * is read. Records of a 24-byte header and a payload of at most one frame; the reader holds at most
 * one record.
 *
 *     0  u8   kind: 1 frame, 2 description, 3 gap, 4 live, 5 sound
 *     1  u8   flags of a frame: 1 shown, 2 of the second layer; channels of sound
 *     2  u8   reference distance of a frame, 0 for a keyframe
 *     3  u8   cause of a gap: 1 evicted, 2 blanked
 *     4  u32  bytes of the payload: a bitstream, a description as JSON, an Opus packet; or 0
 *     8  u32  frame id
 *    12  u32  microseconds of sound; else 0
 *    16  u64  capture time in microseconds; of a gap, when it ends
 */

import { ByteReader, ByteWriter } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";
import { MAX_SOUND_CHANNELS } from "./audio.ts";
import { type StreamDescription, streamDescriptionSchema } from "./codec.ts";
import { MAX_FRAME_BYTES } from "./frame.ts";

/** Bytes before each payload. */
export const FRAME_STREAM_HEADER_BYTES = 24;
/** Media type of a frame stream. */
export const FRAME_STREAM_TYPE = "application/vnd.wavry.frames";

const KINDS = ["frame", "description", "gap", "live", "sound"] as const;
const GAP_CAUSES = ["evicted", "blanked"] as const;
const MAX_DESCRIPTION_BYTES = 4096;
/** Largest packet of sound: as much as 8 channels of Opus need, and more. */
const MAX_SOUND_BYTES = 16_384;
/** Longest packet of sound, in microseconds. */
export const STREAMED_SOUND_US_MAX = 120_000;
const SHOWN = 1;
const SECOND_LAYER = 2;

/** A frame of a stream, without its payload. */
export interface StreamedFrame {
  readonly frameId: number;
  readonly captureTimeUs: number;
  readonly referenceDistance: number;
  readonly layer: 0 | 1;
  /** False for a frame that is only decoded, because what is shown refers to it. */
  readonly isShown: boolean;
}

/** A packet of sound of a stream, without its payload. */
export interface StreamedSound {
  readonly captureTimeUs: number;
  readonly durationUs: number;
  readonly channels: number;
}

/** One record. */
export type FrameStreamRecord =
  | { readonly kind: "frame"; readonly frame: StreamedFrame; readonly payload: Uint8Array }
  | { readonly kind: "description"; readonly description: StreamDescription }
  | { readonly kind: "gap"; readonly cause: (typeof GAP_CAUSES)[number]; readonly toUs: number }
  /** What was heard then, between frames of about that time; only for who asked for sound. */
  | { readonly kind: "sound"; readonly sound: StreamedSound; readonly payload: Uint8Array }
  /** The newest frame was given; what follows comes as it is captured. */
  | { readonly kind: "live" };

/** Writes the header of a frame of `bytes` to the front of `target`; the payload goes behind it. */
export function writeFrameHeader(target: Uint8Array, frame: StreamedFrame, bytes: number): void {
  const flags = (frame.isShown ? SHOWN : 0) | (frame.layer === 1 ? SECOND_LAYER : 0);
  new ByteWriter(target).u8(1).u8(flags).u8(frame.referenceDistance).u8(0)
    .u32(bytes).u32(frame.frameId).u32(0).u64(frame.captureTimeUs);
}

/** One record of sound. */
export function encodeStreamedSound(
  { captureTimeUs, durationUs, channels }: StreamedSound,
  payload: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const record = new Uint8Array(FRAME_STREAM_HEADER_BYTES + payload.byteLength);
  new ByteWriter(record).u8(KINDS.indexOf("sound") + 1).u8(channels).u8(0).u8(0)
    .u32(payload.byteLength).u32(0).u32(durationUs).u64(captureTimeUs);
  record.set(payload, FRAME_STREAM_HEADER_BYTES);
  return record;
}

/** One record that is neither a frame nor sound. */
export function encodeFrameStreamMark(
  mark: Exclude<FrameStreamRecord, { kind: "frame" } | { kind: "sound" }>,
): Uint8Array<ArrayBuffer> {
  const payload = mark.kind === "description"
    ? new TextEncoder().encode(JSON.stringify(mark.description))
    : new Uint8Array(0);
  const record = new Uint8Array(FRAME_STREAM_HEADER_BYTES + payload.byteLength);
  const cause = mark.kind === "gap" ? GAP_CAUSES.indexOf(mark.cause) + 1 : 0;
  new ByteWriter(record).u8(KINDS.indexOf(mark.kind) + 1).u8(0).u8(0).u8(cause)
    .u32(payload.byteLength).u32(0).u32(0).u64(mark.kind === "gap" ? mark.toUs : 0);
  record.set(payload, FRAME_STREAM_HEADER_BYTES);
  return record;
}

/** Puts records together from pieces of any size. */
export class FrameStreamReader {
  #pending = new Uint8Array(64 * 1024);
  #size = 0;

  /** Takes a piece; yields the records that it completes. Throws ProtocolError. */
  *push(piece: Uint8Array): Generator<FrameStreamRecord> {
    this.#append(piece);
    let offset = 0;
    for (;;) {
      const bytes = recordBytes(this.#pending.subarray(offset, this.#size));
      if (bytes === undefined || this.#size - offset < bytes) break;
      yield parseRecord(this.#pending.slice(offset, offset + bytes));
      offset += bytes;
    }
    this.#pending.copyWithin(0, offset, this.#size);
    this.#size -= offset;
  }

  /** Bytes of a record that has not ended. */
  get pendingBytes(): number {
    return this.#size;
  }

  #append(piece: Uint8Array): void {
    const size = this.#size + piece.byteLength;
    if (size > this.#pending.byteLength) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#pending.byteLength));
      larger.set(this.#pending.subarray(0, this.#size));
      this.#pending = larger;
    }
    this.#pending.set(piece, this.#size);
    this.#size = size;
  }
}

/** Bytes of the record at the front, or undefined while its header is not there. */
function recordBytes(bytes: Uint8Array): number | undefined {
  if (bytes.byteLength < FRAME_STREAM_HEADER_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  const kind = KINDS[reader.u8() - 1];
  reader.bytes(3);
  const length = reader.u32();
  const most = kind === "frame"
    ? MAX_FRAME_BYTES
    : kind === "description"
    ? MAX_DESCRIPTION_BYTES
    : kind === "sound"
    ? MAX_SOUND_BYTES
    : 0;
  if (length > most) {
    throw new ProtocolError(`Cannot read a record of ${length} bytes`, { reason: "too_large" });
  }
  return FRAME_STREAM_HEADER_BYTES + length;
}

function parseRecord(bytes: Uint8Array): FrameStreamRecord {
  const reader = new ByteReader(bytes);
  const kind = KINDS[reader.u8() - 1];
  const flags = reader.u8();
  const referenceDistance = reader.u8();
  const cause = GAP_CAUSES[reader.u8() - 1];
  const length = reader.u32();
  const frameId = reader.u32();
  const durationUs = reader.u32();
  const captureTimeUs = reader.u64();
  const payload = reader.bytes(length);
  if (kind === "frame") {
    const layer = (flags & SECOND_LAYER) === 0 ? 0 : 1;
    const isShown = (flags & SHOWN) !== 0;
    return { kind, frame: { frameId, captureTimeUs, referenceDistance, layer, isShown }, payload };
  }
  if (kind === "sound") {
    const isPossible = flags >= 1 && flags <= MAX_SOUND_CHANNELS && length > 0 &&
      durationUs > 0 && durationUs <= STREAMED_SOUND_US_MAX;
    if (isPossible) return { kind, sound: { captureTimeUs, durationUs, channels: flags }, payload };
  }
  if (kind === "description") return { kind, description: parseDescription(payload) };
  if (kind === "gap" && cause !== undefined) return { kind, cause, toUs: captureTimeUs };
  if (kind === "live") return { kind };
  throw new ProtocolError(`Cannot read a record of kind ${bytes[0]}`, { reason: "bad_value" });
}

function parseDescription(payload: Uint8Array): StreamDescription {
  let value: unknown;
  try {
    value = JSON.parse(new ByteReader(payload).text(payload.byteLength));
  } catch (cause) {
    throw new ProtocolError("Cannot read a description", { reason: "bad_value", cause });
  }
  return streamDescriptionSchema(value, "description");
}
