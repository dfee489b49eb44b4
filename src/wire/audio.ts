/**
 * Audio: datagrams of class "audio": one Opus frame and up to two older ones, which a receiver uses
 * for what it has not got. The same format carries the host's sound down and a microphone up; it
 * has its own sequence and no part in repairs. docs/WIRE.md is normative.
 */

import { readU16, readU32 } from "../core/bytes.ts";
import { ProtocolError } from "../core/errors.ts";
import { MAX_DATAGRAM_BYTES, MAX_STREAM_ID, streamByte } from "./packet.ts";

/** Samples a second of every channel, always. */
export const SOUND_SAMPLE_RATE = 48_000;
/** Most channels: 7.1. */
export const MAX_SOUND_CHANNELS = 8;
/** Durations of a frame that Opus and this format know, in microseconds. */
export const SOUND_FRAME_US: readonly number[] = [5000, 10_000, 20_000];
/** The longest of them. */
export const MAX_SOUND_FRAME_US = 20_000;
/** Most older frames that go with a frame. */
export const MAX_SOUND_REDUNDANCY = 2;
/** Bytes before the lengths of the frames. */
export const AUDIO_HEADER_BYTES = 16;
/** Epochs are counted modulo this: the high half of the stream byte. */
export const SOUND_EPOCHS = 16;

const KIND_SOUND = 0xa0;
const KIND_MICROPHONE = 0xa1;
const LENGTH_BYTES = 2;
const U32_RANGE = 0x1_0000_0000;

/** What an audio datagram carries. */
export type AudioKind = "sound" | "microphone";

/** One datagram of sound. */
export interface AudioDatagram {
  readonly kind: AudioKind;
  /** Which sound it is, 0-15; apart from the ids of pictures. */
  readonly streamId: number;
  /** +1, modulo 16, whenever a decoder must start anew: other channels, or a source that restarted. */
  readonly epoch: number;
  readonly channels: number;
  readonly frameUs: number;
  /** Counts the frames of the stream, modulo 2^32, over all epochs; that of the newest frame. */
  readonly sequence: number;
  /**
   * When the first sample that a decoder yields for the newest frame was captured: low 32 bits, in
   * microseconds of the clock of capture times; each older frame began `frameUs` before.
   */
  readonly captureTimeUs: number;
  /** Opus packets, newest first: of `sequence`, `sequence` - 1, `sequence` - 2. */
  readonly frames: readonly Uint8Array[];
}

/** How many of `frames`, newest first, fit a datagram of `maxBytes`; 0 when the newest does not. */
export function audioFramesThatFit(frames: readonly Uint8Array[], maxBytes: number): number {
  let bytes = AUDIO_HEADER_BYTES;
  let count = 0;
  for (const frame of frames) {
    bytes += LENGTH_BYTES + frame.byteLength;
    if (bytes > maxBytes || count > MAX_SOUND_REDUNDANCY) break;
    count++;
  }
  return count;
}

/** Writes a datagram to the front of `bytes`; gives how many it has. */
export function writeAudioDatagram(bytes: Uint8Array, audio: AudioDatagram): number {
  const { frames } = audio;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setUint8(0, audio.kind === "sound" ? KIND_SOUND : KIND_MICROPHONE);
  view.setUint8(1, streamByte(audio.streamId, audio.epoch));
  view.setUint8(2, audio.channels);
  view.setUint8(3, frames.length);
  view.setUint32(4, audio.sequence, true);
  view.setUint32(8, audio.captureTimeUs % U32_RANGE, true);
  view.setUint16(12, audio.frameUs, true);
  view.setUint16(14, 0, true);
  let lengthAt = AUDIO_HEADER_BYTES;
  let frameAt = AUDIO_HEADER_BYTES + frames.length * LENGTH_BYTES;
  for (const frame of frames) {
    view.setUint16(lengthAt, frame.byteLength, true);
    bytes.set(frame, frameAt);
    lengthAt += LENGTH_BYTES;
    frameAt += frame.byteLength;
  }
  return frameAt;
}

/** A datagram of its own bytes. */
export function encodeAudioDatagram(audio: AudioDatagram): Uint8Array<ArrayBuffer> {
  const payload = audio.frames.reduce((sum, frame) => sum + LENGTH_BYTES + frame.byteLength, 0);
  const bytes = new Uint8Array(AUDIO_HEADER_BYTES + payload);
  writeAudioDatagram(bytes, audio);
  return bytes;
}

/**
 * Parses a datagram; its frames are views of it. Throws ProtocolError on anything that the format
 * does not allow: lengths that differ from the datagram's, no frame or too many, an empty one.
 */
export function parseAudioDatagram(datagram: Uint8Array): AudioDatagram {
  const bytes = datagram.byteLength;
  if (bytes < AUDIO_HEADER_BYTES) refuse("truncated", `${bytes} bytes of sound`);
  if (bytes > MAX_DATAGRAM_BYTES) refuse("too_large", `${bytes} bytes of sound`);
  const first = datagram[0]!;
  if (first !== KIND_SOUND && first !== KIND_MICROPHONE) refuse("unexpected", `kind ${first}`);
  const channels = datagram[2]!;
  if (channels < 1 || channels > MAX_SOUND_CHANNELS) refuse("bad_value", `${channels} channels`);
  const frameUs = readU16(datagram, 12);
  if (!SOUND_FRAME_US.includes(frameUs)) refuse("bad_value", `frames of ${frameUs} us`);
  const reserved = readU16(datagram, 14);
  if (reserved !== 0) refuse("bad_value", `reserved bytes ${reserved}`);
  return {
    kind: first === KIND_SOUND ? "sound" : "microphone",
    streamId: datagram[1]! & MAX_STREAM_ID,
    epoch: datagram[1]! >> 4,
    channels,
    frameUs,
    sequence: readU32(datagram, 4),
    captureTimeUs: readU32(datagram, 8),
    frames: framesOf(datagram, datagram[3]!),
  };
}

function framesOf(datagram: Uint8Array, count: number): Uint8Array[] {
  if (count < 1 || count > 1 + MAX_SOUND_REDUNDANCY) refuse("bad_value", `${count} frames`);
  let frameAt = AUDIO_HEADER_BYTES + count * LENGTH_BYTES;
  if (frameAt > datagram.byteLength) refuse("truncated", `${count} frames without lengths`);
  const frames: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const length = readU16(datagram, AUDIO_HEADER_BYTES + index * LENGTH_BYTES);
    if (length === 0) refuse("bad_value", "an empty frame");
    frames.push(datagram.subarray(frameAt, frameAt + length));
    frameAt += length;
  }
  if (frameAt !== datagram.byteLength) {
    refuse("bad_value", `frames to byte ${frameAt} of ${datagram.byteLength}`);
  }
  return frames;
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what} in an audio datagram`, { reason });
}
