/**
 * PeopleHub: who is here, whose hands count on which stream, and which pad is which player: joins the
 * sessions of each person with the arbiters of the streams and the slots of the host. It owns no
 * clock and no timer: `flush` says what changed to everybody, `advance` lets time pass. Its people are
 * as many as the host takes viewers.
 */

import type { RumbleMessage } from "../../ipc/input_message.ts";
import { ControlArbiter } from "../../session/control_arbiter.ts";
import type { ControlChange } from "../../session/control_arbiter.ts";
import { meetsNeed } from "../../session/permissions.ts";
import { cleanName, distinctName, guestName } from "../../session/person_name.ts";
import { PlayerSlots } from "../../session/player_slots.ts";
import type { FeatureSession } from "../../session/session_feature.ts";
import type { SessionRegistry } from "../../session/session_registry.ts";
import type { Grant } from "../../session/session_rights.ts";
import { encodeServerMessage, type ServerMessage } from "../../wire/control.ts";
import type { ControlMode } from "../../wire/people_messages.ts";

/** What a hub works with. */
export interface PeopleHubOptions {
  readonly mode: ControlMode;
  readonly registry: SessionRegistry;
  /** Ids of all streams of the host. */
  readonly streamIds: () => readonly number[];
  /** False for a stream that takes no input, as those that somebody publishes; default: all do. */
  readonly takesInput?: (streamId: number) => boolean;
  /** Milliseconds of the wall clock. */
  readonly nowMs: () => number;
  /** The pad in a slot of the host is to be pulled out, on every stream. */
  readonly unplugSlot?: (slot: number) => void;
  /** Something is to be told: `flush` soon. */
  readonly onDirty: () => void;
}

/** One person: a browser with any number of tabs. */
interface Person {
  readonly id: string;
  name: string;
  readonly sessions: Map<FeatureSession, { readonly touched: Set<number> }>;
  readonly endListening: () => void;
}

/** The people of one host. */
export class PeopleHub {
  readonly #options: PeopleHubOptions;
  readonly #people = new Map<string, Person>();
  readonly #arbiters = new Map<number, ControlArbiter>();
  readonly #slots = new PlayerSlots();
  /** Names of those who chose none, kept for when they come back. */
  readonly #guests = new Map<string, string>();
  readonly #dirtyStreams = new Set<number>();
  #arePeopleDirty = false;
  #areSlotsDirty = false;

  constructor(options: PeopleHubOptions) {
    this.#options = options;
  }

