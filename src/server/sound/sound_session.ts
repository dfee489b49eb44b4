/**
 * SoundSession: the sound for one viewer, the host's or that of the stream that it watches: what it
 * is told of it, and its datagrams, which leave at once and before any picture that waits. What
 * they take of the path is taken from the picture. Its microphone is microphone_session.ts.
 */

import type { FeatureSession, SessionFeature } from "../../session/session_feature.ts";
import type { ClientMessage } from "../../wire/control.ts";
import { MicrophoneSession } from "./microphone_session.ts";
import type { Microphones } from "./microphones.ts";
import type { SoundHub, SoundListener } from "./sound_hub.ts";
import { SoundRedundancy } from "./sound_redundancy.ts";
import type { StreamSound } from "./stream_sound.ts";

/** How often the path is looked at. */
const LOOK_US = 200_000;

/** What sound is, as all sessions see it. */
export interface SessionSound {
  readonly hub: SoundHub;
  /** The sound that a stream has of its own. */
  of(streamId: number): StreamSound | undefined;
  readonly microphones: Microphones;
  /** Bits a second without copies. */
  readonly soundBps: number;
  /** A framed message that says what sound there is. */
  state(): Uint8Array;
  onClose(session: SoundSession): void;
}

/** The sound of one session. */
export class SoundSession implements SessionFeature, SoundListener {
  readonly messages = [
    ...["sound_play", "sound_stop", "microphone_start", "microphone_stop"] as const,
  ];
  readonly datagrams = ["audio"] as const;
  readonly #microphone: MicrophoneSession;
  readonly #session: FeatureSession;
  readonly #sound: SessionSound;
  readonly #redundancy = new SoundRedundancy();
  /** The watched stream's own; undefined while the host's is heard. */
  #own: StreamSound | undefined;
  #unwatch: (() => void) | undefined;
  #isPlaying = false;
  #lookedUs = -Infinity;
  #isClosed = false;

  constructor(session: FeatureSession, sound: SessionSound) {
    this.#session = session;
    this.#sound = sound;
    this.#microphone = new MicrophoneSession(session, sound.microphones);
  }

  get depth(): number {
    return this.#redundancy.depth;
  }

  get maxDatagramSize(): number {
    return this.#session.connection.maxDatagramSize;
  }

  onStart(): void {
    this.tellState();
  }

  onMessage(message: ClientMessage, nowUs: number): void {
    if (this.#isClosed) return;
    if (message.type === "sound_play") this.#play(true);
    else if (message.type === "sound_stop") this.#play(false);
    else if (message.type === "microphone_start") this.#microphone.start(nowUs);
    else if (message.type === "microphone_stop") this.#microphone.stop();
  }

  /** What is heard follows what is watched; who watches nothing hears what it heard. */
  onWatch(): void {
    const { streamId } = this.#session;
    const own = streamId === undefined ? this.#own : this.#sound.of(streamId);
    if (own === this.#own || this.#isClosed) return;
    const isPlaying = this.#isPlaying;
    this.#play(false);
    this.#unwatch?.();
    this.#own = own;
    this.#unwatch = own?.watch(() => this.tellState());
    this.tellState();
    this.#play(isPlaying);
  }

  onDatagram(datagram: Uint8Array, nowUs: number): boolean {
    return this.#microphone.take(datagram, nowUs);
  }

  send(datagram: Uint8Array): boolean {
    const { connection } = this.#session;
    const nowUs = this.#session.nowUs();
    this.#look(nowUs);
    if (this.#feed?.isSilent === true) return false;
    if (!connection.sendDatagram(datagram)) return false;
    this.#feed?.noteOther(datagram.byteLength, nowUs);
    return true;
  }

  /** Tells the viewer what sound there is now. */
  tellState(): void {
    this.#session.send(this.#own?.state() ?? this.#sound.state(), "sound_state");
    this.#microphone.tell();
  }

  close(): void {
    this.#isClosed = true;
    this.#microphone.close();
    this.#unwatch?.();
    this.#play(false);
    this.#sound.onClose(this);
  }

  #play(isPlaying: boolean): void {
    const hub = this.#own?.hub ?? this.#sound.hub;
    this.#isPlaying = isPlaying;
    if (isPlaying) hub.add(this);
    else hub.remove(this);
  }

  get #feed() {
    const { streamId } = this.#session;
    return streamId === undefined ? undefined : this.#session.feed(streamId);
  }

  #look(nowUs: number): void {
    if (nowUs - this.#lookedUs < LOOK_US) return;
    this.#lookedUs = nowUs;
    this.#redundancy.observe(this.#feed?.stats, this.#sound.soundBps, nowUs);
  }
}
