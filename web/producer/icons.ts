/**
 * Icons of the publishing page: outlines on a 24 px grid, drawn in the colour of the text. Each goes
 * with words: none says anything by itself.
 */

import { h } from "preact";
import type { ComponentChild } from "preact";

const PATHS = {
  screen: ["M3 5h18v11H3z", "M12 16v4", "M8 20h8"],
  window: ["M3.5 5h17v14h-17z", "M3.5 9.5h17", "M6.5 7.3h.01", "M9 7.3h.01"],
  tab: ["M3 19V9h18v10z", "M5 9V5h7l1.5 4"],
  camera: ["M3.5 7h11v10h-11z", "M14.5 10.5l6-3v9l-6-3z"],
  microphone: [
    "M12 4a2.5 2.5 0 0 1 2.5 2.5v5a2.5 2.5 0 0 1-5 0v-5A2.5 2.5 0 0 1 12 4Z",
    "M6.5 11.5a5.5 5.5 0 0 0 11 0",
    "M12 17v3",
  ],
  sound: ["M4 10v4h3l4 3.5v-11L7 10z", "M14.5 9.5a3.5 3.5 0 0 1 0 5", "M17 7a7 7 0 0 1 0 10"],
  people: [
    "M9 11.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6Z",
    "M2.8 19.2c.5-3.4 2.9-5.2 6.2-5.2s5.7 1.8 6.2 5.2",
    "M15.6 5.2a3.2 3.2 0 0 1 0 6",
    "M17.4 14.5c2.2.6 3.5 2.2 3.8 4.7",
  ],
  back: ["M14.5 5.5L8 12l6.5 6.5"],
  off: ["M12 3.5v8", "M6.8 6.8a7.5 7.5 0 1 0 10.4 0"],
  change: [
    "M4.5 9a8 8 0 0 1 14-2.5L20 8",
    "M20 4v4h-4",
    "M19.5 15a8 8 0 0 1-14 2.5L4 16",
    "M4 20v-4h4",
  ],
  warning: ["M12 4.5L21 19.5H3z", "M12 10v4", "M12 16.8h.01"],
} as const;

/** Names of the icons. */
export type IconName = keyof typeof PATHS;

/** An icon, hidden from who listens. */
export function Icon({ name }: { readonly name: IconName }): ComponentChild {
  return h(
    "svg",
    { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" },
    PATHS[name].map((d) => h("path", { d })),
  );
}
