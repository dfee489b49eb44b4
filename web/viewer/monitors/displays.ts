/**
 * Displays: what the page loads with the first use of the panel of displays: the panel, and the
 * displays beside the one that is controlled.
 */

export { DisplaysPanel } from "./displays_panel.ts";
export { SideBySide } from "./side_by_side.ts";
