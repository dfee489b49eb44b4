/**
 * StreamMenu: the labelled list of a host's displays, shown where there are several. It is a list of
 * the browser's own, so that keys, touch and screen readers know what to do with it.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import { element } from "./element.ts";

/** Lets people pick a display. */
export class StreamMenu {
  /** The label with its list, to place in the toolbar. */
  readonly root: HTMLElement;
  readonly #list = element("select", { id: "display" });
  #streams: readonly StreamName[] = [];
  #isByPointer = false;

  /** Hears what was picked, and whether that was with a pointer. */
  onChoice: (stream: StreamName, isByPointer: boolean) => void = () => {};

  constructor() {
    const label = element("label", { for: "display" }, "Display");
    this.root = element("div", { class: "display-menu", hidden: true }, label, this.#list);
    this.#list.addEventListener("pointerdown", () => this.#isByPointer = true);
    this.#list.addEventListener("keydown", () => this.#isByPointer = false);
    this.#list.addEventListener("change", () => {
      const stream = this.#streams.find(({ id }) => String(id) === this.#list.value);
      if (stream !== undefined) this.onChoice(stream, this.#isByPointer);
    });
  }

  /** True where there is something to pick from. */
  get isShown(): boolean {
    return this.#streams.length > 1;
  }

  /** What it offers. */
  get streams(): readonly StreamName[] {
    return this.#streams;
  }

  /** Offers `streams`, of which `streamId` is watched. */
  show(streams: readonly StreamName[], streamId: number | undefined): void {
    const isSame = JSON.stringify(streams) === JSON.stringify(this.#streams);
    this.#streams = streams;
    this.root.hidden = !this.isShown;
    // A list that is open stays open.
    if (!isSame) {
      this.#list.replaceChildren(
        ...streams.map(({ id, name }) => element("option", { value: String(id) }, name)),
      );
    }
    if (streamId !== undefined) this.#list.value = String(streamId);
  }
}
