/**
 * PeopleModel: what a viewer knows of the people of its host, as its window shows it: one row a person,
 * the state of control in words, and news that are worth a line. It takes the host's words in any order
 * and holds the last of each kind.
 */

import type { Permission } from "../../../src/wire/permission.ts";
import type { ControlState, PeopleEvent, Person, PlayerSlot } from "./people_messages.ts";
import { mayControl } from "./people_rights.ts";
import type { ViewerRights } from "./people_rights.ts";

/** One person as the list shows them. */
export interface PersonRow {
  readonly id: string;
  readonly name: string;
  readonly role: Person["role"];
  readonly permissions: readonly Permission[];
  readonly isMe: boolean;
  readonly hasControl: boolean;
  readonly asks: boolean;
  /** May hold control of the stream that this viewer watches, and is there. */
  readonly mayControl: boolean;
  /** Players that the person is, counted from 1. */
  readonly players: readonly number[];
}

/** What this viewer can do about control now. */
export type ControlStand =
  /** Nothing to decide: nobody else is there, all hands count, or this viewer may not. */
  | { readonly kind: "none" }
  /** This viewer holds; those who wait, first come first. */
  | { readonly kind: "holding"; readonly askers: readonly PersonRow[] }
  /** Somebody else holds. */
  | {
    readonly kind: "watching" | "waiting";
    readonly holder: PersonRow | undefined;
    readonly isIdle: boolean;
    /** Those who asked before. */
    readonly ahead: number;
    /** This viewer may take it without asking. */
    readonly mayTake: boolean;
  };

/** What happened, for a line that comes and goes. */
export type PeopleNews =
  | { readonly kind: "gained" | "lost"; readonly name: string }
  | { readonly kind: "came" | "left"; readonly name: string }
  /** A pad of this viewer has this place, counted from 1. */
  | { readonly kind: "plays"; readonly player: number }
  | { readonly kind: "allowed" | "denied"; readonly permissions: readonly Permission[] };

const ROLE_ORDER: readonly Person["role"][] = ["admin", "player", "viewer"];

/** The people of a host, seen by one of them. */
export class PeopleModel {
  #me = "";
  #rights: ViewerRights = { role: "viewer", permissions: [] };
  #people: readonly Person[] = [];
  #slots: readonly PlayerSlot[] = [];
  readonly #control = new Map<number, ControlState>();
  #streamId = 0;

  /** What this viewer may do. */
  get rights(): ViewerRights {
    return this.#rights;
  }

  /** Pads that are players. */
  get slots(): readonly PlayerSlot[] {
    return this.#slots;
  }

  /** The host's place of each pad of this viewer, both counted from 0. */
  get #players(): ReadonlyMap<number, number> {
    const mine = this.#slots.filter(({ personId, isReserved }) => {
      return personId === this.#me && !isReserved;
    });
    return new Map(mine.map(({ pad, slot }) => [pad, slot]));
  }

  /** This viewer's own name; empty before it is known. */
  get myName(): string {
    return this.#people.find(({ id }) => id === this.#me)?.name ?? "";
  }

  /** The stream that is watched. */
  get streamId(): number {
    return this.#streamId;
  }

  /** Another stream is watched. */
  setStream(streamId: number): void {
    this.#streamId = streamId;
  }

  /** The connection is new: what was known may be old. */
  reset(): void {
    this.#control.clear();
    this.#people = [];
    this.#slots = [];
    this.#me = "";
  }

  /** Takes words of the host; what of it is news. */
  take(event: PeopleEvent): PeopleNews[] {
    switch (event.type) {
      case "rights":
        return this.#takeRights(event);
      case "people":
        return this.#takePeople(event.people);
      case "control_state":
        return this.#takeControl(event);
      case "slot_state":
        return this.#takeSlots(event.slots);
    }
  }

  /** Everybody, this viewer first, then admins and players, then in the host's order. */
  rows(): PersonRow[] {
    const control = this.#control.get(this.#streamId);
    const rank = (row: PersonRow) => row.isMe ? -1 : ROLE_ORDER.indexOf(row.role);
    return this.#people.map(({ id, name, role, permissions, streamIds }) => ({
      ...{ id, name, role, permissions, isMe: id === this.#me },
      hasControl: control?.mode === "exclusive" && control.holderId === id,
      asks: control?.askerIds.includes(id) === true,
      mayControl: mayControl({ permissions }) && streamIds.includes(this.#streamId),
      players: this.#slots.filter(({ personId, isReserved }) => personId === id && !isReserved)
        .map(({ slot }) => slot + 1),
    })).sort((a, b) => rank(a) - rank(b));
  }

  /** What this viewer can do about control. */
  stand(): ControlStand {
    const control = this.#control.get(this.#streamId);
    if (control === undefined || control.mode === "shared" || !mayControl(this.#rights)) {
      return { kind: "none" };
    }
    const rows = this.rows();
    const byId = (id: string) => rows.find((row) => row.id === id);
    if (control.holderId === this.#me) {
      const askers = control.askerIds.flatMap((id) => byId(id) ?? []);
      const isAlone = !rows.some(({ isMe, mayControl }) => mayControl && !isMe);
      return isAlone && askers.length === 0 ? { kind: "none" } : { kind: "holding", askers };
    }
    if (control.holderId === undefined) return { kind: "none" };
    const place = control.askerIds.indexOf(this.#me);
    return {
      kind: place < 0 ? "watching" : "waiting",
      holder: byId(control.holderId),
      isIdle: control.isIdle,
      ahead: Math.max(0, place),
      mayTake: this.#rights.role === "admin",
    };
  }

  #takeRights(
    { personId, role, permissions }: Extract<PeopleEvent, { type: "rights" }>,
  ): PeopleNews[] {
    const before = this.#rights.permissions;
    const isFirst = this.#me === "";
    this.#me = personId;
    this.#rights = { role, permissions };
    if (isFirst) return [];
    const given = permissions.filter((permission) => !before.includes(permission));
    const taken = before.filter((permission) => !permissions.includes(permission));
    return [
      ...given.length === 0 ? [] : [{ kind: "allowed", permissions: given } as const],
      ...taken.length === 0 ? [] : [{ kind: "denied", permissions: taken } as const],
    ];
  }

  #takePeople(people: readonly Person[]): PeopleNews[] {
    const before = this.#people;
    this.#people = people;
    // Who comes in meets all at once; that is no news.
    if (before.length === 0) return [];
    const news = (kind: "came" | "left", from: readonly Person[], to: readonly Person[]) =>
      to.filter(({ id }) => id !== this.#me && !from.some((person) => person.id === id))
        .map(({ name }) => ({ kind, name }));
    return [...news("came", before, people), ...news("left", people, before)];
  }

  #takeSlots(slots: readonly PlayerSlot[]): PeopleNews[] {
    const before = this.#players;
    this.#slots = slots;
    return [...this.#players].filter(([pad, slot]) => before.get(pad) !== slot)
      .map(([, slot]) => ({ kind: "plays", player: slot + 1 }));
  }

  #takeControl(control: ControlState): PeopleNews[] {
    const before = this.#control.get(control.streamId);
    this.#control.set(control.streamId, control);
    if (before === undefined || control.streamId !== this.#streamId) return [];
    if (before.holderId === control.holderId || before.holderId === undefined) return [];
    const nameOf = (id: string | undefined) =>
      this.#people.find((one) => one.id === id)?.name ?? "";
    if (control.holderId === this.#me) return [{ kind: "gained", name: nameOf(before.holderId) }];
    if (before.holderId === this.#me) return [{ kind: "lost", name: nameOf(control.holderId) }];
    return [];
  }
}
