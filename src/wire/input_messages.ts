/**
 * InputMessages: what the server tells a viewer about the devices that its hands reach: what they can
 * take, and how a gamepad is to shake. Part of the control messages.
 */

import * as schema from "../core/schema.ts";
import { MAX_STREAMS } from "./codec.ts";
import { PAD_SLOTS } from "./pad.ts";

/** As in wire/input.ts. */
const POINTER_SCALE = 65_535;

/** What a host's input device may or may not take. */
export const INPUT_ABILITIES = [
  "keyboard",
  "pointer",
  "wheel",
  "touch",
  "pen",
  "pads",
  "text",
  "locks",
] as const;
/** One of `INPUT_ABILITIES`. */
export type InputAbilityName = (typeof INPUT_ABILITIES)[number];

/** Whether the device takes it as it is, by another one, or not at all. */
export const ABILITY_STATES = ["full", "emulated", "none"] as const;

const streamId = schema.integer(0, MAX_STREAMS - 1);
const strength = schema.integer(0, 65_535);

/** Schema of one ability. */
export const inputAbilitySchema = schema.object({
  name: schema.oneOf(INPUT_ABILITIES),
  state: schema.oneOf(ABILITY_STATES),
  /** Why it is not full, for people; empty when it is. */
  reason: schema.text(256),
});

/** Messages of the server about input. */
export const inputServerMessages = {
  /** A program on the host shakes a gamepad of this viewer; both 0 ends it. */
  rumble: {
    streamId,
    slot: schema.integer(0, PAD_SLOTS - 1),
    /** The slow heavy motor and the fast light one, 65,535 full. */
    strong: strength,
    weak: strength,
    durationMs: schema.integer(0, 65_535),
  },
  /** Where the pointer of a stream is; said when it moves, and about once a second. */
  pointer_place: {
    streamId,
    /** 0-65,535 of the picture. */
    x: schema.integer(0, POINTER_SCALE),
    y: schema.integer(0, POINTER_SCALE),
    /** False while it is elsewhere on the screen. */
    isInside: schema.boolean,
  },
  /** What the device of a stream can take; sent after welcome and when it changes. */
  input_capabilities: {
    streamId,
    /** Its name, such as "xtest"; empty when there is none. */
    device: schema.text(32),
    abilities: schema.list(inputAbilitySchema, INPUT_ABILITIES.length),
  },
};

/** One ability of a device. */
export type InputAbility = schema.Infer<typeof inputAbilitySchema>;
