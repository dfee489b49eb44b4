/**
 * PeopleHandle: what the page's door to the people of a host and the bundle behind it know of each
 * other. Types only.
 */

import type { PeopleCommand } from "./people_messages.ts";
import type { PeopleModel, PeopleNews } from "./people_model.ts";

/** What the bundle works with. */
export interface PeopleParts {
  readonly model: PeopleModel;
  /** Where its elements go: above the picture, below the toolbar. */
  readonly addLayer: (layer: HTMLElement) => void;
  readonly send: (command: PeopleCommand) => void;
  readonly notice: (text: string) => void;
  /** Gives the focus back to the picture. */
  readonly leave: () => void;
  /** The list was opened or closed. */
  readonly opened: (isOpen: boolean) => void;
  /** The stream that is watched. */
  readonly streamId: () => number;
}

/** The list of people and what shows control beside the picture. */
export interface PeopleHandle {
  /** The model says something else now. */
  update(news: readonly PeopleNews[]): void;
  /** Opens the list, or closes it. */
  toggle(): void;
  /** Asks for control, hands it to who asks, or takes back the question. */
  control(): void;
  /** Somebody tried to use what they do not control. */
  remind(): void;
  /** Shown while there is a session. */
  setVisible(isVisible: boolean): void;
  close(): void;
}
