/**
 * Notices: one short line that tells what a shortcut just did, gone after a moment. A new one takes
 * the place of the old one.
 */

import { element } from "./element.ts";

const SHOWN_MS = 2200;

/** Shows notices. */
export class Notices {
  /** The element to place over the picture. */
  readonly root = element("p", { class: "notice", role: "status" });
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Shows `text` for a moment. */
  show(text: string): void {
    clearTimeout(this.#timer);
    this.root.textContent = text;
    this.root.classList.add("shown");
    this.#timer = setTimeout(() => this.root.classList.remove("shown"), SHOWN_MS);
  }
}
