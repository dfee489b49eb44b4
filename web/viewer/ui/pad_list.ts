/**
 * PadList: which gamepad is which of the host's four, as small badges at the edge of the picture. Text
 * only; hidden while there is none.
 */

import { SCREEN_PAD } from "../input/pads.ts";
import type { PadInSlot } from "../input/pad_state.ts";
import { element, icon } from "./element.ts";

/** The badges. */
export class PadList {
  #pads: readonly PadInSlot[] = [];
  readonly root = element("ul", { class: "pad-list", "aria-label": "Gamepads", hidden: true });

  /** Shows what is shown with other places. */
  number(players: ReadonlyMap<number, number>): void {
    this.update(this.#pads, players);
  }

  /** How many are shown. */
  get count(): number {
    return this.root.childElementCount;
  }

  /** Shows gamepads by the host's places, and by their own where the host has said nothing yet. */
  update(pads: readonly PadInSlot[], players: ReadonlyMap<number, number>): void {
    this.#pads = pads;
    // The one on the screen is in sight anyway.
    const plugged = pads.filter(({ index }) => index !== SCREEN_PAD);
    this.root.hidden = plugged.length === 0;
    this.root.replaceChildren(
      ...plugged.map(({ slot, name }) =>
        element(
          "li",
          { title: name },
          icon("gamepad"),
          element("b", {}, String((players.get(slot) ?? slot) + 1)),
          element("span", {}, name),
        )
      ),
    );
  }
}
