/**
 * ClipboardPanel: what is seen of the clipboard: a button in the toolbar that tells which ways are
 * open, a small panel with both of them, and an offer to copy where the browser wants a click. It shows
 * what a share says and decides nothing.
 */

import { element, icon } from "../ui/element.ts";
import type { Toolbar } from "../ui/toolbar.ts";
import type { ClipboardShare } from "./clipboard_share.ts";
import { limitsText, rightsText, typesText } from "./clipboard_texts.ts";

/** Where it is shown. */
export interface ClipboardPanelParts {
  readonly toolbar: Toolbar;
  /** It takes the focus from the picture, and gives it back. */
  opened(): void;
  closed(): void;
}

/** The controls of the clipboard. */
export class ClipboardPanel {
  /** The panel, to be laid over the picture. */
  readonly root = element("section", {
    class: "clipboard-panel",
    role: "dialog",
    "aria-label": "Clipboard",
    hidden: true,
  });
  /** What the host copied and the browser takes with a click only. */
  readonly offer = element("div", { class: "clipboard-offer", hidden: true });
  readonly #share: ClipboardShare;
  readonly #parts: ClipboardPanelParts;
  readonly #button: HTMLButtonElement;
  readonly #fromText = element("p", {});
  readonly #toText = element("p", {});
  readonly #limits = element("p", { class: "limits" });
  readonly #copy = textButton("Copy from host");
  readonly #send = textButton("Send to host");
  readonly #offerText = element("span", {});
  readonly #offerButton = textButton("Copy from host");

  constructor(share: ClipboardShare, parts: ClipboardPanelParts) {
    this.#share = share;
    this.#parts = parts;
    this.#button = parts.toolbar.addButton(
      { action: "clipboard", icon: "clipboard", label: "Clipboard" },
      () => this.#toggle(),
    );
    this.#button.setAttribute("aria-haspopup", "dialog");
    this.#button.hidden = true;
    const close = element("button", { type: "button", class: "close", "aria-label": "Close" });
    close.append(icon("close"));
    close.addEventListener("click", () => this.close());
    this.root.append(
      element("header", {}, element("h2", {}, "Clipboard"), close),
      way("From the host", this.#fromText, this.#copy),
      way("To the host", this.#toText, this.#send),
      this.#limits,
    );
    this.#copy.addEventListener("click", () => this.#copyFromHost());
    this.#offerButton.addEventListener("click", () => this.#copyFromHost());
    this.#send.addEventListener("click", () => void share.sendToHost(true));
    const dismiss = element("button", { type: "button", class: "close", "aria-label": "Dismiss" });
    dismiss.append(icon("close"));
    dismiss.addEventListener("click", () => {
      this.offer.hidden = true;
      this.#parts.closed();
    });
    this.offer.append(
      icon("clipboard"),
      this.#offerText,
      this.#offerButton,
      dismiss,
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  /** Shows what is. */
  show(): void {
    const { rights, types, limits, waitingTypes, needsGesture } = this.#share;
    const isOn = rights.toViewer || rights.toHost;
    this.#button.hidden = !isOn;
    this.#button.querySelector(".tip")?.replaceChildren(rightsText(rights));
    if (!isOn) this.close();
    this.#fromText.textContent = this.#fromWords();
    this.#toText.textContent = this.#toWords();
    this.#limits.textContent = types.length === 0 ? "" : `Takes ${limitsText(limits)}.`;
    this.#copy.disabled = waitingTypes.length === 0;
    this.#send.disabled = !this.#share.sharesPaste;
    this.offer.hidden = !needsGesture;
    this.#offerText.textContent = `The host copied ${typesText(waitingTypes)}`;
  }

  /** Folds the panel away. */
  close(): void {
    if (this.root.hidden) return;
    this.root.hidden = true;
    this.#button.setAttribute("aria-expanded", "false");
    this.#parts.closed();
  }

  #toggle(): void {
    if (!this.root.hidden) return this.close();
    this.#parts.opened();
    this.root.hidden = false;
    this.#button.setAttribute("aria-expanded", "true");
    (this.#copy.disabled ? this.#send : this.#copy).focus();
  }

  async #copyFromHost(): Promise<void> {
    await this.#share.copyFromHost();
    this.show();
    if (this.root.hidden) this.#parts.closed();
  }

  #fromWords(): string {
    const { rights, waitingTypes, hostTypes } = this.#share;
    if (!rights.toViewer) return "Off, or not for you.";
    if (rights.reason !== "") return `Not now: ${rights.reason}.`;
    if (hostTypes.length === 0) return "Nothing was copied yet.";
    if (waitingTypes.length === 0) return `Copied: ${typesText(hostTypes)}.`;
    return `The host has ${typesText(waitingTypes)}.`;
  }

  #toWords(): string {
    const { rights } = this.#share;
    if (!rights.toHost) return "Off, or not for you.";
    if (rights.reason !== "") return `Not now: ${rights.reason}.`;
    return matchMedia("(pointer: coarse)").matches
      ? "Send what you copied, then paste it there."
      : "Ctrl+V on the picture pastes what you copied.";
  }
}

function way(name: string, text: HTMLElement, button: HTMLElement): HTMLElement {
  return element("div", { class: "way" }, element("h3", {}, name), text, button);
}

function textButton(label: string): HTMLButtonElement {
  return element("button", { type: "button", class: "button" }, label);
}
