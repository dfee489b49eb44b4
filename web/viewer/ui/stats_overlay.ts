/**
 * StatsOverlay: the figures of the last second over the picture: Moonlight's lines in Moonlight's
 * order and words, then ours. It shows what the worker measured and computes nothing but text.
 */

import type { StatsSnapshot } from "../receive/stats_collector.ts";
import { element } from "./element.ts";
import { MOONLIGHT_LINES, statsLines } from "./stats_lines.ts";
import type { StatsLine } from "./stats_lines.ts";

/** The panel with the lines. */
export class StatsOverlay {
  /** The element to place over the picture. */
  readonly root: HTMLElement;
  readonly #values: HTMLElement[] = [];
  readonly #list: HTMLDListElement;

  constructor() {
    this.#list = element("dl", {});
    this.root = element(
      "section",
      { class: "stats", "aria-label": "Statistics", hidden: true },
      this.#list,
    );
  }

  get isShown(): boolean {
    return !this.root.hidden;
  }

  /** Shows or hides the panel. */
  toggle(isShown: boolean): void {
    this.root.hidden = !isShown;
  }

  /** Fills in new figures. */
  update(stats: StatsSnapshot): void {
    if (this.root.hidden) return;
    const lines = statsLines(stats);
    if (this.#values.length !== lines.length) this.#build(lines);
    lines.forEach(([, value], index) => {
      const cell = this.#values[index];
      if (cell !== undefined && cell.textContent !== value) cell.textContent = value;
    });
  }

  #build(lines: readonly StatsLine[]): void {
    this.#values.length = 0;
    this.#list.replaceChildren();
    lines.forEach(([label], index) => {
      const value = element("dd");
      this.#values.push(value);
      const row = element("div", { class: index === MOONLIGHT_LINES ? "row ours" : "row" });
      row.append(element("dt", {}, label), value);
      this.#list.append(row);
    });
  }
}
