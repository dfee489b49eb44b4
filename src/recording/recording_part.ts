/**
 * Recording part: some tenths of a second of a recording, from frames to the bytes that go to the file:
 * an index of our own, a moof and an mdat. A file that ends after any of them plays. A part has
 * `PART_FRAMES_MAX` frames and `PART_PACKETS_MAX` packets of sound at most; its buffer is used again.
 */

import type { EncodedFrame } from "../wire/frame.ts";
import { sampleBytesMax, writeLengths } from "../wire/access_unit.ts";
import {
  AUDIO_TIMESCALE,
  AUDIO_TRACK,
  BOX_HEADER_BYTES,
  BoxWriter,
  VIDEO_TRACK,
} from "./mp4_boxes.ts";
import { INDEX_ENTRY_BYTES, INDEX_FIXED_BYTES, INDEX_UUID } from "./part_reader.ts";

/** Frames of a part: half a second of the fastest stream, and more. */
export const PART_FRAMES_MAX = 256;
/** Packets of sound of a part. */
export const PART_PACKETS_MAX = 512;

const MOOF_FIXED_BYTES = 256;
/** Packets that begin so many durations after the one before do not follow it. */
const GAP_DURATIONS = 1.5;
const VIDEO_ENTRY_BYTES = 12;
const AUDIO_ENTRY_BYTES = 8;
/** A sample that others refer to and that refers to none; and one that refers to others. */
const KEYFRAME_FLAGS = 0x0200_0000;
const FRAME_FLAGS = 0x0101_0000;
/** Durations and sizes, with an offset before them; flags as well. */
const AUDIO_RUN_FLAGS = 0x0000_0301;
const VIDEO_RUN_FLAGS = 0x0000_0701;
/** Offsets count from the moof. */
const TRACK_FRAGMENT_FLAGS = 0x0002_0000;
const TIME_FLAGS = 0x0100_0000;

/** A packet of sound: 2.5 to 120 ms of Opus. */
export interface AudioPacket {
  readonly captureTimeUs: number;
  readonly durationUs: number;
  readonly payload: Uint8Array;
}

interface VideoSample {
  readonly frameId: number;
  readonly captureTimeUs: number;
  readonly bytes: number;
  readonly referenceDistance: number;
  readonly layer: 0 | 1;
}

interface AudioSample {
  readonly captureTimeUs: number;
  readonly durationUs: number;
  readonly payload: Uint8Array;
}

/** What the boxes of a part say beside its samples. */
export interface SealOptions {
  /** Of the recording, from 1. */
  readonly number: number;
  /** Capture time at which the recording begins. */
  readonly recordingUs: number;
  /** Capture time at which the last frame ends. */
  readonly endUs: number;
  /** What makes microseconds of 1970 of a capture time. */
  readonly wallClockOffsetUs: number;
}

/** A part that can be written. */
export interface SealedPart {
  /** To be written one behind the other. */
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly frames: number;
  readonly startsWithKeyframe: boolean;
  /** Bytes before its moof. */
  readonly moofOffset: number;
  /** Buffer of the pieces, for the next part once they are written. */
  readonly buffer: Uint8Array<ArrayBuffer>;
}

/** Collects the frames of one part. */
export class RecordingPart {
  #buffer: Uint8Array<ArrayBuffer>;
  #size = 0;
  #audioBytes = 0;
  readonly #video: VideoSample[] = [];
  readonly #audio: AudioSample[] = [];

  /** `buffer` is written over and grows. */
  constructor(buffer: Uint8Array<ArrayBuffer>) {
    this.#buffer = buffer;
  }

  /** Bytes that it holds. */
  get heldBytes(): number {
    return this.#buffer.byteLength + this.#audioBytes;
  }

  get frames(): number {
    return this.#video.length;
  }

  /** True while it has neither a picture nor sound. */
  get isEmpty(): boolean {
    return this.#video.length === 0 && this.#audio.length === 0;
  }

  /** Capture time of its first frame, or of its sound while there is none; undefined when empty. */
  get startUs(): number | undefined {
    return this.#video[0]?.captureTimeUs ?? this.#audio[0]?.captureTimeUs;
  }

  /** Capture time of its last frame. */
  get lastUs(): number {
    return this.#video.at(-1)?.captureTimeUs ?? 0;
  }

  /** True when it takes no further frame. */
  get isFull(): boolean {
    return this.#video.length >= PART_FRAMES_MAX;
  }

