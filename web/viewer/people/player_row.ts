/**
 * PlayerRow: the players 1 to 4 of the host and whose pads they are. An admin changes their places.
 */

import { PAD_SLOTS } from "../../../src/wire/pad.ts";
import { element } from "../ui/element.ts";
import type { PeopleCommand, PlayerSlot } from "./people_messages.ts";

/** What is shown. */
export interface PlayerRowState {
  readonly slots: readonly PlayerSlot[];
  readonly isAdmin: boolean;
}

/** The players. */
export class PlayerRow {
  readonly root = element("section", { class: "players", "aria-label": "Players", hidden: true });
  readonly #list = element("ol", {});
  readonly #send: (command: PeopleCommand) => void;
  #shown = "";

  constructor(send: (command: PeopleCommand) => void) {
    this.#send = send;
    this.root.append(element("h3", {}, "Gamepads"), this.#list);
  }

  /** Shows whose pads there are. */
  update(state: PlayerRowState): void {
    const key = JSON.stringify(state);
    if (key === this.#shown) return;
    this.#shown = key;
    const { slots, isAdmin } = state;
    this.root.hidden = slots.length === 0;
    const focused = this.#list.contains(document.activeElement)
      ? document.activeElement?.getAttribute("aria-label")
      : undefined;
    const places = Array.from({ length: PAD_SLOTS }, (_, slot) => {
      const taken = slots.find((one) => one.slot === slot);
      return this.#place(slot, taken, isAdmin);
    });
    this.#list.replaceChildren(...places);
    for (const select of this.#list.querySelectorAll("select")) {
      if (select.getAttribute("aria-label") === focused) select.focus();
    }
  }

  #place(slot: number, taken: PlayerSlot | undefined, isAdmin: boolean): HTMLElement {
    const number = element("b", {}, String(slot + 1));
    if (taken === undefined) return element("li", { class: "free" }, number, "Free");
    const away = taken.isReserved ? ", away" : "";
    const name = element("span", {}, `${taken.name}${away}`);
    if (!isAdmin) return element("li", {}, number, name);
    const select = element("select", { "aria-label": `Player number of ${taken.name}` });
    for (let to = 0; to < PAD_SLOTS; to++) {
      select.append(element("option", { value: String(to) }, `Player ${to + 1}`));
    }
    select.value = String(slot);
    select.addEventListener("change", () => {
      this.#send({ type: "move_slot", slot, toSlot: Number(select.value) });
    });
    return element("li", {}, number, name, select);
  }
}
