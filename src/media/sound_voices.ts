/**
 * SoundVoices: the voices of viewers in the media process: what they say goes packet by packet to the
 * native speaker, which plays it into a virtual source. What comes while that opens is dropped.
 */

import { NativeSpeaker } from "../../ffi/mod.ts";
import type { MediaCommand } from "../ipc/media_command.ts";
import type { MediaFeature, MediaFeatureContext } from "./media_feature.ts";

type OpenVoices = Omit<Extract<MediaCommand, { type: "open_voices" }>, "type">;

const STATUS_PLAYING = 1;

/** Takes the commands of voices. */
export class SoundVoices implements MediaFeature {
  readonly commands = [
    ...["open_voices", "close_voices", "begin_voice", "end_voice", "voice_frame"] as const,
  ];
  readonly #context: MediaFeatureContext;
  /** Slots that were begun, so that they go on when the speaker opens after them. */
  readonly #slots = new Set<number>();
  #wanted: OpenVoices | undefined;
  #speaker: NativeSpeaker | undefined;
  /** What is being opened or closed; the next begins after it. */
  #changing: Promise<void> = Promise.resolve();

  constructor(context: MediaFeatureContext) {
    this.#context = context;
  }

  handle(command: MediaCommand): void {
    switch (command.type) {
      case "open_voices": {
        const { type: _type, ...wanted } = command;
        if (JSON.stringify(wanted) !== JSON.stringify(this.#wanted)) this.#want(wanted);
        return;
      }
      case "close_voices":
        this.#slots.clear();
        return this.#want(undefined);
      case "begin_voice":
        this.#slots.add(command.slot);
        this.#speaker?.begin(command.slot);
        return;
      case "end_voice":
        this.#slots.delete(command.slot);
        this.#speaker?.end(command.slot);
        return;
      case "voice_frame": {
        if (!this.#slots.has(command.slot)) return;
        // The packet is a view of the pipe's buffer, which native code takes as it is.
        const packet = command.packet as Uint8Array<ArrayBuffer>;
        this.#speaker?.write(command.slot, packet, command.frameUs);
        return;
      }
    }
  }

  onSecond(): void {
    if (this.#speaker === undefined) return;
    const { status, ...stats } = this.#speaker.stats;
    this.#context.post({ type: "voice_stats", isPlaying: status === STATUS_PLAYING, ...stats });
  }

  async close(): Promise<void> {
    this.#want(undefined);
    await this.#changing;
  }

  #want(wanted: OpenVoices | undefined): void {
    this.#wanted = wanted;
    this.#changing = this.#changing.then(() => this.#change(wanted));
  }

  /** Never rejects: what fails is told. */
  async #change(wanted: OpenVoices | undefined): Promise<void> {
    const before = this.#speaker;
    this.#speaker = undefined;
    await before?.close();
    // Something else was wanted in the meantime.
    if (wanted === undefined || wanted !== this.#wanted) return;
    try {
      const speaker = await NativeSpeaker.open(wanted);
      for (const slot of this.#slots) speaker.begin(slot);
      this.#speaker = speaker;
    } catch (error) {
      this.#wanted = undefined;
      const message = error instanceof Error ? error.message : String(error);
      this.#context.post({ type: "voices_failed", message: message.slice(0, 512) });
    }
  }
}
