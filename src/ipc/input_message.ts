/**
 * InputMessage: what the media process tells of input devices: what the one of a stream can do, and
 * that a program wants a gamepad to shake.
 */

import * as schema from "../core/schema.ts";
import { MAX_STREAMS } from "../wire/codec.ts";
import { INPUT_ABILITIES, inputAbilitySchema } from "../wire/input_messages.ts";
import { PAD_SLOTS } from "../wire/pad.ts";

const streamId = schema.integer(0, MAX_STREAMS - 1);
const strength = schema.integer(0, 65_535);

/** How a stream's input goes: by the best back-end for each kind of it, by one of them, or not. */
export const INPUT_CHOICES = ["auto", "uinput", "xtest", "off"] as const;
/** One of `INPUT_CHOICES`. */
export type StreamInputChoice = (typeof INPUT_CHOICES)[number];

const rumble = {
  streamId,
  slot: schema.integer(0, PAD_SLOTS - 1),
  strong: strength,
  weak: strength,
  durationMs: strength,
};

/** Messages about input. */
export const inputMessages = {
  /** A stream's device is open, or there is none; once for each start of the stream. */
  input_device: {
    streamId,
    /** Back-ends that do something, joined by "+"; empty for none. */
    device: schema.text(32),
    abilities: schema.list(inputAbilitySchema, INPUT_ABILITIES.length),
  },
  /** A pad is to shake; both strengths 0 end it. */
  rumble,
} as const;

/** What a pad is to do. */
export type RumbleMessage = schema.ObjectOf<typeof rumble>;
