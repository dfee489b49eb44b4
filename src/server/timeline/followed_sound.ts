/**
 * FollowedSound: the host's sound on its way into one recording. Its first frame says how many channels
 * the file is to have; other channels later on begin a new file with the next keyframe.
 */

import type { MediaSound } from "../../ipc/sound_record.ts";
import type { Recorder } from "../../recording/recorder.ts";

/** Takes a frame of sound; its payload is valid only during the call. */
export type FollowSink = (sound: MediaSound) => void;
/**
 * Gives every frame of sound to `sink`: of a stream that has its own, or the host's. Returns its end, or
 * undefined without sound.
 */
export type FollowSound = (sink: FollowSink, streamId: number) => (() => void) | undefined;

/** What a recorder does with sound. */
export type SoundRecorder = Pick<Recorder, "describeAudio" | "pushAudio">;

/** The sound of one recording. */
export class FollowedSound {
  readonly #recorder: SoundRecorder;
  readonly #stop: (() => void) | undefined;
  readonly #begun = Promise.withResolvers<void>();
  #channels = 0;

  constructor(
    recorder: SoundRecorder,
    follow: (sink: FollowSink) => (() => void) | undefined,
  ) {
    this.#recorder = recorder;
    this.#stop = follow((sound) => this.#push(sound));
    if (this.#stop === undefined) this.#begun.resolve();
  }

  /** Resolves with the first frame of sound, at once without any, and after `limitMs` at the latest. */
  async begun(limitMs: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([this.#begun.promise, late]);
    clearTimeout(timer);
  }

  /** Follows no more. */
  close(): void {
    this.#stop?.();
    this.#begun.resolve();
  }

  #push({ channels, captureTimeUs, frameUs, payload }: MediaSound): void {
    if (channels !== this.#channels) {
      this.#channels = channels;
      this.#recorder.describeAudio({ channels });
      this.#begun.resolve();
    }
    this.#recorder.pushAudio({ captureTimeUs, durationUs: frameUs, payload });
  }
}
