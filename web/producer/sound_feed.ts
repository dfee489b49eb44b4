/**
 * SoundFeed: hands the sound of a publication from the page to the worker: of the source, of the
 * microphone, or both mixed by the browser. Another device takes over without a word to anybody. It
 * owns one audio context while two sounds are mixed.
 */

import type { CommandSender } from "./picture_feed.ts";

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

  /** False in a browser that hands no sound to workers. */
  static get isSupported(): boolean {
    return "MediaStreamTrackProcessor" in globalThis && typeof AudioEncoder === "function";
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
    const track = tracks.length > 1 ? this.#mix(tracks) : tracks[0];
    if (track === undefined) return this.#send({ type: "sound", readable: undefined });
    const { MediaStreamTrackProcessor: Processor } = globalThis as unknown as {
      MediaStreamTrackProcessor?: TrackProcessorClass;
    };
    if (Processor === undefined) return;
    const { readable } = new Processor({ track });
    this.#send({ type: "sound", readable }, [readable]);
  }

  #mix(tracks: readonly MediaStreamTrack[]): MediaStreamTrack | undefined {
    const context = new AudioContext({ latencyHint: "interactive", sampleRate: 48_000 });
    this.#context = context;
    context.resume().catch(() => {});
    const mixed = context.createMediaStreamDestination();
    for (const track of tracks) {
      context.createMediaStreamSource(new MediaStream([track])).connect(mixed);
    }
    return mixed.stream.getAudioTracks()[0];
  }
}
