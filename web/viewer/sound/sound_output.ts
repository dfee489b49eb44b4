/**
 * SoundOutput: the page's sound device: the audio context, the thread that plays, loudness, and what
 * time passes until it is heard. One context for the life of the page, made anew when the device went
 * away; browsers let it begin only after somebody clicked or typed.
 */

import { SOUND_SAMPLE_RATE } from "../../../src/wire/audio.ts";
import { makeRingMemory } from "./sample_ring.ts";
import type { SoundSink } from "./sound_messages.ts";
import type { SoundWorkletMessage, SoundWorkletOptions } from "./sound_worklet.ts";
import type { TapBlock } from "./sound_tap.ts";

/** Frames of the ring: 0.68 s, which holds the longest wait for a picture. */
const RING_FRAMES = 32_768;
const WORKLET = "sound_worklet.js";
/** Loudness changes in this time, so that nothing clicks. */
const GAIN_SECONDS = 0.015;
/** Averages what the browser says of its latency. */
const OUTPUT_SHARE = 0.2;

/** Who hears of changes. */
export interface SoundOutputHandlers {
  /** The device began, stopped, or may not begin. */
  changed(): void;
  /** What is played, while a measurement wants it. */
  tapped(block: TapBlock): void;
}

/** Plays sound. */
export class SoundOutput {
  readonly #handlers: SoundOutputHandlers;
  readonly #isShared: boolean;
  #context: AudioContext | undefined;
  #loaded: Promise<void> | undefined;
  #gain: GainNode | undefined;
  #node: AudioWorkletNode | undefined;
  #volume = 1;
  #outputUs: number | undefined;

  /** `isShared`: page and worker may share memory. */
  constructor(isShared: boolean, handlers: SoundOutputHandlers) {
    this.#isShared = isShared;
    this.#handlers = handlers;
  }

  /** True while the device takes sound. */
  get isRunning(): boolean {
    return this.#context?.state === "running";
  }

  /** Most channels of the device. */
  get deviceChannels(): number {
    return this.#context?.destination.maxChannelCount ?? 2;
  }

  /** Makes the context, and asks the browser to let it begin. Resolves also when it may not. */
  async prepare(): Promise<void> {
    const context = this.#context ?? this.#makeContext();
    // A promise that only settles once somebody clicks is not waited for.
    context.resume().catch(() => {});
    await this.#loaded;
  }

  /** A place for sound of `channels`; takes the place of the one before. */
  open(channels: 2 | 6): SoundSink {
    this.closeSink();
    const [context, gain] = [this.#context!, this.#gain!];
    const memory = this.#isShared ? makeRingMemory(channels, RING_FRAMES, true) : undefined;
    const options: SoundWorkletOptions = {
      channels,
      frames: RING_FRAMES,
      ...(memory === undefined ? {} : { memory }),
    };
    context.destination.channelCount = Math.min(channels, context.destination.maxChannelCount);
    const node = new AudioWorkletNode(context, "wavry-sound", {
      numberOfInputs: 0,
      outputChannelCount: [channels],
      processorOptions: options,
    });
    node.port.onmessage = (event: MessageEvent<TapBlock>) => this.#handlers.tapped(event.data);
    node.connect(gain);
    this.#node = node;
    if (memory !== undefined) return { channels, frames: RING_FRAMES, memory };
    const { port1, port2 } = new MessageChannel();
    this.#send({ name: "port", port: port1 }, [port1]);
    return { channels, frames: RING_FRAMES, port: port2 };
  }

  /** Plays nothing any more. */
  closeSink(): void {
    this.#send({ name: "end" });
    this.#node?.disconnect();
    this.#node = undefined;
  }

  /** Copies what is played to `tapped`, or no longer. */
  tap(isOn: boolean): void {
    this.#send({ name: "tap", isOn });
  }

  /** Loudness, 0 to 1 as a slider has it. */
  setVolume(volume: number): void {
    this.#volume = volume;
    const [context, gain] = [this.#context, this.#gain];
    if (context === undefined || gain === undefined) return;
    gain.gain.setTargetAtTime(gainOf(volume), context.currentTime, GAIN_SECONDS);
  }

  /** Time from the audio thread to the ear, averaged, in microseconds. Call it some times a second. */
  measureOutput(): number {
    const context = this.#context;
    if (context === undefined) return 0;
    const nowUs = outputLatencyUs(context);
    const before = this.#outputUs ?? nowUs;
    this.#outputUs = before + (nowUs - before) * OUTPUT_SHARE;
    return Math.round(this.#outputUs);
  }

  /** The device is another one now: begins anew with it. */
  renew(): void {
    this.close();
    // Whether that worked is seen when sound is to be opened.
    this.prepare().catch(() => {});
  }

  /** Gives the device back. */
  close(): void {
    this.closeSink();
    this.#context?.close().catch(() => {});
    this.#context = undefined;
    this.#outputUs = undefined;
  }

  #makeContext(): AudioContext {
    // The shortest that the device has: what it takes at once is waited for on top of everything.
    const context = new AudioContext({ latencyHint: 0, sampleRate: SOUND_SAMPLE_RATE });
    this.#context = context;
    context.onstatechange = () => this.#handlers.changed();
    const gain = new GainNode(context, { gain: gainOf(this.#volume) });
    gain.connect(context.destination);
    this.#gain = gain;
    this.#loaded = context.audioWorklet.addModule(new URL(WORKLET, document.baseURI).href);
    return context;
  }

  #send(message: SoundWorkletMessage, transfer: Transferable[] = []): void {
    this.#node?.port.postMessage(message, transfer);
  }
}

/** Ears hear powers of loudness: half of the slider is to sound like half. */
function gainOf(volume: number): number {
  return volume * volume;
}

function outputLatencyUs(context: AudioContext): number {
  const { contextTime, performanceTime } = context.getOutputTimestamp();
  if (performanceTime !== undefined && contextTime !== undefined && performanceTime > 0) {
    const heard = contextTime + (performance.now() - performanceTime) / 1000;
    const latency = context.currentTime - heard;
    if (latency > 0 && latency < 1) return latency * 1e6;
  }
  return (context.baseLatency + (context.outputLatency ?? 0)) * 1e6;
}
