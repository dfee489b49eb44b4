/**
 * StateScreens: what people see while there is no live picture: what happens, what they can do, and
 * a button where there is something to press. A screen over the last picture is a small panel.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import type { ViewerState } from "../viewer_state.ts";
import { element, icon, waveMark } from "./element.ts";
import { screenTextOf } from "./screen_texts.ts";
import type { ScreenAction } from "./screen_texts.ts";

/** Shows the screen of a state. */
export class StateScreens {
  /** The element to place over the picture. */
  readonly root: HTMLElement;
  readonly #panel: HTMLElement;
  readonly #onAction: (action: ScreenAction) => void;
  readonly #onChoice: (stream: StreamName) => void;
  #shown = "";

  /** `onChoice` hears of a display that was picked instead of one that is not there. */
  constructor(
    onAction: (action: ScreenAction) => void,
    onChoice: (stream: StreamName) => void,
  ) {
    this.#onAction = onAction;
    this.#onChoice = onChoice;
    this.#panel = element("div", { class: "panel", role: "status", "aria-live": "polite" });
    const brand = element("p", { class: "brand" }, waveMark(false), "Wavry");
    this.root = element("div", { class: "screen" }, brand, this.#panel);
  }

  /** Shows `state`; `hasPicture` puts it over the last picture instead of an empty page. */
  show(state: ViewerState, hostName: string, hasPicture: boolean): void {
    const text = screenTextOf(state, hostName);
    this.root.hidden = text === undefined;
    this.root.classList.toggle("over-picture", hasPicture && state.name === "reconnecting");
    this.root.dataset["state"] = state.name;
    const key = JSON.stringify(text);
    if (text === undefined || key === this.#shown) {
      this.#shown = key;
      return;
    }
    this.#shown = key;
    const { action, choices = [] } = text;
    const content: Node[] = [
      text.icon === undefined ? waveMark(true) : icon(text.icon),
      element("h1", {}, text.title),
      element("p", {}, text.text),
    ];
    if (action !== undefined) {
      const button = element("button", { class: "primary", type: "button" }, action.label);
      button.addEventListener("click", () => this.#onAction(action.name));
      content.push(button);
    }
    if (choices.length > 0) content.push(this.#choices(choices));
    this.#panel.replaceChildren(...content);
  }

  #choices(streams: readonly StreamName[]): HTMLElement {
    const items = streams.map((stream) => {
      const button = element("button", { class: "primary", type: "button" }, stream.name);
      button.addEventListener("click", () => this.#onChoice(stream));
      return element("li", {}, button);
    });
    return element("ul", { class: "choices", "aria-label": "Displays" }, ...items);
  }

  /** Puts the focus on the screen's button, if it has one. */
  focus(): void {
    this.#panel.querySelector("button")?.focus();
  }
}
