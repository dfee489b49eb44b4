/** A native stream of the pattern with one encoder, and what tests ask of its frames. */

import {
  type EncoderName,
  FramePool,
  MediaOutput,
  MediaStream,
  type NativeEncoderPool,
  stagingFrameBytes,
} from "../../ffi/mod.ts";
import { lumaPsnr } from "./decode_video.ts";
import { FLAG, type MediaRecord, RecordReader } from "./record_reader.ts";

/** Size of the pictures. */
export const RIG_SIZE = { width: 640, height: 360 } as const;

/** A stream and the reader of its records. */
export interface EncoderRig extends Disposable {
  readonly stream: MediaStream;
  readonly reader: RecordReader;
}

/** How a rig's stream is opened. */
export interface EncoderRigOptions {
  readonly qp?: number;
  readonly keyframeQpOffset?: number;
  readonly fpsMax?: number;
  /** Where its encoders come from and go to. */
  readonly encoders?: NativeEncoderPool;
  /** Default: `RIG_SIZE`. */
  readonly size?: { readonly width: number; readonly height: number };
}

/** Opens a stream that is not started yet. */
export async function openEncoderRig(
  encoder: EncoderName,
  { qp = 24, keyframeQpOffset = 0, fpsMax = 120, encoders, size = RIG_SIZE }: EncoderRigOptions =
    {},
): Promise<EncoderRig> {
  const output = MediaOutput.open({ ringBytes: 8 << 20 });
  const frameBytes = stagingFrameBytes(size.width, size.height);
  const pool = FramePool.open({ count: 2, frameBytes, bytesMax: 2 * frameBytes });
  const stream = await MediaStream.open(output, pool, {
    streamId: 3,
    source: { kind: "pattern" },
    ...size,
    fpsMax,
    qp,
    keyframeQpOffset,
    encoder,
    ...encoders === undefined ? {} : { encoders },
  }).catch((error) => {
    pool[Symbol.dispose]();
    output[Symbol.dispose]();
    throw error;
  });
  return {
    stream,
    reader: new RecordReader(output),
    [Symbol.dispose]() {
      stream[Symbol.dispose]();
      pool[Symbol.dispose]();
      output[Symbol.dispose]();
    },
  };
}

/**
 * Loses more frames of a stream that has just started than its encoder keeps at first, and gives the
 * keyframe that answers: from there on it keeps as many as it can.
 */
export async function keepMore({ stream, reader }: EncoderRig): Promise<MediaRecord> {
  await reader.frames(12);
  stream.invalidate(2);
  while (true) {
    for (const frame of await reader.frames(1)) if (isKeyframe(frame)) return frame;
  }
}

/** NAL unit types of an Annex B access unit, in order. */
export function nalTypes(bytes: Uint8Array): number[] {
  const types: number[] = [];
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1) {
      types.push((bytes[at + 3] ?? 0) & 31);
    }
  }
  return types;
}

/** True for a keyframe. */
export function isKeyframe(frame: MediaRecord): boolean {
  return (frame.flags & FLAG.keyframe) !== 0;
}

/** True for a frame that no later one refers to. */
export function isDisposable(frame: MediaRecord): boolean {
  return (frame.flags & FLAG.enhancement) !== 0;
}

/** The access units of frames. */
export function payloads(frames: readonly MediaRecord[]): Uint8Array[] {
  return frames.map((frame) => frame.payload);
}

/** Positions at which two lists of pictures differ; comparing pixels by the test runner takes ages. */
export function differences(a: readonly Uint8Array[], b: readonly Uint8Array[]): number[] {
  const places: number[] = a.length === b.length ? [] : [-1];
  a.forEach((picture, at) => {
    const other = b[at];
    if (other === undefined || lumaPsnr(picture, other, picture.length) !== Infinity) {
      places.push(at);
    }
  });
  return places;
}
