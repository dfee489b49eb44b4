/**
 * Timeline icons: outlines on a 24 px grid, as those of the viewer, in the bundle that needs them.
 */

/** Path data of each icon's strokes. */
export const TIMELINE_ICONS = {
  play: ["M8 5.5v13l10.5-6.5Z"],
  pause: ["M9 6v12", "M15 6v12"],
  step_back: ["M17 6.5v11L9.5 12Z", "M6.5 6.5v11"],
  step_on: ["M7 6.5v11l7.5-5.5Z", "M17.5 6.5v11"],
  mark_in: ["M10 5H6.5v14H10", "M11 12h7", "M14.5 8.5 11 12l3.5 3.5"],
  mark_out: ["M14 5h3.5v14H14", "M13 12H6", "M9.5 8.5 13 12l-3.5 3.5"],
  loop: [
    "M6 12V10a3 3 0 0 1 3-3h8",
    "M14.5 4.5 17 7l-2.5 2.5",
    "M18 12v2a3 3 0 0 1-3 3H7",
    "M9.5 19.5 7 17l2.5-2.5",
  ],
  clip: ["M12 4v10", "M8 10.5l4 4 4-4", "M5 19h14"],
  record: ["M12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10Z"],
  shield: ["M12 4.5 6 7v4.5c0 3.6 2.5 6.4 6 8 3.5-1.6 6-4.4 6-8V7Z", "M10 10.5v4", "M14 10.5v4"],
  blank: ["M5 7h14v10H5Z", "M8 14l4-4", "M12 14l4-4"],
  clear: ["M6.5 6.5l11 11", "M17.5 6.5l-11 11"],
} as const;

/** Name of an icon of the timeline. */
export type TimelineIconName = keyof typeof TIMELINE_ICONS;
