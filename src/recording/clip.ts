/**
 * Clip: a piece of a replay or a recording as an MP4 file of its own, written by mediabunny while it is
 * read: the frames are the bytes that the encoder made, only what is around them is new. It begins at
 * the keyframe before the time asked for, with an edit list that has players show what was asked for.
 */

import {
  AppendOnlyStreamTarget,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
} from "mediabunny";
import type { StreamDescription } from "../wire/codec.ts";

const US_PER_SECOND = 1_000_000;

/** One frame for a clip, with lengths instead of start codes. */
export interface ClipFrame {
  readonly captureTimeUs: number;
  readonly isKeyframe: boolean;
  readonly sample: Uint8Array;
}

/** What a clip is made of. */
export interface ClipSource {
  readonly description: Pick<
    StreamDescription,
    "name" | "codec" | "codedWidth" | "codedHeight" | "colorSpace"
  >;
  /** The avcC record. */
  readonly decoderRecord: Uint8Array;
  /** Frames from a keyframe on; their bytes are the clip's, which holds them until they are written. */
  readonly frames: AsyncIterable<ClipFrame>;
  /** Gives back what it holds; idempotent. */
  close(): void;
}

/** Which part of the source it is, in capture time. */
export interface ClipRange {
  readonly fromUs: number;
  /** The frame on the screen at this time is the last. */
  readonly toUs: number;
}

/** Writes a clip to `target`, which is closed at its end. Rejects with what went wrong. */
export async function writeClip(
  { description, decoderRecord, frames }: ClipSource,
  { fromUs, toUs }: ClipRange,
  target: WritableStream<Uint8Array>,
): Promise<void> {
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: "fragmented", minimumFragmentDuration: 1 }),
    target: new AppendOnlyStreamTarget(target),
  });
  const video = new EncodedVideoPacketSource("avc");
  // The times of frames are microseconds: as many a second could be told apart.
  output.addVideoTrack(video, { frameRate: US_PER_SECOND });
  output.setMetadataTags({ title: description.name });
  const decoderConfig = {
    codec: description.codec,
    codedWidth: description.codedWidth,
    codedHeight: description.codedHeight,
    description: decoderRecord,
    colorSpace: description.colorSpace as VideoColorSpaceInit,
  };
  let held: ClipFrame | undefined;
  const add = async (frame: ClipFrame, endUs: number) => {
    const seconds = (us: number) => us / US_PER_SECOND;
    const type = frame.isKeyframe ? "key" : "delta";
    const duration = seconds(Math.max(0, endUs - frame.captureTimeUs));
    const start = seconds(frame.captureTimeUs - fromUs);
    await video.add(new EncodedPacket(frame.sample, type, start, duration), { decoderConfig });
  };
  await output.start();
  for await (const frame of frames) {
    if (frame.captureTimeUs > toUs) break;
    if (held !== undefined) await add(held, frame.captureTimeUs);
    // It waits for the next one, which says how long it was shown.
    held = frame;
  }
  if (held !== undefined) await add(held, Math.max(toUs, held.captureTimeUs));
  await output.finalize();
}
