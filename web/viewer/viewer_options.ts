/**
 * ViewerOptions: what a page tells the viewer that it starts: with which secret, which display and how.
 * Nothing of it is needed twice.
 */

import type { RendererChoice } from "./worker_messages.ts";

/** How a viewer starts. */
export interface ViewerOptions {
  /** The link's, when the page was opened with one. */
  readonly secret?: string | undefined;
  /** Name or id of the display to show; default: the host's first. */
  readonly stream?: string | undefined;
  /** Opens the statistics at once. */
  readonly showStats?: boolean;
  /** Begins so many seconds before the present, where the host holds them. */
  readonly backSeconds?: number | undefined;
  /** Way to the host that is to be used alone; default: the first that works. */
  readonly transport?: string | undefined;
  /** Drawing path, for those who look into a problem with one. */
  readonly renderer?: RendererChoice | undefined;
}
