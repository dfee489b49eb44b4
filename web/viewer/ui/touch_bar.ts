/**
 * TouchBar: the controls of a phone, in reach of a thumb: keyboard, keys, how fingers are read, the
 * gamepad on the screen, the whole picture again, and a fold that leaves one small button. It shows and
 * reports; hands.ts decides.
 */

import type { FingerMode } from "../input/touch_surface.ts";
import { element, icon } from "./element.ts";
import type { IconName } from "./icons.ts";

/** What was pressed. */
export interface TouchBarHandlers {
  keyboard(): void;
  keys(): void;
  nextMode(): void;
  pad(): void;
  whole(): void;
  folded(isFolded: boolean): void;
}

/** What is on. */
export interface TouchBarState {
  readonly isTyping: boolean;
  readonly hasKeys: boolean;
  readonly mode: FingerMode;
  readonly hasPad: boolean;
  readonly isMagnified: boolean;
}

/** How fingers are read, as people call it. */
export const MODE_NAMES: Readonly<Record<FingerMode, string>> = {
  touch: "Touch screen",
  pointer: "Touch as a mouse",
  trackpad: "Trackpad",
};
const MODE_ICONS: Readonly<Record<FingerMode, IconName>> = {
  touch: "touch",
  pointer: "mouse",
  trackpad: "trackpad",
};

/** The bar. */
export class TouchBar {
  readonly root: HTMLElement;
  readonly #keyboard: HTMLButtonElement;
  readonly #keys: HTMLButtonElement;
  readonly #mode: HTMLButtonElement;
  readonly #pad: HTMLButtonElement;
  readonly #whole: HTMLButtonElement;
  readonly #fold: HTMLButtonElement;
  #isFolded = false;

  constructor(handlers: TouchBarHandlers) {
    const make = (name: IconName, label: string, press: () => void) => {
      const button = barButton(name, label);
      button.addEventListener("click", press);
      return button;
    };
    this.#keyboard = make("keyboard", "Keyboard", handlers.keyboard);
    this.#keys = make("modifiers", "Keys", handlers.keys);
    this.#mode = make("mouse", "", handlers.nextMode);
    this.#pad = make("gamepad", "Gamepad", handlers.pad);
    this.#whole = make("whole", "Whole picture", handlers.whole);
    this.#fold = make("chevron", "Fold away", () => {
      this.#isFolded = !this.#isFolded;
      this.#showFold();
      handlers.folded(this.#isFolded);
    });
    this.#fold.classList.add("fold");
    this.root = element(
      "div",
      { class: "touch-bar", role: "toolbar", "aria-label": "Touch controls" },
      ...[this.#keyboard, this.#keys, this.#mode, this.#pad, this.#whole, this.#fold],
    );
    this.#showFold();
  }

  /** True while only the fold's own button is left. */
  get isFolded(): boolean {
    return this.#isFolded;
  }

  /** Shows what is on. */
  update(state: TouchBarState): void {
    this.#keyboard.setAttribute("aria-pressed", String(state.isTyping));
    this.#keys.setAttribute("aria-pressed", String(state.hasKeys));
    this.#pad.setAttribute("aria-pressed", String(state.hasPad));
    this.#whole.hidden = !state.isMagnified;
    this.#mode.querySelector("svg")?.replaceWith(icon(MODE_ICONS[state.mode]));
    this.#mode.setAttribute("aria-label", `Fingers: ${MODE_NAMES[state.mode]}`);
  }

  #showFold(): void {
    this.root.classList.toggle("folded", this.#isFolded);
    this.#fold.setAttribute("aria-expanded", String(!this.#isFolded));
    this.#fold.setAttribute("aria-label", this.#isFolded ? "Touch controls" : "Fold away");
  }
}

/** A button that leaves the focus where it is, so that a phone's keyboard stays open. */
function barButton(name: IconName, label: string): HTMLButtonElement {
  const button = element(
    "button",
    { type: "button", class: "touch-tool", "aria-label": label },
    icon(name),
  );
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("mousedown", (event) => event.preventDefault());
  return button;
}
