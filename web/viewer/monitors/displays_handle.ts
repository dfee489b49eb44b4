/**
 * DisplaysHandle: the panel of displays as the page's half of monitors sees it, which loads it with its
 * first use. Types only.
 */

import type { StreamName } from "../../../src/wire/control.ts";
import type { ScreenDescription } from "../../../src/wire/monitor_messages.ts";

/** What the panel shows. */
export interface DisplaysView {
  readonly streams: readonly StreamName[];
  readonly screens: readonly ScreenDescription[];
  /** The stream that is watched. */
  readonly streamId: number | undefined;
  readonly isFit: boolean;
  /** Undefined where the display may be fitted to the window; else why not, for people. */
  readonly fitRefusal: string | undefined;
  readonly isBeside: boolean;
  /** There are displays that can be shown beside this one. */
  readonly hasOthers: boolean;
}

/** What was pressed. */
export interface DisplaysHandlers {
  choose(streamId: number): void;
  fit(isOn: boolean): void;
  beside(isOn: boolean): void;
  opened(isOpen: boolean): void;
}

/** The panel. */
export interface DisplaysHandle {
  readonly root: HTMLElement;
  readonly isOpen: boolean;
  open(): void;
  close(): void;
  show(view: DisplaysView): void;
}
