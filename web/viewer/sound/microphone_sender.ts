/**
 * MicrophoneSender: the worker's half of the microphone: samples of the audio thread to Opus to audio
 * datagrams, each with the frame before. What the encoder is behind with is bounded; nothing is kept
 * once it is off.
 */

import type { Clock } from "../../../src/core/clock.ts";
import { add32 } from "../../../src/core/sequence.ts";
import { encodeAudioDatagram, SOUND_EPOCHS, SOUND_SAMPLE_RATE } from "../../../src/wire/audio.ts";
import type { FeatureLink } from "../features/worker_feature.ts";
import { MICROPHONE_FRAMES } from "./microphone_messages.ts";
import type { MicrophoneBlock, MicrophoneEvent } from "./microphone_messages.ts";

const FRAME_US = MICROPHONE_FRAMES * 1e6 / SOUND_SAMPLE_RATE;
const BITRATE_BPS = 48_000;
/** Blocks that may wait for the encoder: more are left out. */
const QUEUE_MAX = 20;
/** The microphone is the only sound that a viewer sends. */
const STREAM_ID = 0;

const ENCODER: AudioEncoderConfig = {
  codec: "opus",
  sampleRate: SOUND_SAMPLE_RATE,
  numberOfChannels: 1,
  bitrate: BITRATE_BPS,
  // The types of the compiler do not know all of it yet.
  opus: { frameDuration: FRAME_US, application: "lowdelay" } as OpusEncoderConfig,
};

/** What a sender works with. */
export interface MicrophoneSenderParts {
  readonly clock: Clock;
  post(event: MicrophoneEvent): void;
}

/** Sends what is said. */
export class MicrophoneSender {
  readonly #parts: MicrophoneSenderParts;
  #link: FeatureLink | undefined;
  #port: MessagePort | undefined;
  #encoder: AudioEncoder | undefined;
  #sequence = 0;
  #epoch = 0;
  /** The frame before, which goes with the next one as well. */
  #last: Uint8Array | undefined;

  constructor(parts: MicrophoneSenderParts) {
    this.#parts = parts;
  }

  /** The connection that it sends over; undefined: it is off. */
  use(link: FeatureLink | undefined): void {
    if (link === undefined) this.off(false);
    this.#link = link;
  }

  /** Sends what comes by `port` until it is off. */
  on(port: MessagePort): void {
    this.off();
    const encoder = this.#makeEncoder();
    if (encoder === undefined) {
      port.close();
      return this.#failed("This browser cannot encode sound");
    }
    this.#encoder = encoder;
    this.#epoch = (this.#epoch + 1) % SOUND_EPOCHS;
    this.#port = port;
    this.#link?.send({ type: "microphone_start" });
    port.onmessage = (event: MessageEvent<MicrophoneBlock>) => this.#encode(event.data);
  }

  /** Undefined in a browser that has no such encoder. */
  #makeEncoder(): AudioEncoder | undefined {
    try {
      const encoder = new AudioEncoder({
        output: (chunk) => this.#send(chunk),
        error: (error) => {
          if (encoder === this.#encoder) this.#failed(error.message);
        },
      });
      encoder.configure(ENCODER);
      return encoder;
    } catch {
      return undefined;
    }
  }

  /** Sends nothing any more, and tells the host unless it knows. */
  off(tellsHost = true): void {
    if (this.#port === undefined) return;
    this.#port.close();
    this.#port = undefined;
    this.#last = undefined;
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder !== undefined && encoder.state !== "closed") encoder.close();
    if (tellsHost) this.#link?.send({ type: "microphone_stop" });
  }

  #encode(block: MicrophoneBlock): void {
    const encoder = this.#encoder;
    if (encoder === undefined || encoder.encodeQueueSize > QUEUE_MAX) return;
    const samples = new AudioData({
      format: "f32-planar",
      sampleRate: SOUND_SAMPLE_RATE,
      numberOfFrames: MICROPHONE_FRAMES,
      numberOfChannels: 1,
      timestamp: this.#parts.clock.nowUs() - FRAME_US,
      data: block,
    });
    encoder.encode(samples);
    samples.close();
  }

  #send(chunk: EncodedAudioChunk): void {
    const link = this.#link;
    if (link === undefined || this.#port === undefined) return;
    const newest = new Uint8Array(chunk.byteLength);
    chunk.copyTo(newest);
    const frames = this.#last === undefined ? [newest] : [newest, this.#last];
    this.#last = newest;
    this.#sequence = add32(this.#sequence, 1);
    link.sendDatagram(encodeAudioDatagram({
      ...{ kind: "microphone", streamId: STREAM_ID, epoch: this.#epoch, channels: 1 },
      ...{ frameUs: FRAME_US, sequence: this.#sequence, frames },
      captureTimeUs: Math.max(0, chunk.timestamp + (link.offsetUs ?? 0)),
    }));
  }

  #failed(reason: string): void {
    this.off();
    this.#parts.post({ name: "microphone_failed", reason });
  }
}
