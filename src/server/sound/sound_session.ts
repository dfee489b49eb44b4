/**
 * SoundSession: the host's sound for one viewer: what it is told of it, and its datagrams, which leave
 * at once and before any picture that waits. What they take of the path is taken from the picture. Its
 * microphone is microphone_session.ts.
 */

import type { FeatureSession, SessionFeature } from "../../session/session_feature.ts";
import type { ClientMessage } from "../../wire/control.ts";
import { MicrophoneSession } from "./microphone_session.ts";
import type { Microphones } from "./microphones.ts";
import type { SoundHub, SoundListener } from "./sound_hub.ts";
import { SoundRedundancy } from "./sound_redundancy.ts";

/** How often the path is looked at. */
const LOOK_US = 200_000;

/** What sound is, as all sessions see it. */
export interface SessionSound {
  readonly hub: SoundHub;
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
    if (message.type === "sound_play") this.#sound.hub.add(this);
    else if (message.type === "sound_stop") this.#sound.hub.remove(this);
    else if (message.type === "microphone_start") this.#microphone.start(nowUs);
    else if (message.type === "microphone_stop") this.#microphone.stop();
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
    this.#session.send(this.#sound.state(), "sound_state");
    this.#microphone.tell();
  }

  close(): void {
    this.#isClosed = true;
    this.#microphone.close();
    this.#sound.hub.remove(this);
    this.#sound.onClose(this);
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
