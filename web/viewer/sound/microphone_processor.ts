/**
 * MicrophoneCollector: the audio thread's side of the microphone: what the device gives, mixed to one
 * channel, as blocks of one Opus frame.
 */

import { MICROPHONE_FRAMES } from "./microphone_messages.ts";
import type { MicrophoneBlock } from "./microphone_messages.ts";

/** Collects blocks. */
export class MicrophoneCollector {
  readonly #send: (block: MicrophoneBlock) => void;
  readonly #block = new Float32Array(MICROPHONE_FRAMES);
  #frames = 0;

  /** `send` owns the blocks that it is given. */
  constructor(send: (block: MicrophoneBlock) => void) {
    this.#send = send;
  }

  /** Takes what a device gave; no channels are silence, which is not sent. */
  push(channels: readonly Float32Array[]): void {
    const count = channels[0]?.length ?? 0;
    for (let frame = 0; frame < count; frame++) {
      let sum = 0;
      for (const channel of channels) sum += channel[frame]!;
      this.#block[this.#frames++] = sum / channels.length;
      if (this.#frames < MICROPHONE_FRAMES) continue;
      this.#frames = 0;
      this.#send(this.#block.slice());
    }
  }
}
