/**
 * PlainPacketizer: cuts frames into packets as one would without a slab: a new buffer, a view and a
 * header object for each. What the packetizer of the product is measured against.
 */

import type { EncodedFrame } from "../../src/wire/frame.ts";
import {
  packetPayloadCapacity,
  SOURCE_HEADER_BYTES,
  writeSourceHeader,
} from "../../src/wire/packet.ts";

/** Cuts frames; see Packetizer. */
export class PlainPacketizer {
  /** Bytes of the buffers that it made. */
  bufferBytes = 0;
  #sourceId = 0;

  /** Packets so far. */
  get packets(): number {
    return this.#sourceId;
  }

  /** Gives each packet of `frame` to `send`; returns how many there are. */
  push(
    frame: EncodedFrame,
    maxDatagramSize: number,
    send: (packet: Uint8Array) => void,
  ): number {
    const capacity = packetPayloadCapacity(maxDatagramSize);
    const packetCount = Math.ceil(frame.payload.byteLength / capacity);
    for (let packetIndex = 0; packetIndex < packetCount; packetIndex++) {
      const start = packetIndex * capacity;
      const payload = frame.payload.subarray(start, start + capacity);
      const packet = new Uint8Array(SOURCE_HEADER_BYTES + payload.byteLength);
      writeSourceHeader(new DataView(packet.buffer), {
        streamId: frame.streamId,
        transportSequence: this.#sourceId & 0xffff,
        sourceId: this.#sourceId++,
        frameId: frame.frameId,
        packetIndex,
        packetCount,
        sliceIndex: 0,
        referenceDistance: frame.referenceDistance,
        captureTimeUs: frame.captureTimeUs,
        payloadBytes: payload.byteLength,
      });
      packet.set(payload, SOURCE_HEADER_BYTES);
      this.bufferBytes += packet.byteLength;
      send(packet);
    }
    return packetCount;
  }
}
