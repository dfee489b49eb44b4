/**
 * Depacketizer: joins source packets, which arrive in order, into encoded frames again. One frame is
 * open at a time in one buffer that grows by doubling to at most `MAX_FRAME_BYTES`.
 */

import { add32 } from "../core/sequence.ts";
import { MAX_FRAME_BYTES } from "../wire/frame.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { emptySourcePacket, SOURCE_HEADER_BYTES } from "../wire/packet.ts";
import type { SourcePacket } from "../wire/packet.ts";

/** What became of a packet. */
export type DepacketizeOutcome =
  /** It is part of a frame that still misses packets. */
  | "open"
  /** It completed the frame that `frame` shows. */
  | "complete"
  /** The start of its frame never came, so it is of no use. */
  | "orphan"
  /** It contradicts the packets before it: hostile or corrupt. */
  | "mismatch"
  /** Its frame exceeds the byte limit. */
  | "too_large";

/** Counters of a depacketizer. */
export interface DepacketizerStats {
  framesCompleted: number;
  /** Frames whose packets did not all come. */
  framesDamaged: number;
  packetsOrphaned: number;
  packetsMismatched: number;
}

const INITIAL_BUFFER_BYTES = 64 * 1024;

/** Joins the packets of one stream. */
export class Depacketizer {
  readonly #stats: DepacketizerStats = {
    framesCompleted: 0,
    framesDamaged: 0,
    packetsOrphaned: 0,
    packetsMismatched: 0,
  };
  /** Begins with room for one header: see `#copy`. */
  #buffer = new Uint8Array(INITIAL_BUFFER_BYTES);
  readonly #covered = new Uint8Array(SOURCE_HEADER_BYTES);
  #filled = 0;
  /** First packet of the open frame. */
  readonly #head = emptySourcePacket();
  #isOpen = false;
  #nextIndex = 0;
  #nextSourceId = 0;
  #frame: EncodedFrame | undefined;

  get stats(): Readonly<DepacketizerStats> {
    return this.#stats;
  }

  /** The frame that the last "complete" push finished; its payload is valid until the next push. */
  get frame(): EncodedFrame | undefined {
    return this.#frame;
  }

  /** The frame id of the frame that is open, or undefined between frames. */
  get openFrameId(): number | undefined {
    return this.#isOpen ? this.#head.frameId : undefined;
  }

  /** Bytes held for reassembly. */
  get bufferBytes(): number {
    return this.#buffer.byteLength;
  }

  /**
   * Takes the next packet in order of source ids, which is the header of `datagram`; ids may be
   * missing between two calls. It keeps neither.
   */
  push(packet: Readonly<SourcePacket>, datagram: Uint8Array): DepacketizeOutcome {
    this.#frame = undefined;
    const continues = this.#isOpen && packet.sourceId === this.#nextSourceId &&
      packet.packetIndex === this.#nextIndex;
    if (packet.packetIndex === 0) {
      this.abandon();
      this.#open(packet);
    } else if (!continues) {
      this.abandon();
      this.#stats.packetsOrphaned++;
      return "orphan";
    } else if (!sameFrame(this.#head, packet)) {
      this.abandon();
      this.#stats.packetsMismatched++;
      return "mismatch";
    }
    return this.#append(packet, datagram);
  }

  /** Gives the open frame up, because a packet of it will not come. */
  abandon(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stats.framesDamaged++;
  }

  #open(packet: Readonly<SourcePacket>): void {
    const head = this.#head;
    head.streamId = packet.streamId;
    head.frameId = packet.frameId;
    head.packetCount = packet.packetCount;
    head.referenceDistance = packet.referenceDistance;
    head.captureTimeUs = packet.captureTimeUs;
    this.#isOpen = true;
    this.#filled = 0;
    this.#nextIndex = 0;
  }

  #append(packet: Readonly<SourcePacket>, datagram: Uint8Array): DepacketizeOutcome {
    const end = this.#filled + packet.payloadBytes;
    if (end > MAX_FRAME_BYTES) {
      this.abandon();
      return "too_large";
    }
    if (SOURCE_HEADER_BYTES + end > this.#buffer.byteLength) this.#grow(end);
    this.#copy(datagram);
    this.#filled = end;
    this.#nextIndex = packet.packetIndex + 1;
    this.#nextSourceId = add32(packet.sourceId, 1);
    if (this.#nextIndex < packet.packetCount) return "open";
    this.#frame = {
      streamId: packet.streamId,
      frameId: packet.frameId,
      referenceDistance: packet.referenceDistance,
      captureTimeUs: packet.captureTimeUs,
      payload: this.#buffer.subarray(SOURCE_HEADER_BYTES, SOURCE_HEADER_BYTES + end),
    };
    this.#isOpen = false;
    this.#stats.framesCompleted++;
    return "complete";
  }

  /**
   * Appends the payload of a datagram. The whole of it is copied, so that no view of its payload has to
   * be made; its header lands on the end of the payload before, which is put back.
   */
  #copy(datagram: Uint8Array): void {
    const buffer = this.#buffer;
    const covered = this.#covered;
    const start = this.#filled;
    for (let at = 0; at < SOURCE_HEADER_BYTES; at++) covered[at] = buffer[start + at]!;
    buffer.set(datagram, start);
    for (let at = 0; at < SOURCE_HEADER_BYTES; at++) buffer[start + at] = covered[at]!;
  }

  #grow(bytes: number): void {
    let size = this.#buffer.byteLength;
    while (size < SOURCE_HEADER_BYTES + bytes) size *= 2;
    const grown = new Uint8Array(Math.min(size, SOURCE_HEADER_BYTES + MAX_FRAME_BYTES));
    grown.set(this.#buffer.subarray(0, SOURCE_HEADER_BYTES + this.#filled));
    this.#buffer = grown;
  }
}

function sameFrame(head: Readonly<SourcePacket>, packet: Readonly<SourcePacket>): boolean {
  return head.frameId === packet.frameId && head.packetCount === packet.packetCount &&
    head.referenceDistance === packet.referenceDistance &&
    head.captureTimeUs === packet.captureTimeUs && head.streamId === packet.streamId;
}
