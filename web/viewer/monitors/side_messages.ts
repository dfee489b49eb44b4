/**
 * Side messages: what the page and its worker say of displays that are shown beside the one that is
 * controlled. Types only.
 */

/** From the page. */
export type SideCommand =
  /** The canvas of a place, once for the life of the page. */
  | { readonly do: "canvas"; readonly place: number; readonly canvas: OffscreenCanvas }
  /** The stream of each place from now on; undefined for none. */
  | { readonly do: "show"; readonly streamIds: readonly (number | undefined)[] };

/** Displays that are shown beside one; the host takes no more. */
export const SIDE_PLACES = 3;
