/**
 * SoundCursor: one reader's place in the sound of a replay, which follows the pictures: it gives the
 * packets up to a time. What is no longer held, or was blanked, is left out.
 */

import type { HeldSound, SoundPacket } from "./held_sound.ts";

/** Reads sound on from a time. */
export class SoundCursor {
  readonly #sound: HeldSound;
  #serial: number;

  /** Begins with the first packet that was captured at `fromUs` or later. */
  constructor(sound: HeldSound, fromUs: number) {
    this.#sound = sound;
    this.#serial = sound.serialAt(fromUs);
  }

  /** The next packet that was captured before `beforeUs`, with a copy of its bytes. */
  pull(
    beforeUs: number,
  ): { readonly packet: SoundPacket; readonly payload: Uint8Array } | undefined {
    const sound = this.#sound;
    if (this.#serial < sound.firstSerial) this.#serial = sound.firstSerial;
    for (; this.#serial < sound.endSerial; this.#serial++) {
      const packet = sound.packet(this.#serial);
      if (packet === undefined) continue;
      if (packet.captureTimeUs >= beforeUs) return undefined;
      const payload = new Uint8Array(packet.bytes);
      sound.read(this.#serial++, payload);
      return { packet, payload };
    }
    return undefined;
  }
}
