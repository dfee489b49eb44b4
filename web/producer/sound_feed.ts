/**
 * SoundFeed: hands the sound of a publication from the page to the worker: of the source, of the
 * microphone, or both mixed by the browser. Another device takes over without a word to anybody. It
 * owns one audio context while sounds are mixed, or collected because tracks cannot be read.
 */

import { SOUND_SAMPLE_RATE } from "../../src/wire/audio.ts";
import type { CommandSender } from "./picture_feed.ts";

/** The viewer's program of the audio thread, and its part that collects what a microphone gives. */
const WORKLET = "../sound_worklet.js";
const PROCESSOR = "wavry-microphone";

type TrackProcessorClass = new (
  init: { readonly track: MediaStreamTrack },
) => { readonly readable: ReadableStream<AudioData> };

/** Feeds one worker. */
export class SoundFeed {
  readonly #send: CommandSender;
  #tracks: readonly MediaStreamTrack[] = [];
  #context: AudioContext | undefined;

  constructor(send: CommandSender) {
    this.#send = send;
  }

  /** False in a browser that cannot encode sound, or hands none to workers. */
  static get isSupported(): boolean {
    return typeof AudioEncoder === "function" &&
      ("MediaStreamTrackProcessor" in globalThis || typeof AudioWorkletNode === "function");
  }

  /** The worker gets the sound of these tracks from now on. */
  use(tracks: readonly MediaStreamTrack[]): void {
    const isSame = tracks.length === this.#tracks.length &&
      tracks.every((track, index) => track === this.#tracks[index]);
    if (isSame) return;
    this.#tracks = tracks;
    const before = this.#context;
    this.#context = undefined;
    before?.close().catch(() => {});
    if (tracks.length === 0) return this.#send({ type: "sound", readable: undefined });
    const { MediaStreamTrackProcessor: Processor } = globalThis as unknown as {
      MediaStreamTrackProcessor?: TrackProcessorClass;
    };
    if (Processor === undefined) return void this.#collect(tracks);
    const track = tracks.length > 1 ? this.#mix(tracks) : tracks[0];
    if (track === undefined) return;
    const { readable } = new Processor({ track });
    this.#send({ type: "sound", readable }, [readable]);
  }

  #open(): AudioContext {
    const context = new AudioContext({
      ...{ latencyHint: "interactive", sampleRate: SOUND_SAMPLE_RATE },
    });
    this.#context = context;
    context.resume().catch(() => {});
    return context;
  }

  #mix(tracks: readonly MediaStreamTrack[]): MediaStreamTrack | undefined {
    const context = this.#open();
    const mixed = context.createMediaStreamDestination();
    connect(context, tracks, mixed);
    return mixed.stream.getAudioTracks()[0];
  }

  /** Where tracks cannot be read: the audio thread collects samples, of one channel. */
  async #collect(tracks: readonly MediaStreamTrack[]): Promise<void> {
    const context = this.#open();
    try {
      await context.audioWorklet.addModule(WORKLET);
      if (context !== this.#context) return;
      const collector = new AudioWorkletNode(context, PROCESSOR, { numberOfOutputs: 0 });
      const { port1, port2 } = new MessageChannel();
      collector.port.postMessage(port1, [port1]);
      connect(context, tracks, collector);
      this.#send({ type: "sound_blocks", port: port2 }, [port2]);
    } catch {
      // Without it there is no sound; the picture goes on.
      if (context === this.#context) this.#send({ type: "sound", readable: undefined });
    }
  }
}

function connect(
  context: AudioContext,
  tracks: readonly MediaStreamTrack[],
  to: AudioNode,
): void {
  for (const track of tracks) {
    context.createMediaStreamSource(new MediaStream([track])).connect(to);
  }
}
