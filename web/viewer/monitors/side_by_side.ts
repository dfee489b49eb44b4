/**
 * SideBySide: the displays beside the one that is controlled, each on a canvas of its own in a button
 * that takes control of it. It makes room for them in the window; which streams they show is told to
 * the worker, once for each change.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import { element } from "../ui/element.ts";
import { SIDE_PLACES } from "./side_messages.ts";
import type { SideCommand } from "./side_messages.ts";

/** What it needs of the page. */
export interface SideBySideOptions {
  /** The element `<wavry-viewer>`, which gets a class while displays are beside. */
  readonly viewer: HTMLElement;
  readonly send: (command: SideCommand, transfer?: Transferable[]) => void;
  /** A display was picked to be controlled. */
  readonly choose: (streamId: number) => void;
}

interface Place {
  readonly root: HTMLButtonElement;
  readonly name: HTMLElement;
  stream: StreamName | undefined;
}

/** The places beside the stage. */
export class SideBySide {
  readonly root = element("div", { class: "side-views", hidden: true });
  readonly #options: SideBySideOptions;
  readonly #places: Place[] = [];

  constructor(options: SideBySideOptions) {
    this.#options = options;
  }

  /** Shows these beside the stage, the first of them; none ends it. */
  show(streams: readonly StreamName[]): void {
    const shown = streams.slice(0, SIDE_PLACES);
    while (this.#places.length < shown.length) this.#add();
    this.#places.forEach((place, index) => {
      place.stream = shown[index];
      place.root.hidden = place.stream === undefined;
      place.name.textContent = place.stream?.name ?? "";
    });
    this.root.hidden = shown.length === 0;
    const { classList } = this.#options.viewer;
    classList.toggle("side-by-side", shown.length > 0);
    classList.toggle("two-beside", shown.length > 1);
    if (this.#places.length === 0) return;
    this.#options.send({ do: "show", streamIds: this.#places.map(({ stream }) => stream?.id) });
  }

  #add(): void {
    const place = this.#places.length;
    const canvas = element("canvas", { width: "16", height: "9" });
    const name = element("span", { class: "side-name" });
    const root = element("button", { type: "button", class: "side-view" }, canvas, name);
    root.addEventListener("click", () => {
      const { stream } = this.#places[place]!;
      if (stream !== undefined) this.#options.choose(stream.id);
    });
    this.#places.push({ root, name, stream: undefined });
    this.root.append(root);
    const offscreen = canvas.transferControlToOffscreen();
    this.#options.send({ do: "canvas", place, canvas: offscreen }, [offscreen]);
  }
}
