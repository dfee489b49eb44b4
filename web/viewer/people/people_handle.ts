/**
 * PeopleHandle: what the page's door to the people of a host and the bundle behind it know of each
 * other. Types only.
 */

import type { PeopleCommand, PeopleEvent } from "./people_messages.ts";

/** What the bundle works with. */
export interface PeopleParts {
  /** Where its elements go: above the picture, below the toolbar. */
  readonly addLayer: (layer: HTMLElement) => void;
  readonly send: (command: PeopleCommand) => void;
  readonly notice: (text: string) => void;
  /** Gives the focus back to the picture. */
  readonly leave: () => void;
  /** The list was opened or closed. */
  readonly opened: (isOpen: boolean) => void;
}

/** The list of people and what shows control beside the picture. */
export interface PeopleHandle {
  /** A connection begins: nothing is known of it. */
  begin(streamId: number): void;
  /** Another stream is watched. */
  setStream(streamId: number): void;
  /** The host said something. */
  take(event: PeopleEvent): void;
  /** Opens the list, or closes it. */
  toggle(): void;
  /** Asks for control, hands it to who asks, or takes back the question. */
  control(): void;
  /** Somebody tried to use what they do not control. */
  remind(): void;
  /** The connection is over. */
  end(): void;
  close(): void;
}
