/**
 * SoundGate: the worker's door to sound, which is a bundle of its own: loaded with the page's first
 * wish for sound, so that who watches a silent host loads none of it. Wishes wait for it in order.
 */

import type {
  FeatureLink,
  PresentedPicture,
  WorkerFeature,
  WorkerFeatureContext,
} from "../features/worker_feature.ts";
import type { ServerMessage } from "../../../src/wire/control.ts";
import type { PastEvent } from "../features/past_event.ts";
import type { PageMessage } from "../worker_messages.ts";
import type { SoundCommand } from "./sound_messages.ts";

/** Wishes that wait for the bundle. */
const WAITING_MAX = 16;
/** Where the bundle lies, beside that of the worker. */
const BUNDLE = "sound_receiver.js";

type ReceiverModule = typeof import("./sound_receiver.ts");
type Receiver = InstanceType<ReceiverModule["SoundReceiver"]>;

/** The worker's half of sound and microphone. */
export class SoundGate implements WorkerFeature {
  readonly serverMessages = ["sound_state", "microphone_state"] as const;
  readonly datagrams = ["audio"] as const;
  readonly pageMessages = ["sound"] as const;
  readonly #context: WorkerFeatureContext;
  #waiting: SoundCommand[] = [];
  #receiver: Receiver | undefined;
  #link: FeatureLink | undefined;
  /** What the player of the past said last of the time that it is at. */
  #past: PastEvent | undefined;
  #isLoading = false;

  constructor(context: WorkerFeatureContext) {
    this.#context = context;
  }

  onServerMessage(message: ServerMessage): void {
    const { post } = this.#context;
    if (message.type === "sound_state") {
      post({ type: "sound", event: { name: "state", state: message } });
    } else if (message.type === "microphone_state") {
      post({ type: "sound", event: { name: "microphone_state", state: message } });
    }
  }

  onDatagram(datagram: Uint8Array, nowUs: number): void {
    this.#receiver?.onDatagram(datagram, nowUs);
  }

  onPageMessage(message: PageMessage): void {
    if (message.type !== "sound") return;
    if (this.#receiver !== undefined) return this.#receiver.handle(message.command);
    if (this.#waiting.length < WAITING_MAX) this.#waiting.push(message.command);
    if (!this.#isLoading) this.#load();
  }

  onConnected(link: FeatureLink): void {
    this.#link = link;
    this.#receiver?.connected(link);
  }

  onDisconnected(): void {
    this.#link = undefined;
    this.#receiver?.disconnected();
  }

  onPresented(picture: PresentedPicture): void {
    this.#receiver?.presented(picture);
  }

  onPast(event: PastEvent): void {
    const isMoment = event.name === "sound" || event.name === "seen";
    if (!isMoment) this.#past = event;
    this.#receiver?.past(event);
  }

  async #load(): Promise<void> {
    this.#isLoading = true;
    const { clock, post } = this.#context;
    try {
      const url = new URL(BUNDLE, self.location.href).href;
      const { SoundReceiver } = await import(url) as ReceiverModule;
      const receiver = new SoundReceiver({
        clock,
        post: (event) => post({ type: "sound", event }),
      });
      this.#receiver = receiver;
      if (this.#link !== undefined) receiver.connected(this.#link);
      if (this.#past !== undefined) receiver.past(this.#past);
      for (const command of this.#waiting) receiver.handle(command);
    } catch {
      const reason = "The viewer's sound could not be loaded";
      post({ type: "sound", event: { name: "failed", reason } });
    } finally {
      this.#isLoading = false;
      this.#waiting = [];
    }
  }
}
