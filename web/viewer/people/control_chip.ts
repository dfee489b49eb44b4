/**
 * ControlChip: a line beside the picture that says who controls it, where that is somebody else or
 * somebody asks, with the one or two things that can be done about it. Otherwise it is not there.
 */

import { element } from "../ui/element.ts";
import type { PeopleCommand } from "./people_messages.ts";
import type { ControlStand, PeopleModel, PersonRow } from "./people_model.ts";
import { standText } from "./people_texts.ts";

interface ChipAction {
  readonly label: string;
  readonly isMain: boolean;
  readonly run: () => void;
}

/** The line. */
export class ControlChip {
  /** The element to place over the picture. */
  readonly root = element("section", {
    class: "control-chip",
    "aria-label": "Control",
    hidden: true,
  });
  readonly #model: PeopleModel;
  readonly #send: (command: PeopleCommand) => void;
  readonly #text = element("p", { role: "status" });
  readonly #buttons = element("div", { class: "chip-buttons" });
  #shown = "";
  /** Questions that were answered with "not now": they are not asked again. */
  #waved = new Set<string>();

  constructor(model: PeopleModel, send: (command: PeopleCommand) => void) {
    this.#model = model;
    this.#send = send;
    this.root.append(this.#text, this.#buttons);
  }

  /** Shows what the model says. */
  update(): void {
    const stand = this.#quieted(this.#model.stand());
    const isWorth = stand.kind === "watching" || stand.kind === "waiting" ||
      (stand.kind === "holding" && stand.askers.length > 0);
    this.root.hidden = !isWorth;
    this.root.dataset["kind"] = stand.kind;
    const actions = isWorth ? this.#actions(stand) : [];
    const key = JSON.stringify([standText(stand), actions]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#text.textContent = isWorth ? standText(stand) ?? "" : "";
    const focused = this.root.contains(document.activeElement);
    this.#buttons.replaceChildren(...actions.map(({ label, isMain, run }) => {
      const button = element("button", { type: "button", class: isMain ? "main" : "" }, label);
      button.addEventListener("click", run);
      return button;
    }));
    if (focused) this.#buttons.querySelector("button")?.focus();
  }

  /** The most useful thing that can be done now, for a shortcut. */
  act(): boolean {
    const [first] = this.#actions(this.#model.stand());
    first?.run();
    return first !== undefined;
  }

  /** Draws the eye for a moment. */
  flash(): void {
    this.root.classList.remove("flash");
    // Reading the size makes the browser notice that the class was away.
    void this.root.offsetWidth;
    this.root.classList.add("flash");
  }

  #quieted(stand: ControlStand): ControlStand {
    if (stand.kind !== "holding") {
      this.#waved.clear();
      return stand;
    }
    const asking = new Set(stand.askers.map(({ id }) => id));
    this.#waved = this.#waved.intersection(asking);
    return { ...stand, askers: stand.askers.filter(({ id }) => !this.#waved.has(id)) };
  }

  #actions(stand: ControlStand): ChipAction[] {
    const say = (command: PeopleCommand) => () => this.#send(command);
    const stream = { streamId: this.#model.streamId };
    switch (stand.kind) {
      case "none":
        return [];
      case "holding": {
        const [asker] = stand.askers;
        if (asker === undefined) return [];
        const give = say({ type: "give_control", ...stream, personId: asker.id });
        return [
          { label: "Hand over", isMain: true, run: give },
          { label: "Not now", isMain: false, run: () => this.#wave(stand.askers) },
        ];
      }
      case "watching": {
        const label = stand.isIdle ? "Take control" : "Ask for control";
        const ask = say({ type: "request_control", ...stream });
        return [
          { label, isMain: true, run: ask },
          ...this.#take(stand.mayTake && !stand.isIdle),
        ];
      }
      case "waiting":
        return [
          { label: "Ask no more", isMain: false, run: say({ type: "give_control", ...stream }) },
          ...this.#take(stand.mayTake),
        ];
    }
  }

  #take(mayTake: boolean): ChipAction[] {
    const run = () => this.#send({ type: "take_control", streamId: this.#model.streamId });
    return mayTake ? [{ label: "Take it", isMain: false, run }] : [];
  }

  #wave(askers: readonly PersonRow[]): void {
    for (const { id } of askers) this.#waved.add(id);
    this.update();
  }
}