  /** When `advance` has something to do; undefined while it has not. */
  get deadlineUs(): number | undefined {
    const deadlines = [...this.#arbiters.values(), this.#slots].flatMap(({ deadlineUs }) => {
      return deadlineUs ?? [];
    });
    return deadlines.length === 0 ? undefined : Math.min(...deadlines);
  }

  /** The slots of the host. */
  get slots(): PlayerSlots {
    return this.#slots;
  }

  /** What a person is called; undefined for somebody who is not here. */
  nameOf(personId: string): string | undefined {
    return this.#people.get(personId)?.name;
  }

  /** What a person is called, who may be away. */
  callName(personId: string): string {
    return this.nameOf(personId) ?? this.#nameAway(personId);
  }

  /** Streams whose keyboard and pointer a person holds. */
  controlledBy(personId: string): number[] {
    return [...this.#arbiters].filter(([, { holder }]) => holder === personId).map(([id]) => id);
  }

  /** Who is here by name, with what they hold, for the API. */
  report(): Record<string, unknown> {
    return {
      people: this.#people.size,
      control: [...this.#arbiters].map(([streamId, { mode, holder, members }]) => ({
        ...{ streamId, mode, holder: holder ?? null, members: members.size },
      })),
      slots: this.#slots.taken.map(({ slot, personId }) => ({ slot, personId })),
    };
  }

  /** A session has begun: it is told who is here, and everybody that it is. */
  join(session: FeatureSession): void {
    const { browserSessionId: id, rights } = session;
    const known = this.#people.get(id);
    const person: Person = known ?? {
      id,
      name: this.#nameFor(id),
      sessions: new Map(),
      endListening: rights.onChange((before) => this.#rightsChanged(person, before)),
    };
    person.sessions.set(session, { touched: new Set() });
    this.#people.set(id, person);
    this.#tellRights(session);
    for (const streamId of this.#arbiters.keys()) {
      session.send(encodeServerMessage(this.#controlState(streamId, session.nowUs())));
    }
    if (this.#slots.taken.length > 0) session.send(encodeServerMessage(this.#slotState()));
    this.#peopleChanged();
  }

  /** A session is over. */
  leave(session: FeatureSession): void {
    const person = this.#people.get(session.browserSessionId);
    if (person === undefined || !person.sessions.delete(session)) return;
    const nowUs = session.nowUs();
    if (person.sessions.size === 0) {
      person.endListening();
      this.#people.delete(person.id);
      if (this.#slots.leave(person.id, nowUs)) this.#slotsChanged();
    }
    this.#seat(person, nowUs);
    this.#peopleChanged();
  }

  /** A session began or ended to watch a stream. */
  watched(session: FeatureSession): void {
    const person = this.#people.get(session.browserSessionId);
    const tab = person?.sessions.get(session);
    if (person === undefined || tab === undefined) return;
    tab.touched.clear();
    this.#seat(person, session.nowUs());
    this.#peopleChanged();
  }

  /** True when what hands do in a session counts on a stream; notes that they moved. */
  takesHands(session: FeatureSession, streamId: number, nowUs: number): boolean {
    const person = this.#people.get(session.browserSessionId);
    if (person === undefined) return false;
    const arbiter = this.#arbiterOf(streamId);
    if (arbiter === undefined) return false;
    if (!arbiter.members.has(person.id)) {
      // Who moves a hand on a stream is there, seen or not.
      person.sessions.get(session)?.touched.add(streamId);
      this.#seat(person, nowUs);
    }
    if (!arbiter.accepts(person.id)) return false;
    this.#apply(streamId, arbiter.moved(person.id, nowUs));
    return true;
  }

  /** The host's slot of a pad of a session, plugged in where it is not. */
  slotOf(session: FeatureSession, pad: number, nowUs: number): number | undefined {
    const { browserSessionId: id, rights } = session;
    const known = this.#slots.find(id, pad);
    if (known !== undefined || !rights.may("pad") || !this.#people.has(id)) return known;
    const slot = this.#slots.claim(id, pad, nowUs);
    if (slot !== undefined) this.#slotsChanged();
    return slot;
  }

  /** A program shakes the pad in a slot of the host: told to whoever has it. */
  rumble({ slot, ...rumble }: RumbleMessage): void {
    const taken = this.#slots.taken.find((each) => each.slot === slot);
    if (taken === undefined || taken.reservedUntilUs !== undefined) return;
    const { personId, pad } = taken;
    const framed = encodeServerMessage({ type: "rumble", ...rumble, slot: pad });
    for (const session of this.#people.get(personId)?.sessions.keys() ?? []) {
      session.send(framed, `rumble ${pad}`);
    }
  }

  /** A pad of a session is gone: its slot waits for it. */
  unplugged(session: FeatureSession, pad: number, nowUs: number): void {
    if (this.#slots.unplug(session.browserSessionId, pad, nowUs)) this.#slotsChanged();
  }

  /** Lets two slots change places; pads come to rest in the old ones first. */
  moveSlot(slot: number, toSlot: number): void {
    for (const taken of this.#slots.taken) {
      if (taken.slot !== slot && taken.slot !== toSlot) continue;
      this.#raise(taken.personId);
      // Its next record plugs it in again, in the new slot.
      this.#options.unplugSlot?.(taken.slot);
    }
    if (this.#slots.move(slot, toSlot) !== undefined) this.#slotsChanged();
  }

  /** Gives a person the name that they want, as far as it can be shown and is nobody else's. */
  rename(session: FeatureSession, asked: string): void {
    const person = this.#people.get(session.browserSessionId);
    const clean = cleanName(asked);
    if (person === undefined || clean === undefined) return;
    const name = distinctName(clean, this.#namesBeside(person.id));
    if (name === person.name) return;
    person.name = name;
    this.#guests.delete(person.id);
    this.#options.registry.rename(person.id, name);
    this.#peopleChanged();
    if (this.#slots.taken.some(({ personId }) => personId === person.id)) this.#slotsChanged();
  }

  /** Changes who controls a stream, by one of the rules of its arbiter. */
  decide(
    streamId: number,
    rule: (arbiter: ControlArbiter) => ControlChange | undefined,
  ): void {
    const arbiter = this.#arbiterOf(streamId);
    if (arbiter !== undefined) this.#apply(streamId, rule(arbiter));
  }

  /** Lets time pass. */
  advance(nowUs: number): void {
    for (const [streamId, arbiter] of this.#arbiters) this.#apply(streamId, arbiter.advance(nowUs));
    if (this.#slots.advance(nowUs)) this.#slotsChanged();
  }

  /** Tells everybody what changed since the last call. */
  flush(nowUs: number): void {
    const messages: [string, ServerMessage][] = [];
    if (this.#arePeopleDirty) messages.push(["people", this.#peopleMessage()]);
    if (this.#areSlotsDirty) messages.push(["slot_state", this.#slotState()]);
    for (const streamId of this.#dirtyStreams) {
      messages.push([`control_state ${streamId}`, this.#controlState(streamId, nowUs)]);
    }
    this.#arePeopleDirty = false;
    this.#areSlotsDirty = false;
    this.#dirtyStreams.clear();
    for (const [name, message] of messages) {
      const framed = encodeServerMessage(message);
      for (const { sessions } of this.#people.values()) {
        for (const session of sessions.keys()) session.send(framed, name);
      }
    }
  }

  /** Takes part in every stream that a person may control and looks at, and in no other. */
  #seat(person: Person, nowUs: number): void {
    // A stream may be gone, as that of a monitor which was unplugged, and nobody stays in it for ever.
    const streamIds = this.#controlledIds;
    for (const streamId of new Set([...streamIds, ...this.#arbiters.keys()])) {
      const isThere = streamIds.includes(streamId) &&
        [...person.sessions].some(([session, { touched }]) => {
          const mayControl = meetsNeed(session.rights.now, "control");
          return mayControl && (session.isWatching(streamId) || touched.has(streamId));
        });
      const arbiter = isThere ? this.#arbiterOf(streamId) : this.#arbiters.get(streamId);
      if (arbiter === undefined || arbiter.members.has(person.id) === isThere) continue;
      const change = isThere ? arbiter.join(person.id, nowUs) : arbiter.leave(person.id, nowUs);
      this.#apply(streamId, change);
    }
  }

  #rightsChanged(person: Person, before: Grant): void {
    const hands = ["keyboard", "pointer", "pad"] as const;
    const [session] = person.sessions.keys();
    if (session === undefined) return;
    const { rights } = session;
    if (hands.some((hand) => before.permissions.has(hand) && !rights.may(hand))) {
      this.#raise(person.id);
    }
    if (!rights.may("pad")) this.#takePads(person.id);
    this.#seat(person, session.nowUs());
    for (const tab of person.sessions.keys()) this.#tellRights(tab);
    this.#peopleChanged();
  }

  /** Pulls the pads of a person out who may not play any more. */
  #takePads(personId: string): void {
    const slots = this.#slots.taken.filter((taken) => taken.personId === personId);
    if (!this.#slots.releaseAll(personId)) return;
    for (const { slot } of slots) this.#options.unplugSlot?.(slot);
    this.#slotsChanged();
  }

  /** Raises all that a person holds down: on one stream, or everywhere. */
  #raise(personId: string, streamIds = this.#options.streamIds()): void {
    for (const session of this.#people.get(personId)?.sessions.keys() ?? []) {
      for (const streamId of streamIds) session.releaseInput(streamId);
    }
  }

  #apply(streamId: number, change: ControlChange | undefined): void {
    if (change === undefined) return;
    if (change.released !== undefined) this.#raise(change.released, [streamId]);
    this.#dirtyStreams.add(streamId);
    this.#options.onDirty();
  }

  /** Streams that somebody can control. */
  get #controlledIds(): readonly number[] {
    const { streamIds, takesInput = () => true } = this.#options;
    return streamIds().filter(takesInput);
  }

  #arbiterOf(streamId: number): ControlArbiter | undefined {
    const known = this.#arbiters.get(streamId);
    if (known !== undefined || !this.#controlledIds.includes(streamId)) return known;
    const arbiter = new ControlArbiter(this.#options.mode);
    this.#arbiters.set(streamId, arbiter);
    return arbiter;
  }

  #nameFor(id: string): string {
    const others = this.#namesBeside(id);
    const { registry, nowMs } = this.#options;
    const chosen = registry.byId(id, nowMs())?.name;
    if (chosen !== undefined) return distinctName(chosen, others);
    for (const gone of [...this.#guests.keys()]) {
      if (registry.rights(gone) === undefined) this.#guests.delete(gone);
    }
    const before = this.#guests.get(id);
    const name = before === undefined || others.includes(before) ? guestName(others) : before;
    this.#guests.set(id, name);
    return name;
  }

  #namesBeside(id: string): string[] {
    return [...this.#people.values()].flatMap((person) => person.id === id ? [] : person.name);
  }

  #tellRights(session: FeatureSession): void {
    const { browserSessionId: personId, rights: { role, permissions } } = session;
    session.send(encodeServerMessage({ type: "rights", personId, role, permissions }), "rights");
  }

  #peopleChanged(): void {
    this.#arePeopleDirty = true;
    this.#options.onDirty();
  }

  #slotsChanged(): void {
    this.#areSlotsDirty = true;
    this.#options.onDirty();
  }

  #peopleMessage(): ServerMessage {
    const streamIds = this.#options.streamIds();
    const people = [...this.#people.values()].flatMap(({ id, name, sessions }) => {
      const [session] = sessions.keys();
      if (session === undefined) return [];
      const { role, permissions } = session.rights;
      const watched = streamIds.filter((streamId) => {
        return [...sessions.keys()].some((tab) => tab.isWatching(streamId));
      });
      return { id, name, role, permissions, streamIds: watched };
    });
    return { type: "people", people };
  }

  #controlState(streamId: number, nowUs: number): ServerMessage {
    const arbiter = this.#arbiters.get(streamId) ?? new ControlArbiter(this.#options.mode);
    const { holder, askers, isIdle, idleUs } = arbiter.view(nowUs);
    return {
      ...{ type: "control_state", streamId, mode: arbiter.mode },
      ...holder === undefined ? {} : { holderId: holder },
      ...{ askerIds: [...askers], isIdle, idleMs: Math.round(idleUs / 1000) },
    };
  }

  #slotState(): ServerMessage {
    const slots = this.#slots.taken.map(({ slot, personId, pad, reservedUntilUs }) => ({
      ...{ slot, personId, pad, isReserved: reservedUntilUs !== undefined },
      name: this.callName(personId),
    }));
    return { type: "slot_state", slots };
  }

  #nameAway(personId: string): string {
    const { registry, nowMs } = this.#options;
    return registry.byId(personId, nowMs())?.name ?? this.#guests.get(personId) ?? "Guest";
  }
}
