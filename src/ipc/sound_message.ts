/**
 * SoundMessage: what the JavaScript of the media process tells the server process of sound, a part of
 * MediaMessage. The frames and what is heard come as records of their own, sound_record.ts.
 */

import * as schema from "../core/schema.ts";

const count = schema.integer(0, Number.MAX_SAFE_INTEGER);

const soundStats = {
  frames: count,
  bytes: count,
  /** Frames that the output refused or the encoder could not make. */
  dropped: count,
  encodeUsTotal: count,
  /** Times that the sound server was looked for again. */
  restarts: count,
  /** Times that sound went on somewhere else than it ended. */
  jumps: count,
};

const voiceStats = {
  /** The virtual source is there. */
  isPlaying: schema.boolean,
  frames: count,
  concealed: count,
  underruns: count,
  overruns: count,
  restarts: count,
  refused: count,
};

/** Variants of `mediaMessageSchema`. */
export const soundMessages = {
  /** Sound could not start at all. What a running one meets comes as a record. */
  sound_failed: { message: schema.text(512) },
  /** Counters of the sound that runs; once a second. */
  sound_stats: soundStats,
  /** Voices cannot be heard at all. */
  voices_failed: { message: schema.text(512) },
  /** Counters of the voices that are heard; once a second, and when that begins or ends. */
  voice_stats: voiceStats,
} as const;

/** Counters of the sound that runs. */
export type SoundStats = schema.ObjectOf<typeof soundStats>;
/** Counters of the voices that are heard. */
export type VoiceStats = schema.ObjectOf<typeof voiceStats>;
