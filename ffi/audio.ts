/**
 * Audio: the owner of one captured sound in native code: its thread waits for samples, encodes them as
 * Opus and writes each frame to the output, past JavaScript. No call here waits for that thread but
 * `close`.
 */

import { decodeCText, encodeCText, ERROR_TEXT_BYTES } from "./c_text.ts";
import { nativeLibrary } from "./library.ts";
import type { MediaOutput } from "./media_output.ts";
import type { SoundPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

/** Where sound comes from: a tone that tells its time, or what programs play to PulseAudio. */
export type SoundSourceKind = "tone" | "pulse";

/** What a sound captures and how it encodes. */
export interface NativeSoundOptions {
  /** Number of the sound in every record, 0 to 15. */
  readonly soundId: number;
  readonly source: SoundSourceKind;
  /** 1 to 8; 0 (default) as many as the source has. */
  readonly channels?: number;
  /** Duration of a frame: 5,000 or 10,000. */
  readonly frameUs: number;
  /** For two channels, 16,000 to 512,000; more channels get as much each. */
  readonly bitrateBps: number;
  /** Name of the PulseAudio server; default the one of the environment. */
  readonly server?: string;
}

/** Counters of a sound since it was opened. */
export interface NativeSoundStats {
  readonly frames: number;
  readonly bytes: number;
  /** Frames that the output refused or the encoder could not make. */
  readonly dropped: number;
  readonly encodeUsTotal: number;
  /** Times that the sound server was looked for again. */
  readonly restarts: number;
  /** Times that sound went on somewhere else than it ended. */
  readonly jumps: number;
  /** 0 while nothing is heard. */
  readonly channels: number;
}

const CONFIG_BYTES = 256;
const SERVER_AT = 32;
const SOURCE_KIND = { tone: 0, pulse: 1 } as const;
const STATS_WORDS = 8;

/** Owner of one native sound; close it before its output. */
export class NativeSound {
  #pointer: SoundPointer | undefined;

  private constructor(pointer: SoundPointer) {
    this.#pointer = pointer;
  }

  /** Starts it. Rejects with NativeError when a library is missing or an option out of range. */
  static async open(output: MediaOutput, options: NativeSoundOptions): Promise<NativeSound> {
    const error = new Uint8Array(ERROR_TEXT_BYTES);
    const pointer = await nativeLibrary().wv_sound_open(
      output.pointer,
      encodeConfig(options),
      error,
      error.length,
    );
    if (pointer === null) {
      const [, status, text] = /^(-\d+) (.*)$/s.exec(decodeCText(error)) ?? [];
      throw nativeError(`open sound "${options.source}"`, Number(status ?? STATUS.failed), text);
    }
    return new NativeSound(pointer);
  }

  /** Reads the counters. */
  get stats(): NativeSoundStats {
    if (this.#pointer === undefined) throw nativeError("use a closed sound", STATUS.invalid);
    const values = new BigUint64Array(STATS_WORDS);
    checkStatus("read sound counters", nativeLibrary().wv_sound_stats(this.#pointer, values));
    const at = (index: number): number => Number(values[index]);
    return {
      frames: at(0),
      bytes: at(1),
      dropped: at(2),
      encodeUsTotal: at(3),
      restarts: at(4),
      jumps: at(5),
      channels: at(6),
    };
  }

  /** Ends the thread and frees everything; idempotent. */
  async close(): Promise<void> {
    const pointer = this.#pointer;
    this.#pointer = undefined;
    if (pointer !== undefined) await nativeLibrary().wv_sound_close(pointer);
  }
}

/** Lays `options` out as the C struct `wv_sound_config`. */
function encodeConfig(options: NativeSoundOptions): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CONFIG_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, options.soundId, true);
  view.setUint32(4, SOURCE_KIND[options.source], true);
  view.setUint32(8, options.channels ?? 0, true);
  view.setUint32(12, options.frameUs, true);
  view.setUint32(16, options.bitrateBps, true);
  bytes.set(encodeCText(options.server ?? "", CONFIG_BYTES - SERVER_AT), SERVER_AT);
  return bytes;
}
