/**
 * SoundDecoder: encoded frames to samples, by the browser's Opus decoder. Frames and gaps come out in
 * the order in which they went in. Its buffers are made once for a format; what waits in the decoder is
 * bounded by `WAITING_MAX`.
 */

import { opusDescription } from "../../../src/wire/opus_layout.ts";
import { MAX_SOUND_FRAME_US, SOUND_SAMPLE_RATE } from "../../../src/wire/audio.ts";
import { DownMix } from "./down_mix.ts";
import type { EncodedSound, SoundGap } from "./frame_window.ts";

/** Frames and gaps that wait; what comes while a decoder is that far behind is left out. */
const WAITING_MAX = 64;
const FRAMES_MAX = MAX_SOUND_FRAME_US * SOUND_SAMPLE_RATE / 1e6;

/** What comes out. */
export interface DecoderOutput {
  /** Samples, valid during the call, and what they were made of. */
  sound(channels: readonly Float32Array[], frames: number, encoded: EncodedSound): void;
  gap(gap: SoundGap): void;
  failed(reason: string): void;
}

/** Decodes one format. */
export class SoundDecoder {
  readonly #output: DecoderOutput;
  readonly #mix: DownMix;
  readonly #decoded: readonly Float32Array<ArrayBuffer>[];
  readonly #mixed: readonly Float32Array<ArrayBuffer>[];
  readonly #decoder: AudioDecoder;
  readonly #waiting: (EncodedSound | SoundGap)[] = [];
  #isClosed = false;

  /** For `channels` that are wanted as `outputChannels`. */
  constructor(channels: number, outputChannels: 2 | 6, output: DecoderOutput) {
    this.#output = output;
    this.#mix = new DownMix(channels, outputChannels);
    this.#decoded = planes(channels);
    this.#mixed = planes(outputChannels);
    this.#decoder = new AudioDecoder({
      output: (data) => this.#take(data),
      error: (error) => {
        if (this.#isClosed) return;
        this.#isClosed = true;
        output.failed(error.message);
      },
    });
    this.#decoder.configure({
      codec: "opus",
      sampleRate: SOUND_SAMPLE_RATE,
      numberOfChannels: channels,
      // Without one a decoder takes packets of one or two channels as they are.
      ...(channels > 2 ? { description: opusDescription(channels) } : {}),
    });
  }

  /** Takes what comes next. */
  push(next: EncodedSound | SoundGap): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= WAITING_MAX) return;
    this.#waiting.push(next);
    if (next.kind === "gap") return this.#giveGaps();
    this.#decoder.decode(
      new EncodedAudioChunk({
        type: "key",
        timestamp: next.captureUs,
        duration: next.frameUs,
        data: next.payload as Uint8Array<ArrayBuffer>,
      }),
    );
  }

  /** Ends it; what waits is lost. */
  close(): void {
    this.#isClosed = true;
    if (this.#decoder.state !== "closed") this.#decoder.close();
  }

  #take(data: AudioData): void {
    const frames = Math.min(data.numberOfFrames, FRAMES_MAX);
    const encoded = this.#waiting.shift();
    if (this.#isClosed || encoded?.kind !== "frame") return data.close();
    this.#decoded.forEach((plane, planeIndex) => {
      if (planeIndex >= data.numberOfChannels) plane.fill(0);
      else data.copyTo(plane, { planeIndex, format: "f32-planar", frameCount: frames });
    });
    data.close();
    this.#mix.mix(this.#decoded, this.#mixed, frames);
    this.#output.sound(this.#mixed, frames, encoded);
    this.#giveGaps();
  }

  #giveGaps(): void {
    for (let next = this.#waiting[0]; next?.kind === "gap"; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#output.gap(next);
    }
  }
}

function planes(channels: number): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: channels }, () => new Float32Array(FRAMES_MAX));
}
