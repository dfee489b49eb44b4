/**
 * People messages: what control messages say of the people of a host: who is here and what each may do,
 * who holds keyboard and pointer of a stream, and who plays with which pad. Names are for people and
 * bounded; ids are made by the server and no secrets.
 */

import * as schema from "../core/schema.ts";
import { MAX_STREAMS } from "./codec.ts";
import { PAD_SLOTS } from "./pad.ts";
import { PERMISSIONS } from "./permission.ts";

/** What a session may do; see session/permissions.ts for the table. */
export const ROLES = ["viewer", "player", "admin"] as const;
/** One of `ROLES`. */
export type Role = (typeof ROLES)[number];

/** Longest name of a person, in UTF-16 units. */
export const MAX_PERSON_NAME = 32;
/** Longest name that a person may ask for; what is kept of it is shorter. */
export const MAX_ASKED_NAME = 256;
/** People in one message: the most viewers that a host can be told to take. */
export const MAX_PEOPLE = 64;
/** Input that comes at the same time: of everybody, or of one person for each stream. */
export const CONTROL_MODES = ["shared", "exclusive"] as const;
/** One of `CONTROL_MODES`. */
export type ControlMode = (typeof CONTROL_MODES)[number];

const streamId = schema.integer(0, MAX_STREAMS - 1);
const personId = schema.text(64);
const padIndex = schema.integer(0, PAD_SLOTS - 1);
const role = schema.oneOf(ROLES);
const permissions = schema.list(schema.oneOf(PERMISSIONS), PERMISSIONS.length);
const durationMs = schema.integer(0, Number.MAX_SAFE_INTEGER);

/** Messages that a viewer sends. */
export const peopleClientMessages = {
  /** What the person wants to be called; the server cleans it. */
  set_name: { name: schema.text(MAX_ASKED_NAME) },
  /** Asks for keyboard and pointer of a stream. */
  request_control: { streamId },
  /** Hands them on: to a person, or to who waits first. Of one who waits: asks no more. */
  give_control: { streamId, personId: schema.optional(personId) },
  /** Takes them without asking. */
  take_control: { streamId },
  /** Gives the place of one slot to another and the other way round. */
  move_slot: { slot: padIndex, toSlot: padIndex },
  /** Changes what a person may do; what is absent stays, a new role alone brings its usual bits. */
  set_rights: {
    personId,
    role: schema.optional(role),
    permissions: schema.optional(permissions),
  },
  /** Ends the sessions of a person for good. */
  kick: { personId },
} as const;

/** Messages that the server sends. */
export const peopleServerMessages = {
  /** What this viewer may do; sent after welcome and at each change. */
  rights: { personId, role, permissions },
  /** Who is here; sent after welcome and at each change. */
  people: {
    people: schema.list(
      schema.object({
        id: personId,
        name: schema.text(MAX_PERSON_NAME),
        role,
        permissions,
        /** Streams that the person watches. */
        streamIds: schema.list(streamId, MAX_STREAMS),
      }),
      MAX_PEOPLE,
    ),
  },
  /** Who holds keyboard and pointer of a stream and who waits for them, first come first. */
  control_state: {
    streamId,
    mode: schema.oneOf(CONTROL_MODES),
    /** Absent while nobody may, or where everybody does. */
    holderId: schema.optional(personId),
    askerIds: schema.list(personId, MAX_PEOPLE),
    /** Whether the holder has not moved a hand for so long that who asks gets it at once. */
    isIdle: schema.boolean,
    /** Since the holder's last input. */
    idleMs: durationMs,
  },
  /** Which pad of whom is which player; a slot that is free is left out. */
  slot_state: {
    slots: schema.list(
      schema.object({
        slot: padIndex,
        personId,
        /** For people: the person may be away. */
        name: schema.text(MAX_PERSON_NAME),
        /** The viewer's own number of the pad. */
        pad: padIndex,
        /** Kept for a person who left. */
        isReserved: schema.boolean,
      }),
      PAD_SLOTS,
    ),
  },
} as const;
