/**
 * Toolbar: a small grip at the upper edge that opens into a menu and five buttons on hover, focus or
 * touch, and folds away again, so that at rest it covers next to nothing of the picture. Each button
 * has a name, a state and a shortcut.
 */

import { element, icon } from "./element.ts";
import type { IconName } from "./icons.ts";
import type { ShortcutAction } from "./shortcuts.ts";
import { makeToolButton } from "./tool_button.ts";
import type { ToolButtonOptions } from "./tool_button.ts";

/** What a button of the toolbar does. */
export type ToolbarAction =
  | Extract<
    ShortcutAction,
    "fullscreen" | "mouse_mode" | "stats" | "quit"
  >
  | "shortcuts";

/** What the buttons show. */
export interface ToolbarState {
  readonly isFullscreen: boolean;
  readonly isRelative: boolean;
  readonly hasStats: boolean;
  /** The role may send input. */
  readonly mayControl: boolean;
}

/** How long it stays open without a pointer on it. */
const LINGER_MS = 1600;

/** The toolbar. */
export class Toolbar {
  /** The element to place at the upper edge. */
  readonly root: HTMLElement;
  readonly #buttons = new Map<ToolbarAction, HTMLButtonElement>();
  readonly #grip: HTMLButtonElement;
  readonly #bar: HTMLElement;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `first` stands before the buttons. */
  constructor(onAction: (action: ToolbarAction) => void, first: HTMLElement) {
    const bar = element("div", { class: "bar", role: "toolbar", "aria-label": "Viewer" }, first);
    this.#bar = bar;
    const entries: readonly (readonly [ToolbarAction, IconName, string])[] = [
      ["fullscreen", "fullscreen", "Fullscreen"],
      ["mouse_mode", "mouse", "Relative mouse"],
      ["stats", "stats", "Statistics"],
      ["shortcuts", "keyboard", "Shortcuts"],
      ["quit", "quit", "Leave"],
    ];
    for (const [action, iconName, label] of entries) {
      const button = makeToolButton({ action, icon: iconName, label });
      button.addEventListener("click", () => onAction(action));
      this.#buttons.set(action, button);
      bar.append(button);
    }
    this.#grip = element("button", {
      class: "grip",
      type: "button",
      "aria-label": "Toolbar",
      "aria-expanded": "false",
    });
    this.#grip.addEventListener("click", () => this.open());
    this.root = element("nav", { class: "toolbar", "aria-label": "Toolbar" }, this.#grip, bar);
    this.root.addEventListener("pointerenter", () => this.open());
    this.root.addEventListener("pointerleave", () => this.#closeLater());
    this.root.addEventListener("focusin", () => this.open());
    this.root.addEventListener("focusout", () => this.#closeLater());
    bar.addEventListener("keydown", (event) => this.#walk(event));
  }

  /** Opens it for a while. */
  open(): void {
    clearTimeout(this.#timer);
    this.root.classList.add("open");
    this.#grip.setAttribute("aria-expanded", "true");
    this.#closeLater();
  }

  /** Opens it and puts the focus on its first button. */
  focus(): void {
    this.open();
    this.#buttons.get("fullscreen")?.focus();
  }

  /** Adds a control of a capability before the list of shortcuts; who adds it shows and hides it. */
  add(control: HTMLElement): void {
    this.#bar.insertBefore(control, this.#buttons.get("shortcuts") ?? null);
  }

  /** Adds a button of a capability; what it shows is changed by who added it. */
  addButton(options: ToolButtonOptions, onPress: () => void): HTMLButtonElement {
    const button = makeToolButton(options);
    button.addEventListener("click", onPress);
    this.add(button);
    return button;
  }

  /** Shows what is on. */
  update(state: ToolbarState): void {
    this.#set("fullscreen", state.isFullscreen, "fullscreen", "fullscreen_exit");
    this.#set("mouse_mode", state.isRelative, "mouse", "crosshair");
    this.#set("stats", state.hasStats, "stats", "stats");
    const mouse = this.#buttons.get("mouse_mode");
    if (mouse !== undefined) mouse.hidden = !state.mayControl;
  }

  #set(action: ToolbarAction, isOn: boolean, off: IconName, on: IconName): void {
    const button = this.#buttons.get(action);
    if (button === undefined || button.getAttribute("aria-pressed") === String(isOn)) return;
    button.setAttribute("aria-pressed", String(isOn));
    button.querySelector("svg")?.replaceWith(icon(isOn ? on : off));
  }

  #closeLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.root.matches(":hover, :focus-within")) return;
      this.root.classList.remove("open");
      this.#grip.setAttribute("aria-expanded", "false");
    }, LINGER_MS);
  }

  /** Arrow keys walk through what is in it, as in any toolbar. */
  #walk(event: KeyboardEvent): void {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    const controls = this.#bar.querySelectorAll<HTMLElement>("button, select, input");
    const shown = [...controls].filter((control) => control.closest("[hidden]") === null);
    const current = shown.findIndex((control) => control === document.activeElement);
    shown[(current + step + shown.length) % shown.length]?.focus();
    event.preventDefault();
  }
}
