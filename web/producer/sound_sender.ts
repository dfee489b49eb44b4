/**
 * SoundSender: from samples of a track to Opus to audio datagrams, each with the frame before. It
 * follows the track's rate and channels; what the encoder is behind with is bounded, and nothing is
 * kept once there is no sound.
 */

import type { Clock } from "../../src/core/clock.ts";
import { add32 } from "../../src/core/sequence.ts";
import { encodeAudioDatagram, SOUND_EPOCHS, SOUND_SAMPLE_RATE } from "../../src/wire/audio.ts";
import { TrackClock } from "./track_clock.ts";

const FRAME_US = 10_000;
const BITRATE_BPS = 96_000;
/** What a host takes: mono or stereo. */
const CHANNELS_MAX = 2;
/** Blocks that may wait for the encoder: more are left out. */
const QUEUE_MAX = 20;

/** What a sender works with. */
export interface SoundSenderParts {
  readonly clock: Clock;
  /** Sends a datagram; false when it was not taken, or nobody is there to take it. */
  readonly send: (datagram: Uint8Array) => boolean;
  /** The host's number of the stream, and its clock minus the page's; undefined: nobody is there. */
  readonly route: () => { readonly streamId: number; readonly offsetUs: number } | undefined;
  readonly failed: (message: string) => void;
}

/** Sends the sound of one publication. */
export class SoundSender {
  readonly #parts: SoundSenderParts;
  #reader: ReadableStreamDefaultReader<AudioData> | undefined;
  #port: MessagePort | undefined;
  #encoder: AudioEncoder | undefined;
  #format = "";
  #channels = 0;
  #epoch = 0;
  #sequence = 0;
  #last: Uint8Array | undefined;
  #clock = new TrackClock();
  #dropped = 0;

  constructor(parts: SoundSenderParts) {
    this.#parts = parts;
  }

  /** True while there is sound to send. */
  get isOn(): boolean {
    return this.#reader !== undefined || this.#port !== undefined;
  }

  /** Blocks of samples that the encoder had no room for. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sends what comes by `readable` from now on; undefined: nothing. */
  use(readable: ReadableStream<AudioData> | undefined): void {
    this.#leave();
    if (readable === undefined) return;
    const reader = readable.getReader();
    this.#reader = reader;
    this.#read(reader);
  }

  /** Sends blocks of 10 ms of one channel that come by `port` from now on. */
  useBlocks(port: MessagePort): void {
    this.#leave();
    this.#port = port;
    let blocks = 0;
    port.onmessage = ({ data }: MessageEvent<Float32Array<ArrayBuffer>>) => {
      if (port !== this.#port) return;
      const samples = new AudioData({
        ...{ format: "f32-planar", sampleRate: SOUND_SAMPLE_RATE, numberOfChannels: 1, data },
        ...{ numberOfFrames: data.length, timestamp: blocks++ * FRAME_US },
      });
      this.#encode(samples);
      samples.close();
    };
  }

  #leave(): void {
    const reader = this.#reader;
    const port = this.#port;
    this.#reader = undefined;
    this.#port = undefined;
    reader?.cancel().catch(() => {});
    port?.close();
    this.#clock = new TrackClock();
    this.#drop();
  }

  async #read(reader: ReadableStreamDefaultReader<AudioData>): Promise<void> {
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
        if (reader === this.#reader) this.#encode(value);
        value.close();
      }
    } catch (error) {
      if (reader === this.#reader) {
        this.#parts.failed(error instanceof Error ? error.message : String(error));
      }
    }
  }

  #encode(data: AudioData): void {
    const { timestamp, duration } = data;
    this.#clock.note(timestamp + duration, this.#parts.clock.nowUs());
    const channels = Math.min(CHANNELS_MAX, data.numberOfChannels);
    const format = `${data.sampleRate} ${channels}`;
    if (format !== this.#format && !this.#open(data.sampleRate, channels)) return;
    this.#format = format;
    const encoder = this.#encoder;
    if (encoder === undefined || encoder.encodeQueueSize > QUEUE_MAX) {
      this.#dropped++;
      return;
    }
    encoder.encode(data);
  }

  #open(sampleRate: number, channels: number): boolean {
    this.#drop();
    try {
      const encoder: AudioEncoder = new AudioEncoder({
        output: (chunk) => {
          if (encoder === this.#encoder) this.#send(chunk);
        },
        error: (error) => {
          if (encoder === this.#encoder) this.#parts.failed(error.message);
        },
      });
      encoder.configure({
        codec: "opus",
        ...{ sampleRate, numberOfChannels: channels, bitrate: BITRATE_BPS },
        // The types of the compiler do not know all of it yet.
        opus: { frameDuration: FRAME_US, application: "lowdelay" } as OpusEncoderConfig,
      });
      this.#encoder = encoder;
      this.#channels = channels;
      this.#epoch = (this.#epoch + 1) % SOUND_EPOCHS;
      return true;
    } catch (error) {
      this.#parts.failed(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #send(chunk: EncodedAudioChunk): void {
    const newest = new Uint8Array(chunk.byteLength);
    chunk.copyTo(newest);
    const frames = this.#last === undefined ? [newest] : [newest, this.#last];
    this.#last = newest;
    this.#sequence = add32(this.#sequence, 1);
    const route = this.#parts.route();
    if (route === undefined) return;
    const captureUs = this.#clock.toPageUs(chunk.timestamp) ?? this.#parts.clock.nowUs();
    this.#parts.send(encodeAudioDatagram({
      ...{ kind: "sound", streamId: route.streamId, epoch: this.#epoch },
      ...{ channels: this.#channels, frameUs: FRAME_US, sequence: this.#sequence, frames },
      captureTimeUs: Math.max(0, captureUs + route.offsetUs),
    }));
  }

  #drop(): void {
    const encoder = this.#encoder;
    this.#encoder = undefined;
    this.#format = "";
    this.#last = undefined;
    if (encoder !== undefined && encoder.state !== "closed") encoder.close();
  }
}
