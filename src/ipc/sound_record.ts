/**
 * SoundRecord: the records of the media process that carry sound, as the server's handlers get them:
 * one Opus frame each, and what is heard or why nothing is.
 */

import { MAX_SOUND_CHANNELS, SOUND_FRAME_US } from "../wire/audio.ts";
import { type MediaRecord, STATUS_STARTED } from "./media_record.ts";

const MAX_TEXT_BYTES = 128;

/** One frame of sound; `payload` is valid only during the call. */
export interface MediaSound {
  /** Counts the frames of one capture from 1; a gap is what could not be handed on. */
  readonly frameId: number;
  /** Another number: a decoder has to begin anew. */
  readonly epoch: number;
  readonly channels: number;
  readonly frameUs: number;
  /** When the first sample that a decoder yields was heard on the host, on its CLOCK_MONOTONIC. */
  readonly captureTimeUs: number;
  readonly encodeUs: number;
  readonly payload: Uint8Array;
}

/** What is heard; or that nothing is, and why. */
export type MediaSoundState =
  | { readonly isHeard: true; readonly source: string; readonly channels: number }
  | { readonly isHeard: false; readonly reason: string };

/** The frame of a record; undefined when it is none that a datagram can carry. */
export function soundOf({ header, payload }: MediaRecord): MediaSound | undefined {
  const { width: channels, height: frameUs } = header;
  const isPossible = channels >= 1 && channels <= MAX_SOUND_CHANNELS &&
    SOUND_FRAME_US.includes(frameUs) && payload.byteLength > 0;
  if (!isPossible) return undefined;
  return {
    frameId: header.frameId,
    epoch: header.serial,
    channels,
    frameUs,
    captureTimeUs: header.captureTimeUs,
    encodeUs: header.encodeUs,
    payload,
  };
}

/** The state that a record tells. */
export function soundStateOf({ header, payload }: MediaRecord): MediaSoundState {
  const text = new TextDecoder().decode(payload.subarray(0, MAX_TEXT_BYTES));
  return header.serial === STATUS_STARTED
    ? { isHeard: true, source: text, channels: header.width }
    : { isHeard: false, reason: text };
}
