/**
 * Source stream: source packets of made-up frames for tests and measurements of forward error
 * correction. Payloads are random bytes, so that a wrong recovery cannot pass for a right one.
 */

import type { SeededRandom } from "../../seeded.ts";
import { SOURCE_HEADER_BYTES, writeSourceHeader } from "../../../src/wire/packet.ts";

/** How the stream looks. */
export interface SourceStreamOptions {
  readonly streamId?: number;
  /** Id of the first packet; near 2^32 for tests of the wrap-around. */
  readonly firstSourceId?: number;
  readonly framePackets: number;
  /** Payload bytes of each packet; the last of a frame may have fewer. */
  readonly payloadBytes: number;
  /** Last packets of frames have a random length. */
  readonly hasShortTails?: boolean;
}

/** Makes packet after packet; each is a new array. */
export class SourceStream {
  readonly #options: SourceStreamOptions;
  readonly #random: SeededRandom;
  #count = 0;

  constructor(random: SeededRandom, options: SourceStreamOptions) {
    this.#random = random;
    this.#options = options;
  }

  /** The id of the next packet. */
  get nextSourceId(): number {
    return ((this.#options.firstSourceId ?? 0) + this.#count) >>> 0;
  }

  /** The next packet of the stream. */
  next(): Uint8Array<ArrayBuffer> {
    const { framePackets, hasShortTails = false } = this.#options;
    const packetIndex = this.#count % framePackets;
    const isTail = packetIndex === framePackets - 1;
    const payloadBytes = isTail && hasShortTails
      ? 1 + this.#random.int(this.#options.payloadBytes)
      : this.#options.payloadBytes;
    const packet = new Uint8Array(SOURCE_HEADER_BYTES + payloadBytes);
    writeSourceHeader(new DataView(packet.buffer), {
      streamId: this.#options.streamId ?? 0,
      transportSequence: this.#count & 0xffff,
      sourceId: this.nextSourceId,
      frameId: Math.floor(this.#count / framePackets) + 1,
      packetIndex,
      packetCount: framePackets,
      sliceIndex: 0,
      referenceDistance: this.#count < framePackets ? 0 : 1,
      captureTimeUs: this.#count * 100,
      payloadBytes,
    });
    packet.set(this.#random.bytes(payloadBytes), SOURCE_HEADER_BYTES);
    this.#count++;
    return packet;
  }
}

/** What a recovered packet must equal: the original without its transport sequence. */
export function withoutTransportSequence(packet: Uint8Array): Uint8Array {
  const copy = packet.slice();
  copy[2] = 0;
  copy[3] = 0;
  return copy;
}
