/**
 * Clipboard: the entry of the clipboard's bundle: joins the browser's clipboard, the keys that paste
 * and what is shown of it. What is pasted is offered before its keys go on, so that the host's program
 * finds it there.
 */

import type { PageFeatureContext } from "../features/page_feature.ts";
import { browserClipboard, pastedContents } from "./browser_clipboard.ts";
import type { ClipboardReport, OfferOutcome } from "./clipboard_messages.ts";
import { ClipboardPanel } from "./clipboard_panel.ts";
import { ClipboardShare } from "./clipboard_share.ts";
import { outcomeText } from "./clipboard_texts.ts";

/** A browser that lets a key paste says so before anything else happens. */
const PASTE_EVENT_MS = 40;

/** The clipboard in the page. */
export class ClipboardPage {
  readonly #context: PageFeatureContext;
  readonly #share: ClipboardShare;
  readonly #panel: ClipboardPanel;
  readonly #listening = new AbortController();
  #pasteTimer: ReturnType<typeof setTimeout> | undefined;
  #couldShare = false;

  constructor(context: PageFeatureContext) {
    this.#context = context;
    const { window } = context;
    this.#share = new ClipboardShare({
      local: browserClipboard,
      send: (command, transfer) => context.send({ type: "clipboard", command }, transfer),
      changed: () => this.#show(),
      say: (text) => window.notices.show(text),
    });
    this.#panel = new ClipboardPanel(this.#share, {
      toolbar: window.toolbar,
      opened: () => context.releaseInput(),
      closed: () => window.stage.focus(),
    });
    window.addLayer(this.#panel.root);
    window.addLayer(this.#panel.offer);
    context.input.keyHook = (event) => this.#key(event);
    this.#listen();
  }

  /** Takes what the worker says. */
  take(report: ClipboardReport): void {
    this.#share.take(report);
  }

  /** The connection is gone. */
  disconnected(): void {
    this.#share.reset();
  }

  /** Stops listening; idempotent. */
  close(): void {
    this.#listening.abort();
    this.#context.input.keyHook = undefined;
    clearTimeout(this.#pasteTimer);
  }

  #listen(): void {
    const options = { signal: this.#listening.signal };
    const focused = () => void this.#share.focused();
    globalThis.addEventListener("focus", focused, options);
    // Where the browser tells of what is copied elsewhere while the page has the focus.
    (navigator.clipboard as EventTarget).addEventListener("clipboardchange", focused, options);
    document.addEventListener("paste", (event) => this.#paste(event), options);
  }

  /** A key is on its way to the host; true when it pastes, which the browser must hear of too. */
  #key(event: KeyboardEvent): boolean {
    if (event.repeat || !this.#share.sharesPaste || !isPasteKey(event)) return false;
    this.#context.input.records.hold();
    clearTimeout(this.#pasteTimer);
    this.#pasteTimer = setTimeout(() => this.#pasteUntold(), PASTE_EVENT_MS);
    return true;
  }

  /** The browser tells nobody of this key: the clipboard is read where it may be. */
  async #pasteUntold(): Promise<void> {
    this.#pasteTimer = undefined;
    if (await browserClipboard.canRead()) await this.#share.sendToHost(false);
    this.#context.input.records.release();
  }

  async #paste(event: ClipboardEvent): Promise<void> {
    const isTyped = event.target instanceof Element &&
      event.target.closest("input, textarea, select") !== null;
    if (isTyped || event.clipboardData === null || !this.#share.sharesPaste) return;
    event.preventDefault();
    const isByKey = this.#pasteTimer !== undefined;
    clearTimeout(this.#pasteTimer);
    this.#pasteTimer = undefined;
    let outcome: OfferOutcome = "failed";
    try {
      const contents = await pastedContents(event.clipboardData, this.#share.types);
      outcome = await this.#share.offer(contents);
    } finally {
      this.#context.input.records.release();
    }
    const isPlain = outcome === "owned" || outcome === "same" || outcome === "nothing";
    // With a key, what was pasted is seen on the host.
    if (isByKey && isPlain) return;
    this.#context.window.notices.show(outcomeText(outcome, this.#share.limits));
  }

  #show(): void {
    const { sharesPaste } = this.#share;
    this.#panel.show();
    // What lies in the browser's clipboard at the start is offered as what is copied later.
    if (sharesPaste && !this.#couldShare) void this.#share.focused();
    this.#couldShare = sharesPaste;
  }
}

function isPasteKey({ code, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): boolean {
  if (altKey) return false;
  if (code === "Insert") return shiftKey && !ctrlKey && !metaKey;
  return code === "KeyV" && (ctrlKey || metaKey);
}
