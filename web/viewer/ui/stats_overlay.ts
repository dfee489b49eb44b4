/**
 * StatsOverlay: the figures of the last second over the picture, in sections. It shows what the worker
 * measured and computes nothing but text. Keys reach it for scrolling where it does not fit, and
 * Escape closes it; the pointer passes through to the picture unless there is something to scroll.
 */

import type { StatsSnapshot } from "../receive/stats_snapshot.ts";
import { element } from "./element.ts";
import { statsSections } from "./stats_lines.ts";
import type { StatsLine, StatsSection } from "./stats_lines.ts";

/** A line's elements. */
interface Row {
  readonly root: HTMLElement;
  readonly value: HTMLElement;
}

/** The panel with the lines. */
export class StatsOverlay {
  /** The element to place over the picture. */
  readonly root: HTMLElement;
  readonly #more: (() => StatsSection)[] = [];
  #rows: Row[] = [];

  /** `onClose` is called when a key asks to close it. */
  constructor(onClose: () => void) {
    this.root = element("section", {
      class: "stats",
      "aria-label": "Statistics",
      tabindex: "0",
      hidden: true,
    });
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") onClose();
    });
  }

  get isShown(): boolean {
    return !this.root.hidden;
  }

  /** Shows or hides the panel. */
  toggle(isShown: boolean): void {
    this.root.hidden = !isShown;
  }

  /** Adds a section of a capability; `read` is called with each update. */
  addSection(read: () => StatsSection): void {
    this.#more.push(read);
  }

  /** Fills in new figures. */
  update(stats: StatsSnapshot): void {
    if (this.root.hidden) return;
    const sections = [...statsSections(stats), ...this.#more.map((read) => read())];
    const lines = sections.flatMap((section) => section.lines);
    if (this.#rows.length !== lines.length) this.#build(sections);
    lines.forEach((line, index) => fill(this.#rows[index], line));
    this.root.classList.toggle("scrolls", this.root.scrollHeight > this.root.clientHeight);
  }

  #build(sections: readonly StatsSection[]): void {
    this.#rows = [];
    const groups = sections.map(({ title, lines }) => {
      const list = element("dl");
      for (const [label, , style] of lines) {
        const value = element("dd");
        const root = element("div", { class: "row" }, element("dt", {}, label), value);
        root.classList.toggle("long", style === "long");
        this.#rows.push({ root, value });
        list.append(root);
      }
      return element("div", { class: "group" }, element("h2", {}, title), list);
    });
    this.root.replaceChildren(...groups);
  }
}

function fill(row: Row | undefined, [, value, style]: StatsLine): void {
  if (row === undefined || row.value.textContent === value) return;
  row.value.textContent = value;
  row.root.classList.toggle("poor", style === "poor");
}
