/**
 * Icons of the dashboard: outlines in a box of 24 by 24, each of another shape, so that a state can be
 * told without its colour. They are hidden from assistive technology: words stand beside them.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";

const OUTLINES = {
  good: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M8 12.4l2.8 2.8L16 9.6"],
  warn: ["M12 4l9 16H3z", "M12 10v4.4", "M12 17.2v.1"],
  bad: ["M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2z", "M9 9l6 6", "M15 9l-6 6"],
  unknown: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7.5V12l3 2.4"],
  key: ["M14.5 4a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z", "M10.6 13.4L4 20v0h4v-2.5h2.5V15"],
} as const;

/** Name of an icon. */
export type IconName = keyof typeof OUTLINES;

/** An icon. */
export function Icon({ name }: { name: IconName }): ComponentChild {
  return h(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 24 24", "aria-hidden": "true" },
    OUTLINES[name].map((outline) => h("path", { key: outline, d: outline })),
  );
}

/** The mark of the product. */
export function Mark(): ComponentChild {
  return h(
    "span",
    { class: "mark", "aria-hidden": "true" },
    [0, 1, 2, 3, 4].map((bar) => h("i", { key: bar })),
  );
}
