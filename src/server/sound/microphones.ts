/**
 * Microphones: what viewers say, on its way to programs of the host: gives each who speaks one of four
 * voices, has the virtual source made for the first and removed after the last, and tells who is heard.
 */

import { MAX_VOICES } from "../../ipc/sound_command.ts";
import type { VoiceStats } from "../../ipc/sound_message.ts";
import type { MediaCommand } from "../../ipc/media_command.ts";
import type { MediaMessage } from "../../ipc/media_message.ts";

/** Where voices go. */
export interface VoicePlace {
  /** Name of the sound server; empty for the user's. */
  readonly server: string;
  /** The server has the virtual source of itself. */
  readonly keepsSource: boolean;
}

/** Somebody who speaks. */
export interface Speaker {
  /** Its voice is gone: the media process or the sound server ended, or can do no voices. */
  onLost(reason: string): void;
}

/** What microphones are made of. */
export interface MicrophonesOptions {
  /** Where voices go now; a text when there is no such place. */
  readonly place: () => VoicePlace | string;
  readonly command: (command: MediaCommand) => void;
}

/** The voices of one host. */
export class Microphones {
  readonly #options: MicrophonesOptions;
  /** By slot. */
  readonly #speakers: (Speaker | undefined)[] = new Array(MAX_VOICES).fill(undefined);
  #stats: VoiceStats | undefined;
  #failure = "";

  constructor(options: MicrophonesOptions) {
    this.#options = options;
  }

  /** Why programs cannot hear viewers; empty when they can. */
  get reason(): string {
    const place = this.#options.place();
    return typeof place === "string" ? place : this.#failure;
  }

  /** How many speak. */
  get speakers(): number {
    return this.#speakers.filter((speaker) => speaker !== undefined).length;
  }

  /** Gives a voice to who wants to speak: its slot, or why there is none. */
  begin(speaker: Speaker): number | string {
    const place = this.#options.place();
    if (typeof place === "string") return place;
    const slot = this.#speakers.indexOf(undefined);
    if (slot < 0) return `${MAX_VOICES} viewers speak already`;
    const isFirst = this.speakers === 0;
    this.#failure = "";
    this.#speakers[slot] = speaker;
    if (isFirst) this.#options.command({ type: "open_voices", ...place });
    this.#options.command({ type: "begin_voice", slot });
    return slot;
  }

  /** The next packet of a voice; undefined when it was lost. */
  frame(slot: number, packet: Uint8Array | undefined, frameUs: number): void {
    const bytes = packet ?? new Uint8Array(0);
    this.#options.command({ type: "voice_frame", slot, frameUs, packet: bytes });
  }

  /** Ends a voice. */
  end(slot: number): void {
    if (this.#speakers[slot] === undefined) return;
    this.#speakers[slot] = undefined;
    if (this.speakers > 0) this.#options.command({ type: "end_voice", slot });
    else this.#close();
  }

  /** The media process runs again: it knows of no voice. */
  onMediaRestarted(): void {
    const place = this.#options.place();
    if (this.speakers === 0 || typeof place === "string") return;
    this.#options.command({ type: "open_voices", ...place });
    for (const [slot, speaker] of this.#speakers.entries()) {
      if (speaker !== undefined) this.#options.command({ type: "begin_voice", slot });
    }
  }

  onMessage(message: MediaMessage): void {
    if (message.type === "voice_stats") {
      const { type: _type, ...stats } = message;
      this.#stats = stats;
    } else if (message.type === "voices_failed") {
      this.loseAll(message.message);
    }
  }

  /** Takes the voice of everybody. */
  loseAll(reason: string): void {
    this.#failure = reason;
    const lost = this.#speakers.flatMap((speaker) => speaker ?? []);
    this.#speakers.fill(undefined);
    if (lost.length > 0) this.#close();
    for (const speaker of lost) speaker.onLost(reason);
  }

  /** What the media process said of the voices last; undefined while nobody speaks. */
  get stats(): VoiceStats | undefined {
    return this.#stats;
  }

  #close(): void {
    this.#stats = undefined;
    this.#options.command({ type: "close_voices" });
  }
}
