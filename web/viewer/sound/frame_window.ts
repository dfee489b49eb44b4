/**
 * FrameWindow: audio datagrams to encoded frames, each once and in order. A frame that came with a
 * later datagram counts like its own; one that is missing is waited for until its time to be played
 * comes near, then it is a gap. A step: clock-free, holds at most `WINDOW_FRAMES`.
 */

import { add32, distance32 } from "../../../src/core/sequence.ts";
import type { AudioDatagram } from "../../../src/wire/audio.ts";

/** Frames held at once, and how far ahead of the next one a frame may be. */
export const WINDOW_FRAMES = 64;

/** One encoded frame. */
export interface EncodedSound {
  readonly kind: "frame";
  /** When its first decoded sample was captured. */
  readonly captureUs: number;
  readonly frameUs: number;
  readonly payload: Uint8Array;
  /** How long it was held back for a frame that never came. */
  readonly heldUs: number;
}

/** Frames that did not come in time. */
export interface SoundGap {
  readonly kind: "gap";
  readonly captureUs: number;
  readonly durationUs: number;
  readonly frames: number;
}

/** Counters of a window. */
export interface FrameWindowStats {
  datagrams: number;
  /** Frames given. */
  frames: number;
  /** Frames given that only an older copy brought. */
  recovered: number;
  /** Frames given up. */
  missing: number;
  /** Frames that came after they were given up or given. */
  late: number;
  /** Jumps of the sequence that no waiting could fill. */
  restarts: number;
}

interface Slot {
  captureUs: number;
  frameUs: number;
  isCopy: boolean;
  arrivedUs: number;
  payload: Uint8Array | undefined;
}

/** Puts encoded sound in order. */
export class FrameWindow {
  readonly #slots: Slot[] = Array.from({ length: WINDOW_FRAMES }, () => ({
    captureUs: 0,
    frameUs: 0,
    isCopy: false,
    arrivedUs: 0,
    payload: undefined,
  }));
  readonly #stats: FrameWindowStats = {
    datagrams: 0,
    frames: 0,
    recovered: 0,
    missing: 0,
    late: 0,
    restarts: 0,
  };
  /** Sequence of the frame that comes next; undefined before the first. */
  #next: number | undefined;
  #held = 0;
  /** When the frame before was, or could have been, given. */
  #readyUs = -Infinity;

  get stats(): Readonly<FrameWindowStats> {
    return this.#stats;
  }

  /** Frames that wait for one before them. */
  get waiting(): number {
    return this.#held;
  }

  /**
   * Takes a datagram whose newest frame was captured at `captureUs`, in any clock. It need not last:
   * what is new of it is copied.
   */
  push({ sequence, frameUs, frames }: AudioDatagram, captureUs: number, nowUs: number): void {
    this.#stats.datagrams++;
    this.#next ??= sequence;
    const ahead = distance32(this.#next, sequence);
    // Of another time: the host began anew, or the path was gone for longer than anything waits.
    if (ahead >= WINDOW_FRAMES) this.#stats.missing += ahead - this.#held;
    if (ahead >= WINDOW_FRAMES || ahead < -WINDOW_FRAMES * 4) this.#restart(sequence);
    frames.forEach((payload, age) => {
      this.#put(add32(sequence, -age), {
        captureUs: captureUs - age * frameUs,
        frameUs,
        payload,
        isCopy: age > 0,
        arrivedUs: nowUs,
      });
    });
  }

  /**
   * The next frame; with `isUrgent` a gap in the place of missing ones that others wait behind; else
   * undefined while there is nothing to give.
   */
  pull(isUrgent: boolean, nowUs: number): EncodedSound | SoundGap | undefined {
    if (this.#next === undefined || this.#held === 0) return undefined;
    const slot = this.#slots[this.#next % WINDOW_FRAMES]!;
    if (slot.payload !== undefined) return this.#give(slot, nowUs);
    return isUrgent ? this.#skip() : undefined;
  }

  /** Forgets everything, as when a decoder must start anew. */
  clear(): void {
    this.#next = undefined;
    this.#empty();
  }

  #put(sequence: number, frame: Slot & { readonly payload: Uint8Array }): void {
    const ahead = distance32(this.#next!, sequence);
    if (ahead < 0) {
      if (!frame.isCopy) this.#stats.late++;
      return;
    }
    const slot = this.#slots[sequence % WINDOW_FRAMES]!;
    if (ahead >= WINDOW_FRAMES || slot.payload !== undefined) return;
    slot.captureUs = frame.captureUs;
    slot.frameUs = frame.frameUs;
    slot.isCopy = frame.isCopy;
    slot.arrivedUs = frame.arrivedUs;
    slot.payload = frame.payload.slice();
    this.#held++;
  }

  #give(slot: Slot, nowUs: number): EncodedSound {
    const { captureUs, frameUs, isCopy } = slot;
    this.#readyUs = Math.max(this.#readyUs, slot.arrivedUs);
    const heldUs = Math.max(0, nowUs - this.#readyUs);
    const payload = slot.payload!;
    slot.payload = undefined;
    this.#held--;
    this.#next = add32(this.#next!, 1);
    this.#stats.frames++;
    if (isCopy) this.#stats.recovered++;
    return { kind: "frame", captureUs, frameUs, payload, heldUs };
  }

  /** Gives up what is missing before the first frame that is here. */
  #skip(): SoundGap {
    let frames = 1;
    let slot = this.#slots[add32(this.#next!, frames) % WINDOW_FRAMES]!;
    while (slot.payload === undefined) {
      slot = this.#slots[add32(this.#next!, ++frames) % WINDOW_FRAMES]!;
    }
    const durationUs = frames * slot.frameUs;
    this.#stats.missing += frames;
    this.#next = add32(this.#next!, frames);
    return { kind: "gap", captureUs: slot.captureUs - durationUs, durationUs, frames };
  }

  #restart(sequence: number): void {
    this.#stats.restarts++;
    this.#empty();
    this.#next = sequence;
  }

  #empty(): void {
    for (const slot of this.#slots) slot.payload = undefined;
    this.#held = 0;
  }
}
