/**
 * element: builds the page's elements from plain values. Text always becomes text nodes, so what a
 * host says can never become markup; nothing is inline, so the content security policy holds.
 */

import { ICONS } from "./icons.ts";
import type { IconName } from "./icons.ts";

/** Attribute values; true sets an empty attribute, false and undefined leave it out. */
export type Attributes = Readonly<Record<string, string | boolean | undefined>>;

/** An element with attributes and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** An icon, hidden from assistive technology: its button says what it means. */
export function icon(name: IconName): SVGSVGElement {
  return outlineIcon(ICONS[name]);
}

/** An icon of these strokes. */
export function outlineIcon(outlines: readonly string[]): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const outline of outlines) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", outline);
    svg.append(path);
  }
  return svg;
}

/** The mark of the product: five bars that swell like a wave; it moves while something goes on. */
export function waveMark(isMoving: boolean): HTMLElement {
  const mark = element("span", { class: isMoving ? "mark moving" : "mark", "aria-hidden": "true" });
  for (let bar = 0; bar < 5; bar++) mark.append(element("i"));
  return mark;
}
