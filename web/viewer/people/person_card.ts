/**
 * PersonCard: one person of the list: name, role and what they hold, what this viewer can do about
 * them, and for admins a part that opens with their rights. It is filled anew at each change and keeps
 * what is open and what has the focus.
 */

import { PERMISSIONS } from "../../../src/wire/permission.ts";
import { ROLES } from "../../../src/wire/people_messages.ts";
import { element } from "../ui/element.ts";
import { initials, tintOf } from "./avatar.ts";
import type { PeopleCommand } from "./people_messages.ts";
import type { PersonRow } from "./people_model.ts";
import { PERMISSION_TEXTS, ROLE_TEXTS } from "./people_texts.ts";

/** What this viewer can do about a person. */
export interface CardPowers {
  /** Is an admin. */
  readonly mayManage: boolean;
  /** Holds control, which can be handed on. */
  readonly mayGive: boolean;
}

/** One person. */
export class PersonCard {
  readonly root = element("li", { class: "person" });
  readonly #send: (command: PeopleCommand) => void;
  readonly #avatar = element("span", { class: "avatar", "aria-hidden": "true" });
  readonly #name = element("span", { class: "name" });
  readonly #marks = element("span", { class: "marks" });
  readonly #give = element("button", { type: "button", class: "small", hidden: true }, "Hand over");
  readonly #manage = element("details", { class: "manage", hidden: true });
  readonly #role = element("select");
  readonly #bits = new Map<string, HTMLInputElement>();
  readonly #sure = element("div", { class: "sure", hidden: true });
  #row: PersonRow | undefined;

  constructor(
    send: (command: PeopleCommand) => void,
    streamId: () => number,
  ) {
    this.#send = send;
    const lines = element("div", { class: "lines" }, this.#name, this.#marks);
    this.root.append(
      element("div", { class: "face" }, this.#avatar, lines, this.#give),
      this.#manage,
    );
    this.#give.addEventListener("click", () => {
      if (this.#row === undefined) return;
      send({ type: "give_control", streamId: streamId(), personId: this.#row.id });
    });
    this.#buildManage();
  }

  /** Shows a person. */
  update(row: PersonRow, powers: CardPowers): void {
    this.#row = row;
    this.root.dataset["person"] = row.id;
    this.root.classList.toggle("me", row.isMe);
    this.#avatar.textContent = initials(row.name);
    this.#avatar.dataset["tint"] = String(tintOf(row.id));
    this.#name.textContent = row.isMe ? `${row.name} (you)` : row.name;
    this.#marks.replaceChildren(...marksOf(row));
    this.#give.hidden = !(powers.mayGive && row.mayControl && !row.isMe);
    this.#give.setAttribute("aria-label", `Hand over to ${row.name}`);
    this.#manage.hidden = !powers.mayManage || row.isMe;
    if (this.#manage.hidden) return;
    this.#manage.setAttribute("aria-label", `Rights of ${row.name}`);
    this.#role.value = row.role;
    this.#role.setAttribute("aria-label", `Role of ${row.name}`);
    for (const [permission, box] of this.#bits) {
      box.checked = row.permissions.some((held) => held === permission);
    }
    this.#sure.querySelector("p")?.replaceChildren(
      `${row.name} is sent away, and needs a new link to come back.`,
    );
  }

  #buildManage(): void {
    this.#role.append(
      ...ROLES.map((role) => element("option", { value: role }, ROLE_TEXTS[role])),
    );
    this.#role.addEventListener("change", () => {
      const role = ROLES.find((known) => known === this.#role.value);
      if (role !== undefined) this.#change({ role });
    });
    const bits = PERMISSIONS.map((permission) => {
      const box = element("input", { type: "checkbox" });
      this.#bits.set(permission, box);
      box.addEventListener("change", () => {
        const permissions = PERMISSIONS.filter((name) => this.#bits.get(name)?.checked === true);
        this.#change({ permissions });
      });
      return element("label", { class: "bit" }, box, PERMISSION_TEXTS[permission]);
    });
    const remove = element("button", { type: "button", class: "small danger" }, "Send away…");
    const keep = element("button", { type: "button", class: "small" }, "Keep");
    const really = element("button", { type: "button", class: "small danger" }, "Send away");
    const ask = (isAsked: boolean) => {
      this.#sure.hidden = !isAsked;
      remove.hidden = isAsked;
      (isAsked ? keep : remove).focus();
    };
    remove.addEventListener("click", () => ask(true));
    keep.addEventListener("click", () => ask(false));
    really.addEventListener("click", () => {
      if (this.#row !== undefined) this.#send({ type: "kick", personId: this.#row.id });
    });
    this.#sure.append(element("p"), keep, really);
    const role = element("label", { class: "role-choice" }, "Role", this.#role);
    this.#manage.append(
      element("summary", {}, "Rights"),
      element("div", { class: "manage-body" }, role, ...bits, remove, this.#sure),
    );
  }

  #change(change: Pick<Extract<PeopleCommand, { type: "set_rights" }>, "role" | "permissions">) {
    if (this.#row === undefined) return;
    this.#send({ type: "set_rights", personId: this.#row.id, ...change });
  }
}

function marksOf(row: PersonRow): HTMLElement[] {
  const mark = (kind: string, text: string) => element("span", { class: `tag ${kind}` }, text);
  return [
    mark("role", ROLE_TEXTS[row.role]),
    ...row.hasControl ? [mark("holds", "Has control")] : [],
    ...row.asks ? [mark("asks", "Asks")] : [],
    ...row.players.map((player) => mark("plays", `Player ${player}`)),
  ];
}
