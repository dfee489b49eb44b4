/**
 * TouchKeys: a row of the keys that a phone's keyboard lacks: Escape, Tab, modifiers that stay for the
 * next key, arrows, and the function keys behind one of their own. A key is down as long as the finger
 * is, so that the host repeats it.
 */

import type { StickyKeys } from "../input/sticky_keys.ts";
import { element } from "./element.ts";

/** What the row does. */
export interface TouchKeysHandlers {
  /** Presses or releases a key by its physical name. */
  press(code: string, down: boolean): void;
}

interface Key {
  readonly code: string;
  readonly text: string;
  readonly label?: string;
  readonly isModifier?: boolean;
}

const PLAIN: readonly Key[] = [
  { code: "Escape", text: "Esc", label: "Escape" },
  { code: "Tab", text: "Tab" },
  { code: "ControlLeft", text: "Ctrl", label: "Control", isModifier: true },
  { code: "AltLeft", text: "Alt", isModifier: true },
  { code: "ArrowLeft", text: "\u2190", label: "Left" },
  { code: "ArrowUp", text: "\u2191", label: "Up" },
  { code: "ArrowDown", text: "\u2193", label: "Down" },
  { code: "ArrowRight", text: "\u2192", label: "Right" },
  { code: "MetaLeft", text: "Super", isModifier: true },
  { code: "ShiftLeft", text: "Shift", isModifier: true },
];
const MORE: readonly Key[] = [
  ...["Home", "End"].map((code) => ({ code, text: code })),
  { code: "PageUp", text: "PgUp", label: "Page up" },
  { code: "PageDown", text: "PgDn", label: "Page down" },
  { code: "Insert", text: "Ins", label: "Insert" },
  { code: "Delete", text: "Del", label: "Delete" },
];
const FUNCTIONS: readonly Key[] = Array.from({ length: 12 }, (_, index) => ({
  code: `F${index + 1}`,
  text: `F${index + 1}`,
}));

/** The row. */
export class TouchKeys {
  readonly root: HTMLElement;
  readonly #handlers: TouchKeysHandlers;
  readonly #sticky: StickyKeys;
  readonly #modifiers = new Map<string, HTMLButtonElement>();
  readonly #down = new Map<string, HTMLButtonElement>();
  readonly #more: HTMLElement;

  constructor(handlers: TouchKeysHandlers, sticky: StickyKeys) {
    this.#handlers = handlers;
    this.#sticky = sticky;
    const rest = [...MORE, ...FUNCTIONS].map((key) => this.#key(key));
    this.#more = element("div", { class: "key-row more", hidden: true }, ...rest);
    const opener = keyButton("Fn", "More keys");
    opener.setAttribute("aria-expanded", "false");
    opener.addEventListener("click", () => {
      this.#more.hidden = !this.#more.hidden;
      opener.setAttribute("aria-expanded", String(!this.#more.hidden));
    });
    const plain = PLAIN.map((key) => key.isModifier ? this.#modifier(key) : this.#key(key));
    this.root = element(
      "div",
      { class: "touch-keys", role: "toolbar", "aria-label": "Keys", hidden: true },
      this.#more,
      element("div", { class: "key-line" }, element("div", { class: "key-row" }, ...plain), opener),
    );
  }

  /** Shows what the modifiers do. */
  update(): void {
    for (const [code, button] of this.#modifiers) {
      const state = this.#sticky.stateOf(code);
      button.setAttribute("aria-pressed", String(state !== "off"));
      button.classList.toggle("locked", state === "locked");
    }
  }

  /** Fingers that are on it hold nothing any more. */
  release(): void {
    for (const code of [...this.#down.keys()]) this.#lift(code);
  }

  #modifier({ code, text, label }: Key): HTMLButtonElement {
    const button = keyButton(text, label);
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => this.#sticky.tap(code));
    this.#modifiers.set(code, button);
    return button;
  }

  #key({ code, text, label }: Key): HTMLButtonElement {
    const button = keyButton(text, label);
    button.addEventListener("pointerdown", (event) => {
      button.setPointerCapture(event.pointerId);
      this.#down.set(code, button);
      button.classList.add("down");
      this.#handlers.press(code, true);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      button.addEventListener(end, () => this.#lift(code));
    }
    // A keyboard or a screen reader presses it without a pointer.
    button.addEventListener("click", (event) => {
      if (event.detail !== 0) return;
      this.#handlers.press(code, true);
      this.#handlers.press(code, false);
      this.#sticky.used();
    });
    return button;
  }

  #lift(code: string): void {
    const button = this.#down.get(code);
    if (button === undefined) return;
    this.#down.delete(code);
    button.classList.remove("down");
    this.#handlers.press(code, false);
    this.#sticky.used();
  }
}

/** A key that leaves the focus where it is, so that a phone's keyboard stays open. */
function keyButton(text: string, label = text): HTMLButtonElement {
  const button = element("button", { type: "button", class: "touch-key" }, text);
  if (label !== text) button.setAttribute("aria-label", label);
  button.addEventListener("pointerdown", (event) => event.preventDefault());
  button.addEventListener("mousedown", (event) => event.preventDefault());
  return button;
}
