/**
 * ProducerSound: the sound of a producer's session: parses its datagrams, puts the frames in order and
 * gives each with its time to the stream. It holds what the order holds: eight frames.
 */

import { ProtocolError } from "../../core/errors.ts";
import { parseAudioDatagram } from "../../wire/audio.ts";
import { MicrophoneOrder } from "../sound/microphone_order.ts";
import type { Publication } from "./published_streams.ts";

const U32 = 0x1_0000_0000;

/** The sound of one producer. */
export class ProducerSound {
  readonly #publication: Pick<Publication, "sound" | "stream">;
  readonly #order = new MicrophoneOrder();

  constructor(publication: Pick<Publication, "sound" | "stream">) {
    this.#publication = publication;
  }

  /** Counters of the order. */
  get stats(): MicrophoneOrder["stats"] {
    return this.#order.stats;
  }

  /** Takes a datagram; false when it is refused. Throws ProtocolError when it breaks the format. */
  push(datagram: Uint8Array): boolean {
    const audio = parseAudioDatagram(datagram);
    const { kind, streamId, channels, sequence, captureTimeUs, frameUs } = audio;
    if (kind !== "sound" || streamId !== this.#publication.stream.id) {
      throw new ProtocolError("Cannot accept sound of another stream", { reason: "unexpected" });
    }
    this.#order.push(audio);
    let isTaken = true;
    for (let next = this.#order.pull(); next !== undefined; next = this.#order.pull()) {
      if (next.packet === undefined) continue;
      // Older frames began so much before the newest.
      const age = (sequence - next.sequence) | 0;
      const timeUs = (captureTimeUs - age * frameUs + U32) % U32;
      const sound = { frameId: next.sequence, channels, frameUs, payload: next.packet };
      if (!this.#publication.sound({ ...sound, captureTimeUs: timeUs })) isTaken = false;
    }
    return isTaken;
  }
}
