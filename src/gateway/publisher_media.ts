/**
 * PublisherMedia: what a gateway says of a publisher's frame and sound when it hands them on: numbers,
 * what they are, and when, by the gateway's own clock; with the time at which it said so, from which
 * the server process learns how far the two clocks are apart. One small header before each payload.
 */

import { ProtocolError } from "../core/errors.ts";
import { MAX_SOUND_CHANNELS, SOUND_FRAME_US } from "../wire/audio.ts";

/** Bytes before each payload. */
export const PUBLISHER_HEADER_BYTES = 24;
const TIME_MAX = 2 ** 52;
const FLAG_KEYFRAME = 1;

/** Times of the gateway's clock in microseconds. */
export interface PublisherTimes {
  /** When it was captured, as far as that can be known. */
  readonly captureUs: number;
  /** When it was handed on. */
  readonly sentUs: number;
}

/** A picture. */
export interface PublisherFrame extends PublisherTimes {
  /** Counts from 1; gaps are frames that were left out. */
  readonly frameId: number;
  readonly isKeyframe: boolean;
}

/** A frame of sound. */
export interface PublisherSound extends PublisherTimes {
  readonly frameId: number;
  readonly channels: number;
  readonly frameUs: number;
}

/** The header of a frame. */
export function encodePublisherFrame(frame: PublisherFrame): Uint8Array<ArrayBuffer> {
  return encode(frame, frame.isKeyframe ? FLAG_KEYFRAME : 0, 0);
}

/** The header of a frame of sound. */
export function encodePublisherSound(sound: PublisherSound): Uint8Array<ArrayBuffer> {
  return encode(sound, sound.channels, sound.frameUs);
}

/** Reads the header of a frame. Throws ProtocolError. */
export function parsePublisherFrame(bytes: Uint8Array): PublisherFrame {
  const { kind, durationUs, ...rest } = parse(bytes);
  if (kind > FLAG_KEYFRAME || durationUs !== 0) refuse(`a frame of kind ${kind}`);
  return { ...rest, isKeyframe: kind === FLAG_KEYFRAME };
}

/** Reads the header of a frame of sound. Throws ProtocolError. */
export function parsePublisherSound(bytes: Uint8Array): PublisherSound {
  const { kind: channels, durationUs: frameUs, ...rest } = parse(bytes);
  if (channels < 1 || channels > MAX_SOUND_CHANNELS) refuse(`sound of ${channels} channels`);
  if (!SOUND_FRAME_US.includes(frameUs)) refuse(`sound of ${frameUs} us`);
  return { ...rest, channels, frameUs };
}

interface Header extends PublisherTimes {
  readonly frameId: number;
  readonly kind: number;
  readonly durationUs: number;
}

function encode(
  { frameId, captureUs, sentUs }: PublisherTimes & { readonly frameId: number },
  kind: number,
  durationUs: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(PUBLISHER_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, captureUs, true);
  view.setFloat64(8, sentUs, true);
  view.setUint32(16, frameId, true);
  view.setUint16(20, durationUs, true);
  view.setUint16(22, kind, true);
  return bytes;
}

function parse(bytes: Uint8Array): Header {
  if (bytes.byteLength <= PUBLISHER_HEADER_BYTES) refuse(`${bytes.byteLength} bytes of media`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const captureUs = view.getFloat64(0, true);
  const sentUs = view.getFloat64(8, true);
  const frameId = view.getUint32(16, true);
  const isTime = (us: number) => us >= 0 && us < TIME_MAX;
  const isPossible = isTime(captureUs) && isTime(sentUs) && frameId > 0;
  if (!isPossible) refuse(`frame ${frameId} of time ${captureUs}`);
  const kind = view.getUint16(22, true);
  return { captureUs, sentUs, frameId, kind, durationUs: view.getUint16(20, true) };
}

function refuse(what: string): never {
  throw new ProtocolError(`Cannot take ${what} from a gateway`, { reason: "bad_value" });
}
