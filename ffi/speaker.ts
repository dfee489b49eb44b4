/**
 * Speaker: the owner of the voices of viewers in native code: each is decoded in the call that brings a
 * packet, a thread plays them all into a virtual source that programs on the host record from.
 */

import { decodeCText, encodeCText, ERROR_TEXT_BYTES } from "./c_text.ts";
import { nativeLibrary } from "./library.ts";
import type { SpeakerPointer } from "./pointers.ts";
import { checkStatus, nativeError, STATUS } from "./status.ts";

/** Where voices are heard. */
export interface NativeSpeakerOptions {
  /** Name of the PulseAudio server; empty for the one of the environment. */
  readonly server: string;
  /** The virtual source is the server's own and stays behind. */
  readonly keepsSource: boolean;
}

/** Counters since it was opened. */
export interface NativeSpeakerStats {
  readonly frames: number;
  /** Frames that were lost and guessed. */
  readonly concealed: number;
  /** Times that a voice ran dry, or so far ahead that some of it was skipped. */
  readonly underruns: number;
  readonly overruns: number;
  /** Times that the sound server was looked for again. */
  readonly restarts: number;
  /** Packets that are no Opus. */
  readonly refused: number;
  /** 1 while voices can be heard, a negative `STATUS` while not, 0 before either. */
  readonly status: number;
}

const CONFIG_BYTES = 256;
const SERVER_AT = 32;
const FLAG_KEEPS = 1;
const STATS_WORDS = 8;

/** Owner of one native speaker. */
export class NativeSpeaker {
  #pointer: SpeakerPointer | undefined;

  private constructor(pointer: SpeakerPointer) {
    this.#pointer = pointer;
  }

  /** Starts it. Rejects with NativeError when a library is missing. */
  static async open({ server, keepsSource }: NativeSpeakerOptions): Promise<NativeSpeaker> {
    const config = new Uint8Array(CONFIG_BYTES);
    new DataView(config.buffer).setUint32(0, keepsSource ? FLAG_KEEPS : 0, true);
    config.set(encodeCText(server, CONFIG_BYTES - SERVER_AT), SERVER_AT);
    const error = new Uint8Array(ERROR_TEXT_BYTES);
    const pointer = await nativeLibrary().wv_speaker_open(config, error, error.length);
    if (pointer === null) {
      const [, status, text] = /^(-\d+) (.*)$/s.exec(decodeCText(error)) ?? [];
      throw nativeError("play voices", Number(status ?? STATUS.failed), text);
    }
    return new NativeSpeaker(pointer);
  }

  /** Begins the voice of `slot`, 0 to 3, with a new decoder. */
  begin(slot: number): void {
    checkStatus(`begin voice ${slot}`, nativeLibrary().wv_speaker_begin(this.#live, slot));
  }

  /** Ends it; what was not heard yet is dropped. */
  end(slot: number): void {
    checkStatus(`end voice ${slot}`, nativeLibrary().wv_speaker_end(this.#live, slot));
  }

  /** The next packet of a voice, empty when it was lost; false when it is no Opus. */
  write(slot: number, packet: Uint8Array<ArrayBuffer>, frameUs: number): boolean {
    const bytes = packet.byteLength;
    const status = nativeLibrary().wv_speaker_write(this.#live, slot, packet, bytes, frameUs);
    if (status === STATUS.failed) return false;
    checkStatus(`play ${bytes} bytes of voice ${slot}`, status);
    return true;
  }

  /** Reads the counters. */
  get stats(): NativeSpeakerStats {
    const values = new BigInt64Array(STATS_WORDS);
    checkStatus("read voice counters", nativeLibrary().wv_speaker_stats(this.#live, values));
    const at = (index: number): number => Number(values[index]);
    return {
      frames: at(0),
      concealed: at(1),
      underruns: at(2),
      overruns: at(3),
      restarts: at(4),
      refused: at(5),
      status: at(6),
    };
  }

  /** Ends the thread, removes the source and frees everything; idempotent. */
  async close(): Promise<void> {
    const pointer = this.#pointer;
    this.#pointer = undefined;
    if (pointer !== undefined) await nativeLibrary().wv_speaker_close(pointer);
  }

  get #live(): SpeakerPointer {
    if (this.#pointer === undefined) throw nativeError("use closed voices", STATUS.invalid);
    return this.#pointer;
  }
}
