/**
 * Sound worklet: the entry of the audio thread: hands the device what RingPlayer makes of a ring,
 * copies what was handed over for a measurement that asks for it, and collects what a microphone gives.
 * Nothing is allocated for playing unless something is measured.
 */

import { MicrophoneCollector } from "./microphone_processor.ts";
import { PortRingEnd } from "./port_ring.ts";
import { RingPlayer } from "./ring_player.ts";
import { makeRingMemory, SampleRing } from "./sample_ring.ts";
import type { RingMemory } from "./sample_ring.ts";
import { TapBuffer } from "./sound_tap.ts";

/** How a processor is made: with shared memory, or with the size of a ring of its own. */
export interface SoundWorkletOptions {
  readonly memory?: RingMemory;
  readonly channels: number;
  readonly frames: number;
}

/** To the processor. */
export type SoundWorkletMessage =
  /** Where samples come from, without shared memory. */
  | { readonly name: "port"; readonly port: MessagePort }
  /** Copies what is played to the page, or no longer. */
  | { readonly name: "tap"; readonly isOn: boolean }
  /** It is not needed any more. */
  | { readonly name: "end" };

// The types of this thread are in no library of the compiler.
declare const currentFrame: number;
declare const AudioWorkletProcessor: {
  new (): { readonly port: MessagePort };
};
declare function registerProcessor(name: string, processor: unknown): void;

class SoundProcessor extends AudioWorkletProcessor {
  readonly #options: SoundWorkletOptions;
  #player: RingPlayer | undefined;
  #end: PortRingEnd | undefined;
  #tap: TapBuffer | undefined;
  #isEnded = false;

  constructor({ processorOptions }: { readonly processorOptions: SoundWorkletOptions }) {
    super();
    this.#options = processorOptions;
    const { memory } = processorOptions;
    if (memory !== undefined) this.#player = new RingPlayer(new SampleRing(memory));
    this.port.onmessage = (event: MessageEvent<SoundWorkletMessage>) => this.#take(event.data);
  }

  process(_inputs: unknown, [output]: readonly (readonly Float32Array[])[]): boolean {
    if (this.#isEnded) return false;
    if (this.#player === undefined || output === undefined) return true;
    const nowMs = Date.now();
    this.#player.render(output, currentFrame, nowMs);
    this.#end?.played(output[0]!.length);
    this.#tap?.push(output, currentFrame, nowMs);
    return true;
  }

  #take(message: SoundWorkletMessage): void {
    switch (message.name) {
      case "port": {
        const { channels, frames } = this.#options;
        this.#end = new PortRingEnd(message.port, makeRingMemory(channels, frames, false));
        this.#player = new RingPlayer(this.#end.ring);
        return;
      }
      case "tap":
        this.#tap = message.isOn
          ? new TapBuffer((block) => this.port.postMessage(block))
          : undefined;
        return;
      case "end":
        this.#isEnded = true;
    }
  }
}

/** What a microphone gives, to the port that it is told. */
class MicrophoneProcessor extends AudioWorkletProcessor {
  #collector: MicrophoneCollector | undefined;

  constructor() {
    super();
    this.port.onmessage = ({ data: port }: MessageEvent<MessagePort>) => {
      this.#collector = new MicrophoneCollector((block) => port.postMessage(block, [block.buffer]));
    };
  }

  process([input]: readonly (readonly Float32Array[])[]): boolean {
    if (input !== undefined) this.#collector?.push(input);
    return true;
  }
}

registerProcessor("wavry-sound", SoundProcessor);
registerProcessor("wavry-microphone", MicrophoneProcessor);
