/**
 * MicrophoneControl: what is seen of the microphone: a button in the toolbar, and while it is on a line
 * over the picture that says so and turns it off. It decides nothing.
 */

import { element, icon } from "./element.ts";
import type { Toolbar } from "./toolbar.ts";

/** What a microphone is doing. */
export type MicrophoneView =
  /** This viewer may not use it here. */
  | "hidden"
  /** Programs on the host cannot hear viewers. */
  | "unavailable"
  | "off"
  /** The browser asks the person. */
  | "asking"
  | "on"
  /** The person or the browser said no. */
  | "blocked"
  | "no_device"
  | "failed";

const LABELS: Readonly<Record<MicrophoneView, string>> = {
  hidden: "Microphone",
  unavailable: "No microphone on this host",
  off: "Microphone",
  asking: "Microphone: answer the browser",
  on: "Microphone is on",
  blocked: "Microphone blocked by the browser",
  no_device: "No microphone found",
  failed: "Microphone does not answer",
};

/** Shows the microphone. */
export class MicrophoneControl {
  /** The element to place above the picture. */
  readonly indicator: HTMLButtonElement;
  readonly #button: HTMLButtonElement;
  readonly #tip: Element | null;

  constructor(toolbar: Toolbar, onToggle: () => void) {
    this.#button = toolbar.addButton(
      { action: "microphone", icon: "microphone_off", label: LABELS.off },
      onToggle,
    );
    this.#button.hidden = true;
    this.#tip = this.#button.querySelector(".tip");
    this.indicator = element(
      "button",
      {
        type: "button",
        class: "microphone-on",
        hidden: true,
        "aria-label": "Microphone on: turn it off",
      },
      icon("microphone"),
      "Microphone on",
    );
    this.indicator.addEventListener("click", onToggle);
  }

  /** Shows a state; `reason` is the host's where it has none. */
  show(view: MicrophoneView, reason: string): void {
    this.#button.hidden = view === "hidden";
    this.#button.disabled = view === "unavailable";
    this.#button.setAttribute("aria-pressed", String(view === "on"));
    this.#button.dataset["state"] = view;
    const name = view === "on" ? "microphone" : "microphone_off";
    this.#button.querySelector("svg")?.replaceWith(icon(name));
    const first = this.#tip?.firstChild;
    if (first) first.textContent = reason === "" ? LABELS[view] : reason;
    this.indicator.hidden = view !== "on";
  }
}
