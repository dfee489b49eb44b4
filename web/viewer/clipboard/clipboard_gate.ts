/**
 * Clipboard gate: the page's door to the clipboard, which is a bundle of its own: loaded when a host
 * says that there is a clipboard to share. A host without one costs nothing.
 */

import type { PageFeature, PageFeatureContext } from "../features/page_feature.ts";
import { loadStyle } from "../ui/load_style.ts";
import type { WorkerMessage } from "../worker_messages.ts";
import type { ClipboardPage } from "./clipboard.ts";
import type { ClipboardReport } from "./clipboard_messages.ts";

const BUNDLE = "clipboard.js";
const STYLE = "clipboard.css";
/** What waits while it loads: states, offers and requests, of which the newest count. */
const WAITING_MAX = 32;

type ClipboardModule = typeof import("./clipboard.ts");

/** The page's half of the clipboard. */
export class ClipboardGate implements PageFeature {
  readonly workerMessages = ["clipboard"] as const;
  readonly #context: PageFeatureContext;
  #page: ClipboardPage | undefined;
  #waiting: ClipboardReport[] = [];
  #isLoading = false;

  constructor(context: PageFeatureContext) {
    this.#context = context;
  }

  onWorkerMessage(message: WorkerMessage): void {
    if (message.type !== "clipboard") return;
    if (this.#page !== undefined) return this.#page.take(message.event);
    this.#waiting.push(message.event);
    if (this.#waiting.length > WAITING_MAX) this.#waiting.shift();
    void this.#load();
  }

  onDisconnected(): void {
    this.#waiting = [];
    this.#page?.disconnected();
  }

  close(): void {
    this.#page?.close();
  }

  async #load(): Promise<void> {
    if (this.#isLoading) return;
    this.#isLoading = true;
    try {
      const url = new URL(BUNDLE, document.baseURI).href;
      const [{ ClipboardPage }] = await Promise.all([
        import(url) as Promise<ClipboardModule>,
        loadStyle(STYLE),
      ]);
      this.#page = new ClipboardPage(this.#context);
      for (const report of this.#waiting) this.#page.take(report);
      this.#waiting = [];
    } catch {
      this.#context.window.notices.show("The clipboard could not be loaded");
    }
  }
}
