/**
 * gateway_frame: what an encoded frame, or a packet of sound, is called on its way between the server
 * process and a gateway: a prefix of fixed size before the bytes of the bitstream. No wire format; a
 * reader believes none of it.
 *
 *     0  u8   1 for a frame of the second layer; channels of sound
 *     1  u8   reference distance, 0 for a keyframe
 *     2  u16  0
 *     4  u32  frame id; microseconds of sound
 *     8  u64  capture time in microseconds
 */

import { ByteWriter } from "../core/bytes.ts";
import { MAX_SOUND_CHANNELS } from "../wire/audio.ts";
import type { EncodedFrame } from "../wire/frame.ts";

/** Bytes before the bitstream. */
export const GATEWAY_FRAME_BYTES = 16;

/** A packet of sound with where it belongs in time. */
export interface GatewaySound {
  readonly channels: number;
  readonly durationUs: number;
  readonly captureTimeUs: number;
  readonly payload: Uint8Array;
}

/** Writes the prefix of a frame to `target`. */
export function writeGatewayFrame(target: Uint8Array, frame: EncodedFrame): void {
  new ByteWriter(target).u8(frame.layer ?? 0).u8(frame.referenceDistance).u16(0)
    .u32(frame.frameId).u64(frame.captureTimeUs);
}

/** Writes the prefix of a packet of sound to `target`. */
export function writeGatewaySound(target: Uint8Array, sound: GatewaySound): void {
  new ByteWriter(target).u8(sound.channels).u8(0).u16(0).u32(sound.durationUs)
    .u64(sound.captureTimeUs);
}

/** The frame of a message, whose payload is a view; undefined when it cannot be one. */
export function readGatewayFrame(bytes: Uint8Array, streamId: number): EncodedFrame | undefined {
  if (bytes.byteLength <= GATEWAY_FRAME_BYTES || bytes[0]! > 1) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const captureTimeUs = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(captureTimeUs)) return undefined;
  return {
    streamId,
    frameId: view.getUint32(4, true),
    referenceDistance: bytes[1]!,
    layer: bytes[0] === 1 ? 1 : 0,
    captureTimeUs,
    payload: bytes.subarray(GATEWAY_FRAME_BYTES),
  };
}

/** The sound of a message, whose payload is a view; undefined when it cannot be one. */
export function readGatewaySound(bytes: Uint8Array): GatewaySound | undefined {
  const channels = bytes[0] ?? 0;
  if (bytes.byteLength <= GATEWAY_FRAME_BYTES) return undefined;
  if (channels < 1 || channels > MAX_SOUND_CHANNELS) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const captureTimeUs = Number(view.getBigUint64(8, true));
  if (!Number.isSafeInteger(captureTimeUs)) return undefined;
  return {
    channels,
    durationUs: view.getUint32(4, true),
    captureTimeUs,
    payload: bytes.subarray(GATEWAY_FRAME_BYTES),
  };
}
