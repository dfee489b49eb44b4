/**
 * people: the entry of the bundle with the list of people and the line about control; `people_gate.ts`
 * loads it. It owns no connection: it is told what the host says and says what was pressed.
 */

import { ControlChip } from "./control_chip.ts";
import type { PeopleHandle, PeopleParts } from "./people_handle.ts";
import { PeopleModel } from "./people_model.ts";
import { PeoplePanel } from "./people_panel.ts";
import { newsText } from "./people_texts.ts";

/** Opens the people of a host. */
export function openPeople(parts: PeopleParts): PeopleHandle {
  const model = new PeopleModel();
  const chip = new ControlChip(model, parts.send);
  const panel = new PeoplePanel(model, parts);
  parts.addLayer(chip.root);
  parts.addLayer(panel.root);
  const show = () => {
    chip.update();
    panel.update();
  };
  return {
    begin: (streamId) => {
      model.reset();
      model.setStream(streamId);
      show();
    },
    setStream: (streamId) => {
      model.setStream(streamId);
      show();
    },
    take: (event) => {
      const news = model.take(event);
      show();
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
    end: () => {
      if (panel.isOpen) panel.toggle();
      model.reset();
      show();
    },
    close: () => {
      chip.root.remove();
      panel.root.remove();
    },
  };
}
