/**
 * makeToolButton: a button of the toolbar: an icon, a name that is seen as a tip and read out, and the
 * shortcut where it has one.
 */

import { element, icon } from "./element.ts";
import type { IconName } from "./icons.ts";
import { SHORTCUTS } from "./shortcuts.ts";

/** What a button is. */
export interface ToolButtonOptions {
  /** Names it in the page, for tests and for the shortcut of the same action. */
  readonly action: string;
  readonly icon: IconName;
  readonly label: string;
}

/** Makes a button that does nothing yet. */
export function makeToolButton(options: ToolButtonOptions): HTMLButtonElement {
  const { action, label } = options;
  const letter = SHORTCUTS.find((shortcut) => shortcut.action === action)?.moonlight;
  const keys = letter === undefined ? "" : `Ctrl+Alt+Shift+${letter}`;
  // The tip is the button's name: what is seen and what is read out stay the same.
  const tip = element("span", { class: "tip" }, label);
  if (keys !== "") tip.append(" ", element("kbd", {}, keys));
  return element(
    "button",
    {
      type: "button",
      class: "tool",
      "aria-keyshortcuts": keys === "" ? undefined : keys.replaceAll("Ctrl", "Control"),
      "data-action": action,
    },
    icon(options.icon),
    tip,
  );
}
