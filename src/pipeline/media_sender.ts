/**
 * MediaSender: joins packetize and send for one viewer of one stream. A viewer gets nothing before
 * its first keyframe; what the transport does not take is dropped and counted, never queued here.
 */

import { Packetizer } from "../packet/packetizer.ts";
import type { PacketizerStats } from "../packet/packetizer.ts";
import type { Connection } from "../transport/connection.ts";
import type { EncodedFrame } from "../wire/frame.ts";

/** Counters of a sender. */
export interface MediaSenderStats {
  framesSent: number;
  /** Frames before the first keyframe, or while the path was too small. */
  framesSkipped: number;
  packetsDropped: number;
  bytesSent: number;
}

/** Where the packets go. */
export type DatagramSink = Pick<Connection, "sendDatagram" | "maxDatagramSize">;

/** What a sender is made of. */
export interface MediaSenderOptions {
  readonly connection: DatagramSink;
  readonly streamId: number;
}

/** Sends the frames of one stream to one viewer. */
export class MediaSender {
  readonly #connection: DatagramSink;
  readonly #packetizer: Packetizer;
  readonly #stats: MediaSenderStats = {
    framesSent: 0,
    framesSkipped: 0,
    packetsDropped: 0,
    bytesSent: 0,
  };
  #started = false;
  readonly #sendPacket = (packet: Uint8Array): void => {
    if (this.#connection.sendDatagram(packet)) this.#stats.bytesSent += packet.byteLength;
    else this.#stats.packetsDropped++;
  };

  constructor(options: MediaSenderOptions) {
    this.#connection = options.connection;
    this.#packetizer = new Packetizer(options.streamId);
  }

  get stats(): Readonly<MediaSenderStats> {
    return this.#stats;
  }

  get packetizerStats(): Readonly<PacketizerStats> {
    return this.#packetizer.stats;
  }

  /** True once a keyframe was sent, so that what follows can be decoded. */
  get started(): boolean {
    return this.#started;
  }

  /** Sends one frame; true when its packets were handed to the transport. */
  push(frame: EncodedFrame): boolean {
    if (!this.#started && frame.referenceDistance !== 0) {
      this.#stats.framesSkipped++;
      return false;
    }
    const packets = this.#packetizer.push(
      frame,
      this.#connection.maxDatagramSize,
      this.#sendPacket,
    );
    if (packets === 0) {
      this.#stats.framesSkipped++;
      return false;
    }
    this.#started = true;
    this.#stats.framesSent++;
    return true;
  }
}
