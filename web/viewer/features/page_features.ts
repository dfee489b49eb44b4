/**
 * PageFeatures: the page's halves of the viewer's capabilities, each named once here, and who takes
 * what. They live as long as the element.
 */

import { handsFeature } from "../input/hands_feature.ts";
import { SoundPageGate } from "../sound/sound_page_gate.ts";
import { filesPageFeature } from "../files/files_page_feature.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { PageFeature, PageFeatureContext, PageSession } from "./page_feature.ts";

/** Every capability there is. */
const FEATURES: readonly ((context: PageFeatureContext) => PageFeature)[] = [
  filesPageFeature,
  (context) => new SoundPageGate(context),
  handsFeature,
];

/** The capabilities of one viewer. */
export class PageFeatures {
  readonly #features: readonly PageFeature[];

  constructor(context: PageFeatureContext) {
    this.#features = FEATURES.map((make) => make(context));
  }

  onWorkerMessage(message: WorkerMessage): void {
    this.#features.find(({ workerMessages }) => workerMessages.includes(message.type))
      ?.onWorkerMessage(message);
  }

  onShortcut(action: ShortcutAction): void {
    this.#features.find(({ shortcuts }) => shortcuts?.includes(action) === true)
      ?.onShortcut?.(action);
  }

  onConnected(session: PageSession): void {
    for (const feature of this.#features) feature.onConnected?.(session);
  }

  onStream(streamId: number): void {
    for (const feature of this.#features) feature.onStream?.(streamId);
  }

  onPicture(): void {
    for (const feature of this.#features) feature.onPicture?.();
  }

  onDisconnected(): void {
    for (const feature of this.#features) feature.onDisconnected?.();
  }

  close(): void {
    for (const feature of this.#features) feature.close?.();
  }
}
