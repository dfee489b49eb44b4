/**
 * SoundControl: what is seen of sound: a button in the toolbar with a slider for loudness, and a
 * "Click for sound" at the lower edge while the browser waits for somebody to click. It decides
 * nothing: it shows a state and reports what was pressed.
 */

import { element, icon } from "./element.ts";
import type { IconName } from "./icons.ts";
import type { Toolbar } from "./toolbar.ts";

/** What there is to show. */
export interface SoundView {
  /** Empty while there is sound, else why there is none. */
  readonly reason: string;
  readonly isMuted: boolean;
  /** 0 to 100. */
  readonly volume: number;
  /** The browser waits for a click. */
  readonly isBlocked: boolean;
}

/** What was pressed. */
export interface SoundControlHandlers {
  toggleMute(): void;
  setVolume(volume: number): void;
  /** Somebody clicked for sound. */
  unblock(): void;
}

/** Steps of the slider for its keys. */
const VOLUME_STEP = 5;

/** Shows sound. */
export class SoundControl {
  /** The element to place above the picture. */
  readonly prompt: HTMLButtonElement;
  readonly #button: HTMLButtonElement;
  readonly #slider: HTMLInputElement;
  readonly #tip: Element | null;

  constructor(toolbar: Toolbar, handlers: SoundControlHandlers) {
    this.#button = toolbar.addButton(
      { action: "sound", icon: "sound", label: "Sound" },
      () => handlers.toggleMute(),
    );
    this.#tip = this.#button.querySelector(".tip");
    this.#slider = element("input", {
      class: "volume",
      type: "range",
      min: "0",
      max: "100",
      step: String(VOLUME_STEP),
      "aria-label": "Volume",
    });
    this.#slider.addEventListener("input", () => handlers.setVolume(Number(this.#slider.value)));
    toolbar.add(this.#slider);
    this.prompt = element(
      "button",
      { type: "button", class: "sound-prompt", hidden: true },
      icon("sound_off"),
      "Click for sound",
    );
    this.prompt.addEventListener("click", () => handlers.unblock());
  }

  /** Shows `view`. */
  show({ reason, isMuted, volume, isBlocked }: SoundView): void {
    const hasSound = reason === "";
    const isHeard = hasSound && !isMuted && volume > 0;
    this.#button.disabled = !hasSound;
    this.#button.setAttribute("aria-pressed", String(isHeard));
    this.#setIcon(isHeard ? "sound" : "sound_off");
    const first = this.#tip?.firstChild;
    if (first) first.textContent = hasSound ? "Sound" : reason;
    this.#slider.hidden = !hasSound;
    this.#slider.value = String(isMuted ? 0 : volume);
    this.#slider.style.setProperty("--share", `${isMuted ? 0 : volume}%`);
    this.#slider.setAttribute("aria-valuetext", isMuted ? "Muted" : `${volume} percent`);
    this.prompt.hidden = !(hasSound && isBlocked && !isMuted);
  }

  #setIcon(name: IconName): void {
    if (this.#button.dataset["icon"] === name) return;
    this.#button.dataset["icon"] = name;
    this.#button.querySelector("svg")?.replaceWith(icon(name));
  }
}
