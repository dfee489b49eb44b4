/**
 * SoundCommand: what the server process tells the media process of sound, a part of MediaCommand.
 */

import * as schema from "../core/schema.ts";
import { MAX_SOUND_CHANNELS, MAX_SOUND_FRAME_US } from "../wire/audio.ts";

/** Viewers that are heard at once. */
export const MAX_VOICES = 4;
/** Longest packet of a voice. */
export const MAX_VOICE_PACKET = 1500;

/** The native library keeps the name in 224 bytes, the zero included. */
export const MAX_SOUND_SERVER = 223;

const frameUs = schema.integer(5000, MAX_SOUND_FRAME_US);

const soundConfig = {
  /** A tone that tells its time, or what programs play to PulseAudio. */
  source: schema.oneOf(["tone", "pulse"]),
  /** 0: as many as the source has. */
  channels: schema.integer(0, MAX_SOUND_CHANNELS),
  frameUs: schema.integer(5000, 10_000),
  /** Of two channels. */
  bitrateBps: schema.integer(16_000, 512_000),
  /** Name of the PulseAudio server; empty for the one of the environment. */
  server: schema.text(MAX_SOUND_SERVER),
};

const slot = schema.integer(0, MAX_VOICES - 1);

/** Variants of `mediaCommandSchema`. */
export const soundCommands = {
  /** Starts capture of sound; one that runs with the same configuration goes on. */
  start_sound: soundConfig,
  stop_sound: {},
  /** Makes the virtual source that programs hear voices from, on a server as in `start_sound`. */
  open_voices: { server: schema.text(MAX_SOUND_SERVER), keepsSource: schema.boolean },
  /** Removes it. */
  close_voices: {},
  begin_voice: { slot },
  end_voice: { slot },
  /** The next Opus packet of a voice; empty when it was lost. */
  voice_frame: { slot, frameUs, packet: schema.binary(MAX_VOICE_PACKET) },
} as const;

/** What sound is captured, and how it is encoded. */
export type SoundConfig = schema.ObjectOf<typeof soundConfig>;
