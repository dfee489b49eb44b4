/**
 * DisplaysPanel: all displays of a host: how each is divided, which one is watched, another tab for
 * each, and whether the display has the size of the window. Loaded with its first use; it decides
 * nothing and reports what was pressed.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import { element, icon } from "../ui/element.ts";
import type { DisplaysHandle, DisplaysHandlers, DisplaysView } from "./displays_handle.ts";
import { mapScreen } from "./monitor_map.ts";
import type { MapTile, ScreenMap } from "./monitor_map.ts";

/** The panel beside the picture. */
export class DisplaysPanel implements DisplaysHandle {
  readonly root: HTMLElement;
  readonly #handlers: DisplaysHandlers;
  readonly #list = element("ul", { class: "display-list" });
  readonly #fit = element("input", { type: "checkbox", id: "fit-display", role: "switch" });
  readonly #fitHint = element("p", { class: "hint", id: "fit-hint" });
  readonly #beside = element("input", { type: "checkbox", id: "side-by-side", role: "switch" });
  readonly #besideRow: HTMLElement;
  readonly #close = element(
    "button",
    { type: "button", class: "tool", "aria-label": "Close" },
    icon("close"),
  );
  #shown = "";

  constructor(handlers: DisplaysHandlers) {
    this.#handlers = handlers;
    this.#close.addEventListener("click", () => this.close());
    this.#fit.setAttribute("aria-describedby", "fit-hint");
    this.#fit.addEventListener("change", () => handlers.fit(this.#fit.checked));
    const label = element("label", { for: "fit-display" }, "Fit the display to this window");
    this.#beside.addEventListener("change", () => handlers.beside(this.#beside.checked));
    this.#besideRow = element(
      "div",
      { class: "fit" },
      element("label", { for: "side-by-side" }, "Displays side by side"),
      this.#beside,
    );
    this.root = element(
      "section",
      { class: "side-panel displays", "aria-labelledby": "displays-title", hidden: true },
      element("header", {}, element("h2", { id: "displays-title" }, "Displays"), this.#close),
      this.#list,
      this.#besideRow,
      element("div", { class: "fit" }, element("div", {}, label, this.#fitHint), this.#fit),
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen(): boolean {
    return !this.root.hidden;
  }

  open(): void {
    this.root.hidden = false;
    this.#close.focus();
    this.#handlers.opened(true);
  }

  close(): void {
    if (!this.isOpen) return;
    this.root.hidden = true;
    this.#handlers.opened(false);
  }

  show(view: DisplaysView): void {
    this.#beside.checked = view.isBeside;
    this.#besideRow.hidden = !view.hasOthers;
    this.#fit.checked = view.isFit;
    this.#fit.disabled = view.fitRefusal !== undefined;
    this.#fitHint.textContent = view.fitRefusal ??
      "Gives the host's screen as many pixels as this window has.";
    // A button that has the focus keeps it when nothing changed.
    const { streams, screens, streamId } = view;
    const shown = JSON.stringify([streams, screens, streamId]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const focused = document.activeElement?.getAttribute("data-stream") ?? "";
    this.#list.replaceChildren(...this.#rows(view));
    if (focused === "") return;
    this.#list.querySelector<HTMLElement>(`button[data-stream="${focused}"]`)?.focus();
  }

  #rows(view: DisplaysView): HTMLElement[] {
    const { streams, screens } = view;
    // Monitors are named in the drawing of their screen.
    const parts = new Set(screens.flatMap(({ monitors }) => monitors.map((one) => one.streamId)));
    return streams.filter(({ id }) => !parts.has(id)).map((stream) => {
      const screen = screens.find(({ streamId }) => streamId === stream.id);
      const row = element("li", {}, this.#head(stream, view));
      if (screen !== undefined && screen.monitors.length > 0) {
        row.append(this.#drawing(mapScreen(screen), stream, view));
      }
      return row;
    });
  }

  #head(stream: StreamName, view: DisplaysView): HTMLElement {
    const screen = view.screens.find(({ streamId }) => streamId === stream.id);
    const size = screen === undefined ? "" : `${screen.width} × ${screen.height}`;
    const head = element(
      "div",
      { class: "display-head" },
      element("h3", {}, stream.name),
      element("span", { class: "hint" }, size),
    );
    if (view.streams.length > 1) {
      head.append(this.#showButton(stream, view), newTab(stream));
    }
    return head;
  }

  #showButton(stream: StreamName, { streamId }: DisplaysView): HTMLElement {
    const isShown = stream.id === streamId;
    const text = isShown ? "Shown" : "Show";
    const button = element("button", {
      type: "button",
      class: "plain",
      "aria-pressed": String(isShown),
      "aria-label": `${text} ${stream.name}`,
      "data-stream": String(stream.id),
    }, text);
    button.addEventListener("click", () => this.#handlers.choose(stream.id));
    return button;
  }

  #drawing(map: ScreenMap, screen: StreamName, view: DisplaysView): HTMLElement {
    const drawing = element("div", { class: "display-map" });
    drawing.style.aspectRatio = String(map.aspect);
    drawing.append(...map.tiles.map((tile) => this.#tile(tile, screen, view)));
    const caption = element("div", { class: "display-tabs" });
    for (const { streamId, name } of map.tiles) {
      const stream = view.streams.find(({ id }) => id === streamId);
      if (stream !== undefined) caption.append(newTab(stream, name));
    }
    return element("div", {}, drawing, caption);
  }

  /** A monitor with a stream of its own is a button, the only one of a screen is the screen. */
  #tile(tile: MapTile, screen: StreamName, { streamId, streams }: DisplaysView): HTMLElement {
    const own = streams.find(({ id }) => id === tile.streamId);
    const words = [
      element("strong", {}, tile.name),
      element("span", {}, tile.details),
      ...tile.isPrimary ? [element("span", {}, "primary")] : [],
    ];
    const isShown = streamId === screen.id || streamId === tile.streamId;
    const node = own === undefined
      ? element("div", { class: isShown ? "tile shown" : "tile" }, ...words)
      : element("button", {
        type: "button",
        class: isShown ? "tile shown" : "tile",
        "aria-pressed": String(own.id === streamId),
        "data-stream": String(own.id),
      }, ...words);
    if (own !== undefined) node.addEventListener("click", () => this.#handlers.choose(own.id));
    const { style } = node;
    style.left = `${tile.left}%`;
    style.top = `${tile.top}%`;
    style.width = `${tile.width}%`;
    style.height = `${tile.height}%`;
    return node;
  }
}

/** A display of its own window: browsers open it as people have them set. */
function newTab({ name }: StreamName, ...text: string[]): HTMLElement {
  const address = new URL(location.href);
  address.searchParams.set("stream", name);
  return element(
    "a",
    {
      class: "plain",
      href: address.href,
      target: "_blank",
      rel: "noopener",
      "aria-label": `Open ${name} in a new tab`,
    },
    icon("new_tab"),
    ...text,
  );
}
