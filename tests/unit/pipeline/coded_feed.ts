/**
 * Coded feed: the sending side as a receiver sees it, without any policy: frames become source packets
 * and repairs of a given redundancy, numbered as one viewer's. For tests of what receives.
 */

import { add32 } from "../../../src/core/sequence.ts";
import { StreamingFecEncoder } from "../../../src/fec/fec_encoder.ts";
import { Packetizer } from "../../../src/packet/packetizer.ts";
import type { EncodedFrame } from "../../../src/wire/frame.ts";
import { streamByte } from "../../../src/wire/packet.ts";

/** Time between frames. */
export const FRAME_US = 16_667;

/** How the feed looks. */
export interface CodedFeedOptions {
  readonly redundancy?: number;
  readonly maxDatagramSize?: number;
  /** Id of the first packet; near 2^32 for tests of the wrap-around. */
  readonly firstSourceId?: number;
  readonly streamId?: number;
}

/** A frame whose every byte is the low byte of its id. */
export function frameOf(frameId: number, referenceDistance: number, bytes = 3000): EncodedFrame {
  const payload = new Uint8Array(bytes).fill(frameId & 0xff);
  const captureTimeUs = frameId * FRAME_US;
  return { streamId: 0, frameId, referenceDistance, captureTimeUs, payload };
}

/** Makes the datagrams of one viewer. */
export class CodedFeed {
  readonly #packetizer: Packetizer;
  readonly #encoder: StreamingFecEncoder;
  readonly #maxDatagramSize: number;
  readonly #firstSourceId: number;
  readonly #streamId: number;
  #sequence = 0;
  #epoch = 0;

  constructor(options: CodedFeedOptions = {}) {
    this.#streamId = options.streamId ?? 0;
    this.#packetizer = new Packetizer(this.#streamId);
    this.#encoder = new StreamingFecEncoder({ streamId: this.#streamId });
    this.#encoder.setRedundancy(options.redundancy ?? 0);
    this.#maxDatagramSize = options.maxDatagramSize ?? 1200;
    this.#firstSourceId = options.firstSourceId ?? 0;
  }

  /** The id of the next source packet. */
  get nextSourceId(): number {
    return add32(this.#firstSourceId, this.#packetizer.nextSourceId);
  }

  /** The source packets of one frame, then its repairs. */
  frame(frame: EncodedFrame): Uint8Array<ArrayBuffer>[] {
    const datagrams: Uint8Array<ArrayBuffer>[] = [];
    this.#packetizer.push(frame, this.#maxDatagramSize, (packet) => {
      const view = new DataView(packet.buffer, packet.byteOffset);
      const sourceId = add32(this.#firstSourceId, view.getUint32(4, true));
      const source = this.#numbered(packet);
      new DataView(source.buffer).setUint32(4, sourceId, true);
      this.#encoder.push(source);
      datagrams.push(source);
    });
    for (let repair = this.#encoder.pullRepair(0); repair !== undefined;) {
      datagrams.push(this.#numbered(repair));
      repair = this.#encoder.pullRepair(0);
    }
    return datagrams;
  }

  /** A repair over a range that a viewer reported. */
  reactive(firstSourceId: number, length: number): Uint8Array<ArrayBuffer> {
    const lastSourceId = add32(firstSourceId, length - 1);
    const repair = this.#encoder.pullReactiveRepair({ firstSourceId, lastSourceId }, 0);
    if (repair === undefined) throw new Error(`Cannot repair ${firstSourceId}`);
    return this.#numbered(repair);
  }

  /** The viewer gets other ids from here on, and no repair of older ones. */
  startEpoch(): void {
    this.#epoch = (this.#epoch + 1) & 15;
    this.#encoder.acknowledge(add32(this.nextSourceId, -1));
  }

  #numbered(packet: Uint8Array): Uint8Array<ArrayBuffer> {
    const copy = packet.slice();
    copy[1] = streamByte(this.#streamId, this.#epoch);
    new DataView(copy.buffer).setUint16(2, this.#sequence, true);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    return copy;
  }
}
