/**
 * SoundCapture: the sound of the host in the media process: one capture at a time, on a native thread
 * that writes its frames to the output itself. What the server wants last is what runs.
 */

import { NativeSound } from "../../ffi/mod.ts";
import type { MediaCommand } from "../ipc/media_command.ts";
import type { SoundConfig } from "../ipc/sound_command.ts";
import type { MediaFeature, MediaFeatureContext } from "./media_feature.ts";

/** A host has one sound. */
const SOUND_ID = 0;

/** Takes `start_sound` and `stop_sound`. */
export class SoundCapture implements MediaFeature {
  readonly commands = ["start_sound", "stop_sound"] as const;
  readonly #context: MediaFeatureContext;
  #wanted: SoundConfig | undefined;
  #sound: NativeSound | undefined;
  /** What is being opened or closed; the next begins after it. */
  #changing: Promise<void> = Promise.resolve();

  constructor(context: MediaFeatureContext) {
    this.#context = context;
  }

  handle(command: MediaCommand): void {
    if (command.type === "stop_sound") return this.#want(undefined);
    if (command.type !== "start_sound") return;
    const { type: _type, ...config } = command;
    if (JSON.stringify(config) !== JSON.stringify(this.#wanted)) this.#want(config);
  }

  onSecond(): void {
    if (this.#sound === undefined) return;
    const { channels: _channels, ...stats } = this.#sound.stats;
    this.#context.post({ type: "sound_stats", ...stats });
  }

  async close(): Promise<void> {
    this.#want(undefined);
    await this.#changing;
  }

  #want(config: SoundConfig | undefined): void {
    this.#wanted = config;
    this.#changing = this.#changing.then(() => this.#change(config));
  }

  /** Never rejects: what fails is told. */
  async #change(config: SoundConfig | undefined): Promise<void> {
    const before = this.#sound;
    this.#sound = undefined;
    await before?.close();
    // Something else was wanted in the meantime.
    if (config === undefined || config !== this.#wanted) return;
    try {
      this.#sound = await NativeSound.open(this.#context.output, { soundId: SOUND_ID, ...config });
    } catch (error) {
      this.#wanted = undefined;
      const message = error instanceof Error ? error.message : String(error);
      this.#context.post({ type: "sound_failed", message: message.slice(0, 512) });
    }
  }
}