  /** Copies a frame. */
  push(frame: EncodedFrame, captureTimeUs: number): void {
    this.#reserve(sampleBytesMax(frame.payload.byteLength));
    const bytes = writeLengths(frame.payload, this.#buffer, this.#size);
    this.#size += bytes;
    const { frameId, referenceDistance, layer = 0 } = frame;
    this.#video.push({ frameId, captureTimeUs, bytes, referenceDistance, layer });
  }

  /** Copies a packet of sound; false when there is no room for more. */
  pushAudio({ captureTimeUs, durationUs, payload }: AudioPacket): boolean {
    if (this.#audio.length >= PART_PACKETS_MAX) return false;
    this.#audio.push({ captureTimeUs, durationUs, payload: payload.slice() });
    this.#audioBytes += payload.byteLength;
    return true;
  }

  /** The bytes of the part, which must not be empty. One of a still screen has sound alone. */
  seal(options: SealOptions): SealedPart {
    const head = this.#head(options);
    const pieces = [head, this.#buffer.subarray(0, this.#size)];
    for (const { payload } of this.#audio) pieces.push(payload as Uint8Array<ArrayBuffer>);
    return {
      pieces,
      bytes: head.byteLength + this.#size + this.#audioBytes,
      startUs: this.startUs ?? 0,
      endUs: options.endUs,
      frames: this.#video.length,
      startsWithKeyframe: this.#video[0]?.referenceDistance === 0,
      moofOffset: INDEX_FIXED_BYTES + this.#video.length * INDEX_ENTRY_BYTES,
      buffer: this.#buffer,
    };
  }

  #reserve(bytes: number): void {
    const size = this.#size + bytes;
    if (size <= this.#buffer.byteLength) return;
    const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.byteLength));
    larger.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = larger;
  }

  #head(options: SealOptions): Uint8Array<ArrayBuffer> {
    const writer = new BoxWriter(
      INDEX_FIXED_BYTES + MOOF_FIXED_BYTES +
        this.#video.length * (INDEX_ENTRY_BYTES + VIDEO_ENTRY_BYTES) +
        this.#audio.length * AUDIO_ENTRY_BYTES,
    );
    this.#writeIndex(writer, options);
    const moofStart = writer.offset;
    const offsets: [place: number, bytes: number][] = [];
    writer.box("moof", () => {
      writer.fullBox("mfhd", 0, () => writer.u32(options.number));
      if (this.#video.length > 0) offsets.push([this.#writeVideo(writer, options), 0]);
      if (this.#audio.length > 0) {
        offsets.push([this.#writeAudio(writer, options), this.#size]);
      }
    });
    const dataStart = writer.offset - moofStart + BOX_HEADER_BYTES;
    for (const [place, bytes] of offsets) writer.patchU32(place, dataStart + bytes);
    writer.u32(BOX_HEADER_BYTES + this.#size + this.#audioBytes).text("mdat");
    return writer.written;
  }

  #writeIndex(writer: BoxWriter, { endUs, wallClockOffsetUs }: SealOptions): void {
    const startUs = this.startUs ?? 0;
    writer.box("uuid", () => {
      writer.bytes(INDEX_UUID).u32(1);
      writer.u64(startUs).u64(endUs).u64(Math.max(0, startUs + wallClockOffsetUs));
      writer.u32(this.#video.length);
      for (const { frameId, captureTimeUs, bytes, referenceDistance, layer } of this.#video) {
        writer.u32(frameId).u32(captureTimeUs - startUs).u32(bytes);
        writer.u8(referenceDistance).u8(layer).u8(0).u8(0);
      }
    });
  }

  /** Returns where the offset of its samples is to be written. */
  #writeVideo(writer: BoxWriter, { recordingUs, endUs }: SealOptions): number {
    let place = 0;
    const video = this.#video;
    writer.box("traf", () => {
      writer.fullBox("tfhd", TRACK_FRAGMENT_FLAGS, () => writer.u32(VIDEO_TRACK));
      writer.fullBox("tfdt", TIME_FLAGS, () => writer.u64((this.startUs ?? 0) - recordingUs));
      writer.fullBox("trun", VIDEO_RUN_FLAGS, () => {
        writer.u32(video.length);
        place = writer.offset;
        writer.u32(0);
        for (const [i, { captureTimeUs, bytes, referenceDistance }] of video.entries()) {
          const nextUs = video[i + 1]?.captureTimeUs ?? Math.max(endUs, captureTimeUs);
          writer.u32(nextUs - captureTimeUs).u32(bytes);
          writer.u32(referenceDistance === 0 ? KEYFRAME_FLAGS : FRAME_FLAGS);
        }
      });
    });
    return place;
  }

  #writeAudio(writer: BoxWriter, { recordingUs }: SealOptions): number {
    let place = 0;
    const units = (us: number) => Math.round(us * AUDIO_TIMESCALE / 1_000_000);
    const startUs = Math.max(0, (this.#audio[0]?.captureTimeUs ?? 0) - recordingUs);
    writer.box("traf", () => {
      writer.fullBox("tfhd", TRACK_FRAGMENT_FLAGS, () => writer.u32(AUDIO_TRACK));
      writer.fullBox("tfdt", TIME_FLAGS, () => writer.u64(units(startUs)));
      writer.fullBox("trun", AUDIO_RUN_FLAGS, () => {
        writer.u32(this.#audio.length);
        place = writer.offset;
        writer.u32(0);
        for (const [i, { captureTimeUs, durationUs, payload }] of this.#audio.entries()) {
          const gapUs = (this.#audio[i + 1]?.captureTimeUs ?? 0) - captureTimeUs;
          // What is missing leaves a gap, or all that follows would be early.
          writer.u32(units(gapUs > GAP_DURATIONS * durationUs ? gapUs : durationUs));
          writer.u32(payload.byteLength);
        }
      });
    });
    return place;
  }
}
