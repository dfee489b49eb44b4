/**
 * Packetizer: cuts encoded frames into source packets, the packetize step of the sentence. It holds a
 * slab of 32 packets, or 5 of the long ones of a path that loses nothing, over which it makes views
 * once; a frame beyond the wire's limits is refused and counted.
 */

import { add16, add32 } from "../core/sequence.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import type { SourceHeader } from "../wire/packet.ts";
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

/** Packets that lie in the slab at once: those of an ordinary frame. */
const SLAB_PACKETS = 32;
const SLAB_BYTES = SOURCE_HEADER_BYTES + SLAB_PACKETS * packetPayloadCapacity(MAX_DATAGRAM_BYTES);

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Cuts the frames of one stream into packets. */
export class Packetizer {
  /**
   * Payloads side by side, copied at once. The header of a packet is written over the end of the
   * payload before, which has been sent by then.
   */
  readonly #slab = new Uint8Array(SLAB_BYTES);
  readonly #view = new DataView(this.#slab.buffer);
  /** Packets of full size in the slab. */
  #views: readonly Uint8Array[] = [];
  #slots = 0;
  #capacity = 0;
  readonly #header: Mutable<SourceHeader>;
  readonly #stats: PacketizerStats = { frames: 0, packets: 0, payloadBytes: 0, framesRefused: 0 };
  #transportSequence = 0;
  #sourceId = 0;

  /** For the packets of `streamId`, 0-15. */
  constructor(streamId: number) {
    if (!Number.isInteger(streamId) || streamId < 0 || streamId > 15) {
      throw new RangeError(`Cannot packetize stream ${streamId}: expected 0-15`);
    }
    this.#header = {
      ...{ streamId, transportSequence: 0, sourceId: 0, frameId: 0 },
      ...{ packetIndex: 0, packetCount: 0, sliceIndex: 0, referenceDistance: 0 },
      ...{ captureTimeUs: 0, payloadBytes: 0 },
    };
  }

  get stats(): Readonly<PacketizerStats> {
    return this.#stats;
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#slab.byteLength;
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
    this.#layOut(capacity);
    const header = this.#header;
    header.frameId = frame.frameId;
    header.packetCount = packetCount;
    header.referenceDistance = frame.referenceDistance;
    header.captureTimeUs = frame.captureTimeUs;
    for (let packetIndex = 0; packetIndex < packetCount; packetIndex++) {
      const slot = packetIndex % this.#slots;
      if (slot === 0) this.#fill(frame.payload, packetIndex * capacity);
      header.packetIndex = packetIndex;
      header.payloadBytes = Math.min(
        capacity,
        frame.payload.byteLength - packetIndex * capacity,
      );
      send(this.#packetAt(slot));
    }
    this.#stats.frames++;
    this.#stats.packets += packetCount;
    this.#stats.payloadBytes += frame.payload.byteLength;
    return packetCount;
  }

  /** Writes the header of the packet in a slot, whose payload is there, and gives it. */
  #packetAt(slot: number): Uint8Array {
    const header = this.#header;
    header.transportSequence = this.#transportSequence;
    header.sourceId = this.#sourceId;
    this.#transportSequence = add16(this.#transportSequence, 1);
    this.#sourceId = add32(this.#sourceId, 1);
    const start = slot * this.#capacity;
    writeSourceHeader(this.#view, header, start);
    if (header.payloadBytes === this.#capacity) return this.#views[slot]!;
    return this.#slab.subarray(start, start + SOURCE_HEADER_BYTES + header.payloadBytes);
  }

  /** Copies payload from `offset` on, as much as the slab holds. */
  #fill(payload: Uint8Array, offset: number): void {
    const end = offset + this.#slots * this.#capacity;
    const isWhole = offset === 0 && payload.byteLength <= end;
    this.#slab.set(isWhole ? payload : payload.subarray(offset, end), SOURCE_HEADER_BYTES);
  }

  /** Makes the views of packets of this size; they stay while the path does. */
  #layOut(capacity: number): void {
    if (capacity === this.#capacity) return;
    this.#capacity = capacity;
    const room = Math.floor((SLAB_BYTES - SOURCE_HEADER_BYTES) / capacity);
    this.#slots = Math.min(SLAB_PACKETS, room);
    this.#views = Array.from({ length: this.#slots }, (_, slot) => {
      const start = slot * capacity;
      return this.#slab.subarray(start, start + SOURCE_HEADER_BYTES + capacity);
    });
  }
}
