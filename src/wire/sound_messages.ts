/**
 * SoundMessages: what control messages say of sound: a viewer asks for it, the server tells what
 * there is. The sound itself goes as datagrams, audio.ts.
 */

import * as schema from "../core/schema.ts";
import { MAX_SOUND_CHANNELS, MAX_SOUND_FRAME_US, SOUND_SAMPLE_RATE } from "./audio.ts";

/** Longest name of a source. */
export const MAX_SOUND_SOURCE = 128;

/** Messages that a viewer sends. */
export const soundClientMessages = {
  /** Starts the host's sound as datagrams. */
  sound_play: {},
  /** Ends it. */
  sound_stop: {},
  /** The viewer's microphone follows as datagrams; answered by `microphone_state`. */
  microphone_start: {},
  /** It ends. */
  microphone_stop: {},
} as const;

/** Messages that the server sends. */
export const soundServerMessages = {
  /** What sound the host has; sent after welcome and whenever it changes. */
  sound_state: {
    /** False: `reason` says why there is none, and the other fields are empty or 0. */
    available: schema.boolean,
    /** What is heard, for people. */
    source: schema.text(MAX_SOUND_SOURCE),
    channels: schema.integer(0, MAX_SOUND_CHANNELS),
    sampleRate: schema.integer(0, SOUND_SAMPLE_RATE),
    frameUs: schema.integer(0, MAX_SOUND_FRAME_US),
    reason: schema.text(256),
  },
  /** The viewer's microphone on this host; sent after welcome and whenever it changes. */
  microphone_state: {
    /** False: `reason` says why programs on the host cannot hear viewers. */
    available: schema.boolean,
    /** Datagrams of this viewer are played now. */
    isOn: schema.boolean,
    /** Also why it is off again: not permitted any more, too many at once. */
    reason: schema.text(256),
  },
} as const;
