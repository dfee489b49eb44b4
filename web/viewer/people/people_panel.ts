/**
 * PeoplePanel: the list of people beside the picture, which it leaves in sight: who is here, who holds
 * control, what each may do, the players, and the way to invite somebody. Escape closes it and gives
 * the focus back.
 */

import { MAX_PERSON_NAME } from "../../../src/wire/people_messages.ts";
import { element, icon } from "../ui/element.ts";
import { InviteForm } from "./invite_form.ts";
import type { PeopleParts } from "./people_handle.ts";
import type { PeopleModel } from "./people_model.ts";
import { PersonCard } from "./person_card.ts";
import { PlayerRow } from "./player_row.ts";
import { PublishDoor } from "./publish_door.ts";

/** The list. */
export class PeoplePanel {
  /** The element to place over the picture. */
  readonly root = element("section", {
    class: "people-panel",
    role: "dialog",
    "aria-labelledby": "people-title",
    hidden: true,
  });
  readonly #model: PeopleModel;
  readonly #parts: PeopleParts;
  readonly #title = element("h2", { id: "people-title", tabindex: "-1" }, "People");
  readonly #name = element("input", {
    type: "text",
    maxlength: String(MAX_PERSON_NAME),
    autocomplete: "nickname",
    spellcheck: "false",
  });
  readonly #list = element("ul", { class: "people-list" });
  readonly #cards = new Map<string, PersonCard>();
  readonly #players: PlayerRow;
  readonly #invite: InviteForm;
  readonly #publish = new PublishDoor();

  constructor(model: PeopleModel, parts: PeopleParts) {
    this.#model = model;
    this.#parts = parts;
    this.#players = new PlayerRow(parts.send);
    this.#invite = new InviteForm(() => model.rights);
    const close = element("button", { type: "button", class: "tool", "aria-label": "Close" });
    close.append(icon("close"));
    close.addEventListener("click", () => this.toggle());
    const rename = element("form", { class: "rename" });
    rename.append(element("label", {}, "Your name", this.#name));
    rename.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#rename();
    });
    this.#name.addEventListener("blur", () => this.#rename());
    this.root.append(
      element("header", {}, this.#title, close),
      element(
        "div",
        { class: "people-body" },
        rename,
        this.#list,
        this.#players.root,
        this.#publish.root,
        this.#invite.root,
      ),
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      event.stopPropagation();
      this.toggle();
    });
  }

  /** True while it is open. */
  get isOpen(): boolean {
    return !this.root.hidden;
  }

  /** Opens it, or closes it. */
  toggle(): void {
    this.root.hidden = !this.root.hidden;
    this.#parts.opened(this.isOpen);
    if (this.isOpen) {
      this.update();
      this.#title.focus();
    } else this.#parts.leave();
  }

  /** Shows what the model says. */
  update(): void {
    if (!this.isOpen) return;
    const model = this.#model;
    if (document.activeElement !== this.#name) this.#name.value = model.myName;
    this.#showList(model, model.stand().kind === "holding");
    this.#players.update({ slots: model.slots, isAdmin: model.rights.role === "admin" });
    this.#invite.update();
    this.#publish.update(model.rights);
  }

  #showList(model: PeopleModel, mayGive: boolean): void {
    const rows = model.rows();
    const mayManage = model.rights.role === "admin";
    for (const id of [...this.#cards.keys()]) {
      if (rows.some((row) => row.id === id)) continue;
      this.#cards.get(id)?.root.remove();
      this.#cards.delete(id);
    }
    for (const [index, row] of rows.entries()) {
      let card = this.#cards.get(row.id);
      if (card === undefined) {
        card = new PersonCard(this.#parts.send, () => this.#model.streamId);
        this.#cards.set(row.id, card);
      }
      card.update(row, { mayManage, mayGive });
      // Only what is in another place is moved: a moved element loses the focus.
      if (this.#list.children[index] !== card.root) {
        this.#list.insertBefore(card.root, this.#list.children[index] ?? null);
      }
    }
  }

  #rename(): void {
    const name = this.#name.value.trim();
    const { myName } = this.#model;
    if (name === "") this.#name.value = myName;
    else if (name !== myName) this.#parts.send({ type: "set_name", name });
  }
}
