/**
 * People messages of the page and its worker: the words of the control stream, handed through as they
 * are. Types only.
 */

import type { ClientMessage, ServerMessage } from "../../../src/wire/control.ts";
import type {
  peopleClientMessages,
  peopleServerMessages,
} from "../../../src/wire/people_messages.ts";

/** What the host says of people. */
export type PeopleEvent = Extract<ServerMessage, { type: keyof typeof peopleServerMessages }>;

/** What a viewer asks of the host. */
export type PeopleCommand = Extract<ClientMessage, { type: keyof typeof peopleClientMessages }>;

/** A person as the host describes them. */
export type Person = Extract<PeopleEvent, { type: "people" }>["people"][number];

/** Who controls a stream. */
export type ControlState = Extract<PeopleEvent, { type: "control_state" }>;

/** A pad that is a player. */
export type PlayerSlot = Extract<PeopleEvent, { type: "slot_state" }>["slots"][number];
