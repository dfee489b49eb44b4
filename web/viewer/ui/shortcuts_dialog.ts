/**
 * ShortcutsDialog: the list of the viewer's own key combinations, as a modal dialog that the browser
 * keeps accessible: Escape closes it, focus stays inside and returns afterwards.
 */

import { element, icon } from "./element.ts";
import { SHORTCUTS } from "./shortcuts.ts";

/** The dialog. */
export class ShortcutsDialog {
  /** The element to add to the page. */
  readonly root: HTMLDialogElement;

  /** `onClose` is called whenever it closes. */
  constructor(onClose: () => void) {
    const close = element("button", {
      type: "button",
      class: "tool",
      "aria-label": "Close",
    }, icon("close"));
    close.addEventListener("click", () => this.root.close());
    const rows = SHORTCUTS.map((shortcut) =>
      element(
        "tr",
        {},
        element("th", { scope: "row" }, shortcut.label),
        element("td", {}, ...keys(["Ctrl", "Alt", "Shift"], shortcut.moonlight)),
        element("td", {}, ...keys(["Ctrl", "Shift"], shortcut.selkies)),
      )
    );
    this.root = element(
      "dialog",
      { class: "dialog", "aria-labelledby": "shortcuts-title" },
      element("header", {}, element("h2", { id: "shortcuts-title" }, "Shortcuts"), close),
      element(
        "table",
        {},
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            element("th", { scope: "col" }, "Action"),
            element("th", { scope: "col" }, "Keys"),
            element("th", { scope: "col" }, "Also"),
          ),
        ),
        element("tbody", {}, ...rows),
      ),
      element(
        "p",
        {},
        "All other keys go to the host while the picture has the focus. In fullscreen that " +
          "includes Alt+Tab and Escape where the browser allows it: hold Escape to leave.",
      ),
      element(
        "p",
        {},
        "While the timeline shows the past: comma and period step a frame, J K L play back, rest and " +
          "play on, arrows go 1 s (with Shift 5 s), Home to the oldest, I and O mark, Escape or End " +
          "back to live.",
      ),
    );
    this.root.addEventListener("close", onClose);
    // A click on the backdrop has the dialog itself as its target.
    this.root.addEventListener("click", (event) => {
      if (event.target === this.root) this.root.close();
    });
  }

  /** Opens the dialog; no effect while it is open. */
  open(): void {
    if (!this.root.open) this.root.showModal();
  }
}

function keys(modifiers: readonly string[], letter: string | undefined): (Node | string)[] {
  if (letter === undefined) return [];
  return [...modifiers, letter].map((key) => element("kbd", {}, key));
}
