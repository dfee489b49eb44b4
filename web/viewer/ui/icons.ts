/**
 * Icons: outlines on a 24 px grid, drawn in the colour of the text. Data only; element.ts makes
 * elements of them.
 */

/** Path data of each icon's strokes. */
export const ICONS = {
  fullscreen: ["M4 9V4h5", "M20 9V4h-5", "M4 15v5h5", "M20 15v5h-5"],
  fullscreen_exit: ["M9 4v5H4", "M15 4v5h5", "M9 20v-5H4", "M15 20v-5h5"],
  mouse: ["M12 3a6 6 0 0 1 6 6v6a6 6 0 0 1-12 0V9a6 6 0 0 1 6-6Z", "M12 7v3"],
  crosshair: ["M12 5a7 7 0 1 0 0 14 7 7 0 0 0 0-14Z", "M12 2v5", "M12 17v5", "M2 12h5", "M17 12h5"],
  stats: ["M4 20h16", "M7 16v-4", "M12 16V6", "M17 16v-7"],
  keyboard: [
    "M3 7h18v10H3z",
    "M7 10.5h.01",
    "M10.3 10.5h.01",
    "M13.7 10.5h.01",
    "M17 10.5h.01",
    "M8 13.8h8",
  ],
  quit: ["M10 4H5v16h5", "M15 8l4 4-4 4", "M9 12h10"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  eye: [
    "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Z",
    "M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z",
  ],
  link: [
    "M9.5 14.5l5-5",
    "M11 6.5l1.5-1.5a4.2 4.2 0 0 1 6 6L17 12.5",
    "M13 17.5L11.5 19a4.2 4.2 0 0 1-6-6L7 11.5",
  ],
  power: ["M12 3.5v8", "M6.8 6.8a7.5 7.5 0 1 0 10.4 0"],
  network: [
    "M3.5 9.5a12.5 12.5 0 0 1 17 0",
    "M7 13.2a7.4 7.4 0 0 1 10 0",
    "M12 17.5h.01",
  ],
  warning: ["M12 4l9 16H3z", "M12 10v4.5", "M12 17.2h.01"],
} as const;

/** Name of an icon. */
export type IconName = keyof typeof ICONS;
