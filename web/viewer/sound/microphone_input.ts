/**
 * MicrophoneInput: the page's microphone: asks the person, opens the device and hands its samples from
 * the audio thread to a port. The device is open exactly while it is on.
 */

import { SOUND_SAMPLE_RATE } from "../../../src/wire/audio.ts";

const WORKLET = "sound_worklet.js";

/** Why there is no microphone. */
export type MicrophoneProblem =
  /** The person or the browser said no. */
  | "blocked"
  /** There is no such device. */
  | "no_device"
  /** The device does not answer, or another program has it. */
  | "failed";

/** Opens microphones. */
export class MicrophoneInput {
  readonly #onEnded: () => void;
  #stream: MediaStream | undefined;
  #context: AudioContext | undefined;

  /** `onEnded`: the device went away by itself. */
  constructor(onEnded: () => void) {
    this.#onEnded = onEnded;
  }

  /** A port that gives samples, or why there is none. */
  async open(): Promise<MessagePort | MicrophoneProblem> {
    this.close();
    try {
      // Absent on pages that are not secure.
      const stream = await navigator.mediaDevices?.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
      });
      if (stream === undefined) return "blocked";
      this.#stream = stream;
      stream.getAudioTracks()[0]?.addEventListener("ended", () => this.#onEnded());
      return await this.#listen(stream);
    } catch (error) {
      this.close();
      return problemOf(error);
    }
  }

  /** Closes the device; the browser's own sign that it is open goes out. */
  close(): void {
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = undefined;
    this.#context?.close().catch(() => {});
    this.#context = undefined;
  }

  async #listen(stream: MediaStream): Promise<MessagePort> {
    const context = new AudioContext({ latencyHint: 0, sampleRate: SOUND_SAMPLE_RATE });
    this.#context = context;
    await context.audioWorklet.addModule(new URL(WORKLET, document.baseURI).href);
    const node = new AudioWorkletNode(context, "wavry-microphone", { numberOfOutputs: 0 });
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    context.createMediaStreamSource(stream).connect(node);
    await context.resume();
    return port2;
  }
}

function problemOf(error: unknown): MicrophoneProblem {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "blocked";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "no_device" : "failed";
}
