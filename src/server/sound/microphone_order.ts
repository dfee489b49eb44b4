/**
 * MicrophoneOrder: puts the frames of a viewer's microphone in order: takes from each datagram what was
 * missing, and gives a frame up when three newer ones are there. It holds eight frames and owns no
 * clock: frames come as steadily as time goes.
 */

import { type AudioDatagram, MAX_SOUND_REDUNDANCY } from "../../wire/audio.ts";
import { MAX_VOICE_PACKET } from "../../ipc/sound_command.ts";

/** Frames that may be ahead of one that is missing: what copies can bring, and one more. */
const AHEAD_MAX = MAX_SOUND_REDUNDANCY + 1;
const SLOTS = 8;

/** Counters of an order. */
export interface MicrophoneOrderStats {
  frames: number;
  /** Frames that came by a copy alone. */
  recovered: number;
  lost: number;
  /** Frames that were there already, or too late. */
  doubled: number;
  /** Times that the frames went on somewhere else. */
  restarts: number;
}

/** What is next: a packet, or that one was lost. */
export interface NextFrame {
  readonly packet: Uint8Array | undefined;
  readonly frameUs: number;
  readonly sequence: number;
}

/** The frames of one microphone. */
export class MicrophoneOrder {
  readonly stats: MicrophoneOrderStats = {
    ...{ frames: 0, recovered: 0, lost: 0, doubled: 0, restarts: 0 },
  };
  readonly #rooms = Array.from({ length: SLOTS }, () => new Uint8Array(MAX_VOICE_PACKET));
  readonly #lengths = new Uint16Array(SLOTS);
  /** Sequence of the next frame to give; undefined before the first. */
  #next: number | undefined;
  #newest = 0;
  #epoch = 0;
  #frameUs = 0;

  /** Takes a datagram; `pull` gives what follows from it. */
  push(audio: AudioDatagram): void {
    const { epoch, sequence, frames, frameUs } = audio;
    const isStrange = this.#next === undefined || epoch !== this.#epoch ||
      frameUs !== this.#frameUs || Math.abs(ahead(this.#next, sequence)) >= SLOTS;
    if (isStrange) this.#restart(audio);
    if (ahead(this.#newest, sequence) > 0) this.#newest = sequence;
    for (const [age, frame] of frames.entries()) this.#keep((sequence - age) >>> 0, frame, age > 0);
  }

  /** The next frame, valid until the next push; undefined while it may still come. */
  pull(): NextFrame | undefined {
    const next = this.#next;
    if (next === undefined || ahead(next, this.#newest) < 0) return undefined;
    const slot = next % SLOTS;
    const bytes = this.#lengths[slot]!;
    if (bytes === 0 && ahead(next, this.#newest) < AHEAD_MAX) return undefined;
    this.#lengths[slot] = 0;
    this.#next = (next + 1) >>> 0;
    if (bytes === 0) {
      this.stats.lost++;
      return { packet: undefined, frameUs: this.#frameUs, sequence: next };
    }
    this.stats.frames++;
    const packet = this.#rooms[slot]!.subarray(0, bytes);
    return { packet, frameUs: this.#frameUs, sequence: next };
  }

  #keep(sequence: number, frame: Uint8Array, isCopy: boolean): void {
    const slot = sequence % SLOTS;
    if (ahead(this.#next!, sequence) < 0 || this.#lengths[slot] !== 0) {
      if (!isCopy) this.stats.doubled++;
      return;
    }
    if (frame.byteLength > MAX_VOICE_PACKET) return;
    this.#rooms[slot]!.set(frame);
    this.#lengths[slot] = frame.byteLength;
    if (isCopy) this.stats.recovered++;
  }

  /** Begins at the newest frame: what was before is over. */
  #restart({ epoch, sequence, frameUs }: AudioDatagram): void {
    if (this.#next !== undefined) this.stats.restarts++;
    this.#lengths.fill(0);
    this.#next = sequence;
    this.#newest = sequence;
    this.#epoch = epoch;
    this.#frameUs = frameUs;
  }
}

/** How far `b` is ahead of `a`, modulo 2^32. */
function ahead(a: number, b: number): number {
  return (b - a) | 0;
}
