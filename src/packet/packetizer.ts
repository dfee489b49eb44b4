/**
 * Packetizer: cuts encoded frames into source packets, the packetize step of the sentence. It holds
 * one packet's bytes and two counters; a frame beyond the wire's limits is refused and counted.
 */

import { add16, add32 } from "../core/sequence.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import {
  MAX_DATAGRAM_BYTES,
  MAX_PACKETS_PER_FRAME,
  MIN_DATAGRAM_BYTES,
  packetPayloadCapacity,
  SOURCE_HEADER_BYTES,
  writeSourceHeader,
} from "../wire/packet.ts";

/** Counters of a packetizer. */
export interface PacketizerStats {
  frames: number;
  packets: number;
  payloadBytes: number;
  /** Frames that need more packets than the wire allows, or that have no bytes. */
  framesRefused: number;
}

/** Cuts the frames of one stream into packets. */
export class Packetizer {
  readonly #streamId: number;
  readonly #packet = new Uint8Array(MAX_DATAGRAM_BYTES);
  readonly #view = new DataView(this.#packet.buffer);
  readonly #stats: PacketizerStats = { frames: 0, packets: 0, payloadBytes: 0, framesRefused: 0 };
  #transportSequence = 0;
  #sourceId = 0;

  /** For the packets of `streamId`, 0-15. */
  constructor(streamId: number) {
    if (!Number.isInteger(streamId) || streamId < 0 || streamId > 15) {
      throw new RangeError(`Cannot packetize stream ${streamId}: expected 0-15`);
    }
    this.#streamId = streamId;
  }

  get stats(): Readonly<PacketizerStats> {
    return this.#stats;
  }

  /** The id that the next source packet gets. */
  get nextSourceId(): number {
    return this.#sourceId;
  }

  /**
   * Gives each packet of `frame` to `send`, in order, at most `maxDatagramSize` bytes long. The bytes
   * are valid only during the call. Returns the number of packets, 0 when the frame was refused.
   */
  push(
    frame: EncodedFrame,
    maxDatagramSize: number,
    send: (packet: Uint8Array) => void,
  ): number {
    const capacity = packetPayloadCapacity(maxDatagramSize);
    const packetCount = Math.ceil(frame.payload.byteLength / capacity);
    if (
      maxDatagramSize < MIN_DATAGRAM_BYTES || packetCount === 0 ||
      packetCount > MAX_PACKETS_PER_FRAME || frame.referenceDistance > 255
    ) {
      this.#stats.framesRefused++;
      return 0;
    }
    for (let packetIndex = 0; packetIndex < packetCount; packetIndex++) {
      const start = packetIndex * capacity;
      const payload = frame.payload.subarray(start, start + capacity);
      writeSourceHeader(this.#view, {
        streamId: this.#streamId,
        transportSequence: this.#transportSequence,
        sourceId: this.#sourceId,
        frameId: frame.frameId,
        packetIndex,
        packetCount,
        sliceIndex: 0,
        referenceDistance: frame.referenceDistance,
        captureTimeUs: frame.captureTimeUs,
        payloadBytes: payload.byteLength,
      });
      this.#packet.set(payload, SOURCE_HEADER_BYTES);
      this.#transportSequence = add16(this.#transportSequence, 1);
      this.#sourceId = add32(this.#sourceId, 1);
      send(this.#packet.subarray(0, SOURCE_HEADER_BYTES + payload.byteLength));
    }
    this.#stats.frames++;
    this.#stats.packets += packetCount;
    this.#stats.payloadBytes += frame.payload.byteLength;
    return packetCount;
  }
}
