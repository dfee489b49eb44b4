/**
 * SoundPageGate: the page's door to sound and microphone, which are a bundle of their own: loaded after
 * the first picture of a host that said what sound it has, so that it delays no picture.
 */

import type { PageFeature, PageFeatureContext, PageSession } from "../features/page_feature.ts";
import type { ViewerRights } from "../people/people_rights.ts";
import type { ShortcutAction } from "../ui/shortcuts.ts";
import { loadStyle } from "../ui/load_style.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { SoundEvent } from "./sound_messages.ts";
import type { SoundPage } from "./sound.ts";

const BUNDLE = "sound.js";
const STYLE = "sound.css";

type SoundModule = typeof import("./sound.ts");

/** The page's half of sound. */
export class SoundPageGate implements PageFeature {
  readonly workerMessages = ["sound"] as const;
  readonly shortcuts = ["sound", "microphone"] as const;
  readonly #context: PageFeatureContext;
  #page: SoundPage | undefined;
  #isLoading = false;
  #hasPicture = false;
  #session: PageSession | undefined;
  /** The host's last word, which the page is told when it is there. */
  #state: SoundEvent | undefined;
  #microphone: SoundEvent | undefined;

  constructor(context: PageFeatureContext) {
    this.#context = context;
  }

  onWorkerMessage(message: WorkerMessage): void {
    if (message.type !== "sound") return;
    if (message.event.name === "state") this.#state = message.event;
    if (message.event.name === "microphone_state") this.#microphone = message.event;
    if (this.#page !== undefined) return this.#page.onEvent(message.event);
    this.#load();
  }

  onShortcut(action: ShortcutAction): void {
    this.#page?.onShortcut(action);
  }

  onConnected(session: PageSession): void {
    this.#session = session;
    this.#page?.onConnected(session);
  }

  onRights(rights: ViewerRights): void {
    if (this.#session !== undefined) this.#session = { ...this.#session, ...rights };
    this.#page?.onRights(rights);
  }

  onPicture(): void {
    this.#hasPicture = true;
    this.#load();
  }

  onDisconnected(): void {
    this.#session = undefined;
    this.#state = undefined;
    this.#microphone = undefined;
    this.#page?.onDisconnected();
  }

  close(): void {
    this.#page?.close();
  }

  async #load(): Promise<void> {
    if (this.#isLoading || !this.#hasPicture || this.#state === undefined) return;
    this.#isLoading = true;
    try {
      const url = new URL(BUNDLE, document.baseURI).href;
      const [{ SoundPage }] = await Promise.all([
        import(url) as Promise<SoundModule>,
        loadStyle(STYLE),
      ]);
      this.#page = new SoundPage(this.#context);
      if (this.#session !== undefined) this.#page.onConnected(this.#session);
      for (const event of [this.#state, this.#microphone]) {
        if (event !== undefined) this.#page.onEvent(event);
      }
    } catch {
      this.#context.window.notices.show("Sound could not be loaded");
    }
  }
}
