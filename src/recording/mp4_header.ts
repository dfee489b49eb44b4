/**
 * MP4 header: the boxes at the front of a recording, which say how to decode what follows: made by
 * mediabunny, which loads when something is recorded for the first time. The parts behind it are ours
 * (recording_part.ts): mediabunny's begin at keyframes only, which a still screen does not have, and
 * keep a record of every frame until the end.
 */

import {
  EncodedAudioPacketSource,
  EncodedVideoPacketSource,
  Mp4OutputFormat,
  NullTarget,
  Output,
} from "mediabunny";
import type { StreamDescription } from "../wire/codec.ts";
import { opusDescription } from "../wire/opus_layout.ts";
import { AUDIO_TIMESCALE, findBox, VIDEO_TIMESCALE } from "./mp4_boxes.ts";

/** Sound of a recording: Opus in packets; nothing of the first one is to be thrown away. */
export interface AudioDescription {
  readonly channels: number;
}

/** What a header says. */
export interface HeaderOptions {
  readonly description: StreamDescription;
  /** The avcC record. */
  readonly decoderRecord: Uint8Array;
  readonly audio?: AudioDescription | undefined;
  /** When it began. */
  readonly startedMs: number;
}

/** A header, and where in it the duration stands that is not known yet. */
export interface Mp4Header {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** A 32-bit number in units of `durationTimescale`. */
  readonly durationOffset: number;
  readonly durationTimescale: number;
}

/** Makes the header of a recording. */
export async function makeHeader(options: HeaderOptions): Promise<Mp4Header> {
  const { description, decoderRecord, audio, startedMs } = options;
  const pieces: Uint8Array[] = [];
  const take = (bytes: Uint8Array) => void pieces.push(bytes.slice());
  const format = new Mp4OutputFormat({ fastStart: "fragmented", onFtyp: take, onMoov: take });
  const output = new Output({ format, target: new NullTarget() });
  output.addVideoTrack(new EncodedVideoPacketSource("avc"), {
    decoderConfig: {
      codec: description.codec,
      codedWidth: description.codedWidth,
      codedHeight: description.codedHeight,
      description: decoderRecord,
      colorSpace: description.colorSpace as VideoColorSpaceInit,
    },
  });
  if (audio !== undefined) {
    output.addAudioTrack(new EncodedAudioPacketSource("opus"), {
      decoderConfig: {
        codec: "opus",
        sampleRate: AUDIO_TIMESCALE,
        numberOfChannels: audio.channels,
        description: opusDescription(audio.channels),
      },
    });
  }
  output.setMetadataTags({ title: description.name, date: new Date(startedMs) });
  await output.start();
  await output.finalize();
  const bytes = new Uint8Array(await new Blob(pieces.slice(0, 2) as BlobPart[]).arrayBuffer());
  return withOurTimes(bytes);
}

/** The times of video are counted in microseconds, so that they are those of the capture. */
function withOurTimes(bytes: Uint8Array<ArrayBuffer>): Mp4Header {
  const movie = findBox(bytes, ["moov", "mvhd"]);
  const media = findBox(bytes, ["moov", "trak", "mdia", "mdhd"]);
  if (movie === undefined || media === undefined) {
    throw new TypeError("Cannot find the times in a header of MP4");
  }
  const view = new DataView(bytes.buffer);
  // Version and flags, two dates, then the timescale; the 64-bit version has longer dates.
  const timescaleAt = (content: number) => content + (bytes[content] === 1 ? 20 : 12);
  view.setUint32(timescaleAt(media.content), VIDEO_TIMESCALE);
  const movieTimescaleAt = timescaleAt(movie.content);
  return {
    bytes,
    durationTimescale: view.getUint32(movieTimescaleAt),
    // Of the 64 bits of a header after the year 2040 those that count.
    durationOffset: movieTimescaleAt + (bytes[movie.content] === 1 ? 8 : 4),
  };
}
