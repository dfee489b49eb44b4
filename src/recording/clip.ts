/**
 * Clip: a piece of a replay or a recording as an MP4 file of its own, written by mediabunny while it is
 * read: the frames are the bytes that the encoder made, only what is around them is new. It begins at
 * the keyframe before the time asked for, with an edit list that has players show what was asked for.
 */

import {
  AppendOnlyStreamTarget,
  EncodedAudioPacketSource,
  EncodedPacket,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  Output,
} from "mediabunny";
import { SOUND_SAMPLE_RATE } from "../wire/audio.ts";
import type { StreamDescription } from "../wire/codec.ts";
import { opusDescription } from "../wire/opus_layout.ts";

const US_PER_SECOND = 1_000_000;
/** Sound may be ahead of the picture by so much in what a clip is made of. */
const FRAME_LATE_US = 2_000_000;

/** One frame for a clip, with lengths instead of start codes. */
export interface ClipFrame {
  readonly captureTimeUs: number;
  readonly isKeyframe: boolean;
  readonly sample: Uint8Array;
}

/** A packet of sound for a clip: Opus. */
export interface ClipPacket {
  readonly captureTimeUs: number;
  readonly durationUs: number;
  readonly payload: Uint8Array;
}

/** What follows next in a clip; of its frames, and of its packets, none is earlier than the one before. */
export type ClipItem =
  | { readonly kind: "frame"; readonly frame: ClipFrame }
  | { readonly kind: "packet"; readonly packet: ClipPacket };

/** What a clip is made of. */
export interface ClipSource {
  readonly description: Pick<
    StreamDescription,
    "name" | "codec" | "codedWidth" | "codedHeight" | "colorSpace"
  >;
  /** The avcC record. */
  readonly decoderRecord: Uint8Array;
  /** Channels of its sound; undefined when it has none. */
  readonly soundChannels: number | undefined;
  /** From a keyframe on; the bytes are the clip's, which holds them until they are written. */
  readonly items: AsyncIterable<ClipItem>;
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
  source: ClipSource,
  range: ClipRange,
  target: WritableStream<Uint8Array>,
): Promise<void> {
  const output = new Output({
    format: new Mp4OutputFormat({ fastStart: "fragmented", minimumFragmentDuration: 1 }),
    target: new AppendOnlyStreamTarget(target),
  });
  const tracks = new ClipTracks(output, source, range);
  output.setMetadataTags({ title: source.description.name });
  await output.start();
  for await (const item of source.items) {
    const goesOn = item.kind === "packet"
      ? await tracks.addPacket(item.packet)
      : await tracks.addFrame(item.frame);
    if (!goesOn) break;
  }
  await tracks.finish();
  await output.finalize();
}

/** The tracks of one clip. */
class ClipTracks {
  readonly #range: ClipRange;
  readonly #video = new EncodedVideoPacketSource("avc");
  readonly #sound: EncodedAudioPacketSource | undefined;
  readonly #videoConfig: EncodedVideoChunkMetadata;
  readonly #soundConfig: EncodedAudioChunkMetadata;
  /** It waits for the next one, which says how long it was shown. */
  #held: ClipFrame | undefined;
  #soundEndUs = 0;

  constructor(output: Output, source: ClipSource, range: ClipRange) {
    const { description, decoderRecord, soundChannels } = source;
    this.#range = range;
    this.#soundEndUs = range.fromUs;
    // The times of frames are microseconds: as many a second could be told apart.
    output.addVideoTrack(this.#video, { frameRate: US_PER_SECOND });
    this.#videoConfig = {
      decoderConfig: {
        codec: description.codec,
        codedWidth: description.codedWidth,
        codedHeight: description.codedHeight,
        description: decoderRecord,
        colorSpace: description.colorSpace as VideoColorSpaceInit,
      },
    };
    const numberOfChannels = soundChannels ?? 1;
    this.#soundConfig = {
      decoderConfig: {
        ...{ codec: "opus", sampleRate: SOUND_SAMPLE_RATE, numberOfChannels },
        description: opusDescription(numberOfChannels),
      },
    };
    if (soundChannels === undefined) return;
    this.#sound = new EncodedAudioPacketSource("opus");
    output.addAudioTrack(this.#sound);
  }

  /** False when the clip ends before this frame. */
  async addFrame(frame: ClipFrame): Promise<boolean> {
    if (frame.captureTimeUs > this.#range.toUs) return false;
    if (this.#held !== undefined) await this.#add(this.#held, frame.captureTimeUs);
    this.#held = frame;
    return true;
  }

  /** Sound outside of the range is left out; false when no frame can be due any more. */
  async addPacket({ captureTimeUs, durationUs, payload }: ClipPacket): Promise<boolean> {
    const { fromUs, toUs } = this.#range;
    // A screen that stands still has no frame that would end the clip.
    if (captureTimeUs > toUs + FRAME_LATE_US) return false;
    // Times jitter by less than a packet: none begins before the one before it ends.
    const startUs = captureTimeUs < this.#soundEndUs + durationUs / 2
      ? this.#soundEndUs
      : captureTimeUs;
    if (this.#sound === undefined || captureTimeUs < fromUs || startUs >= toUs) return true;
    this.#soundEndUs = startUs + durationUs;
    const [start, duration] = [seconds(startUs - fromUs), seconds(durationUs)];
    await this.#sound.add(new EncodedPacket(payload, "key", start, duration), this.#soundConfig);
    return true;
  }

  /** Writes the last frame. */
  async finish(): Promise<void> {
    if (this.#held === undefined) return;
    await this.#add(this.#held, Math.max(this.#range.toUs, this.#held.captureTimeUs));
  }

  async #add(frame: ClipFrame, endUs: number): Promise<void> {
    const type = frame.isKeyframe ? "key" : "delta";
    const duration = seconds(Math.max(0, endUs - frame.captureTimeUs));
    const start = seconds(frame.captureTimeUs - this.#range.fromUs);
    await this.#video.add(
      new EncodedPacket(frame.sample, type, start, duration),
      this.#videoConfig,
    );
  }
}

function seconds(us: number): number {
  return us / US_PER_SECOND;
}
