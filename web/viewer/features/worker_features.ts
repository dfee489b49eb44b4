/**
 * WorkerFeatures: the worker's halves of the viewer's capabilities, each named once here, and who takes
 * what. They live as long as the worker.
 */

import type { ServerMessage } from "../../../src/wire/control.ts";
import type { DatagramClass } from "../../../src/wire/packet.ts";
import { ClipboardWorker } from "../clipboard/clipboard_worker.ts";
import { filesWorkerFeature } from "../files/files_worker_feature.ts";
import { handsWorker } from "../input/hands_worker.ts";
import { monitorsWorker } from "../monitors/monitors_worker.ts";
import { SoundGate } from "../sound/sound_gate.ts";
import { peopleWorker } from "../people/people_worker.ts";
import type { PageMessage } from "../worker_messages.ts";
import type { PastEvent } from "./past_event.ts";
import type {
  FeatureLink,
  PresentedPicture,
  WorkerFeature,
  WorkerFeatureContext,
} from "./worker_feature.ts";

/** Every capability there is. */
const FEATURES: readonly ((context: WorkerFeatureContext) => WorkerFeature)[] = [
  filesWorkerFeature,
  peopleWorker,
  (context) => new ClipboardWorker(context),
  (context) => new SoundGate(context),
  handsWorker,
  monitorsWorker,
];

/** The capabilities of one worker. */
export class WorkerFeatures {
  readonly #features: readonly WorkerFeature[];

  constructor(context: WorkerFeatureContext) {
    this.#features = FEATURES.map((make) => make(context));
  }

  onServerMessage(message: ServerMessage): void {
    this.#features.find(({ serverMessages }) => serverMessages.includes(message.type))
      ?.onServerMessage(message);
  }

  onDatagram(name: DatagramClass, datagram: Uint8Array, nowUs: number): void {
    this.#features.find(({ datagrams }) => datagrams?.includes(name) === true)
      ?.onDatagram?.(datagram, nowUs);
  }

  /** True when the datagram is of a stream that some capability plays. */
  onMedia(datagram: Uint8Array, streamId: number, nowUs: number): boolean {
    return this.#features.some((one) => one.onMedia?.(datagram, streamId, nowUs) === true);
  }

  onPageMessage(message: PageMessage): void {
    this.#features.find(({ pageMessages }) => pageMessages.includes(message.type))
      ?.onPageMessage(message);
  }

  onConnected(link: FeatureLink): void {
    for (const feature of this.#features) feature.onConnected?.(link);
  }

  onDisconnected(): void {
    for (const feature of this.#features) feature.onDisconnected?.();
  }

  onPresented(picture: PresentedPicture): void {
    for (const feature of this.#features) feature.onPresented?.(picture);
  }

  onPast(event: PastEvent): void {
    for (const feature of this.#features) feature.onPast?.(event);
  }
}
