/**
 * PageFeatures: the page's halves of the viewer's capabilities, each named once here, and who takes
 * what. They live as long as the element.
 */

import { ClipboardGate } from "../clipboard/clipboard_gate.ts";
import { handsFeature } from "../input/hands_feature.ts";
import { PeopleGate } from "../people/people_gate.ts";
import type { ViewerRights } from "../people/people_rights.ts";
import { SoundPageGate } from "../sound/sound_page_gate.ts";
import { filesPageFeature } from "../files/files_page_feature.ts";
import { monitorsFeature } from "../monitors/monitors_feature.ts";
import { transportFeature } from "../transport/transport_feature.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { PageFeature, PageFeatureContext, PageSession } from "./page_feature.ts";

/** Every capability there is. */
const FEATURES: readonly ((context: PageFeatureContext) => PageFeature)[] = [
  filesPageFeature,
  (context) => new ClipboardGate(context),
  (context) => new SoundPageGate(context),
  (context) => new PeopleGate(context),
  handsFeature,
  monitorsFeature,
  transportFeature,
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

  onRights(rights: ViewerRights): void {
    for (const feature of this.#features) feature.onRights?.(rights);
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
