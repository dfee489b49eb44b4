/**
 * people: the entry of the bundle with the list of people and the line about control; `people_gate.ts`
 * loads it. It owns no connection: it shows a model and says what was pressed.
 */

import { ControlChip } from "./control_chip.ts";
import type { PeopleHandle, PeopleParts } from "./people_handle.ts";
import { PeoplePanel } from "./people_panel.ts";
import { newsText } from "./people_texts.ts";

/** Opens the people of a host. */
export function openPeople(parts: PeopleParts): PeopleHandle {
  const chip = new ControlChip(parts);
  const panel = new PeoplePanel(parts);
  parts.addLayer(chip.root);
  parts.addLayer(panel.root);
  return {
    update: (news) => {
      chip.update();
      panel.update();
      for (const one of news) {
        const text = newsText(one);
        if (text !== undefined) parts.notice(text);
      }
    },
    toggle: () => panel.toggle(),
    control: () => {
      if (!chip.act()) parts.notice("Nobody else controls this display");
    },
    remind: () => chip.flash(),
    setVisible: (isVisible) => {
      if (!isVisible && panel.isOpen) panel.toggle();
      if (!isVisible) chip.root.hidden = true;
    },
    close: () => {
      chip.root.remove();
      panel.root.remove();
    },
  };
}
