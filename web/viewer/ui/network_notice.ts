/**
 * NetworkNotice: one quiet line at the lower edge that says why the picture is bad, while it is. Read
 * out once, when it is not in the way of anything else; receive/path_notice.ts decides when.
 */

import type { NetworkNotice as Notice } from "../receive/path_notice.ts";
import { element, icon } from "./element.ts";
import { NOTICE_WORDS } from "./path_words.ts";

/** Shows the notice. */
export class NetworkNotice {
  /** The element to place over the picture. */
  readonly root: HTMLElement;
  readonly #text = element("span");

  constructor() {
    this.root = element(
      "p",
      { class: "network-notice", role: "status", "aria-live": "polite" },
      icon("network"),
      this.#text,
    );
  }

  /** Says `notice`; undefined says nothing. */
  show(notice: Notice | undefined): void {
    this.root.classList.toggle("shown", notice !== undefined);
    this.#text.textContent = notice === undefined ? "" : NOTICE_WORDS[notice];
  }
}
