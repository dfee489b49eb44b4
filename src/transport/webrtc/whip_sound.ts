/**
 * WhipSound: what an Opus packet says of itself by its first byte (RFC 6716, section 3.1): how long it
 * sounds and on how many channels. Frames of 2.5, 40 and 60 ms are legal and of no use here: what hosts
 * send to viewers lasts 5, 10 or 20 ms.
 */

import { SOUND_FRAME_US } from "../../wire/audio.ts";

/** Longest packet that a datagram of ours carries. */
export const MAX_OPUS_BYTES = 1150;
const SILK_US = [10_000, 20_000, 40_000, 60_000] as const;
const HYBRID_US = [10_000, 20_000] as const;
const CELT_US = [2500, 5000, 10_000, 20_000] as const;
const FIRST_HYBRID = 12;
const FIRST_CELT = 16;
const STEREO = 4;

/** What a packet is. */
export interface OpusPacket {
  readonly channels: 1 | 2;
  readonly frameUs: number;
}

/** Reads the first byte; undefined for a packet that cannot be handed on. */
export function readOpus(payload: Uint8Array): OpusPacket | undefined {
  const { byteLength } = payload;
  if (byteLength === 0 || byteLength > MAX_OPUS_BYTES) return undefined;
  const first = payload[0]!;
  const mode = first >> 3;
  const oneUs = mode < FIRST_HYBRID
    ? SILK_US[mode & 3]!
    : mode < FIRST_CELT
    ? HYBRID_US[mode & 1]!
    : CELT_US[mode & 3]!;
  const frameUs = oneUs * framesOf(first & 3, payload);
  if (!SOUND_FRAME_US.includes(frameUs)) return undefined;
  return { channels: (first & STEREO) === 0 ? 1 : 2, frameUs };
}

function framesOf(code: number, payload: Uint8Array): number {
  if (code === 0) return 1;
  return code === 3 ? (payload[1] ?? 0) & 0x3f : 2;
}
