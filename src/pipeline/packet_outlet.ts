/**
 * PacketOutlet: the last step of send for one viewer: gives each packet the viewer's epoch and
 * transport sequence, lets it go or wait by the pacer, and notes it as in flight. Only what the
 * transport took has a sequence. It holds the pacer's queue and a table of the last sequences.
 */

import { Pacer } from "../congestion/pacer.ts";
import type { SentPackets } from "../congestion/sent_packets.ts";
import { add16, distance16 } from "../core/sequence.ts";
import { FEC_MAX_DATAGRAM_BYTES } from "../fec/symbol_ring.ts";
import type { Connection } from "../transport/connection.ts";
import {
  CODING_EPOCHS,
  PACKET_FLAG_REPAIR,
  REPAIR_HEADER_BYTES,
  SOURCE_HEADER_BYTES,
  streamByte,
} from "../wire/packet.ts";
import { readU32 } from "../wire/repair.ts";

/** Sequences whose source ids are known: twice what the bitmap of a report reaches back. */
const REMEMBERED_SEQUENCES = 1024;
const NO_SOURCE = -1;

/** Where the packets go. */
export type DatagramSink =
  & Pick<Connection, "sendDatagram" | "maxDatagramSize">
  & Partial<Pick<Connection, "transport">>;

/** Counters of an outlet. */
export interface OutletStats {
  packetsSent: number;
  bytesSent: number;
  /** Bytes of them that are headers of ours. */
  headerBytesSent: number;
  /** Packets that the transport or the pacer's queue did not take, or that waited too long. */
  packetsDropped: number;
  /** Packets that had to wait. */
  packetsPaced: number;
  /** Time that packets waited before they were sent, as a sum. */
  waitedUs: number;
}

/** What an outlet is made of. */
export interface PacketOutletOptions {
  readonly connection: DatagramSink;
  readonly streamId: number;
  readonly sent: SentPackets;
  readonly targetBps: number;
  /** The path loses nothing and paces by itself: packets go at once. Default false. */
  readonly isReliable?: boolean;
}

/** Sends the packets of one viewer. */
export class PacketOutlet {
  readonly #connection: DatagramSink;
  #streamId: number;
  readonly #sent: SentPackets;
  readonly #pacer: Pacer;
  readonly #isReliable: boolean;
  /** Newest source id of the epoch that was sent with or before a sequence, by its low bits. */
  readonly #sourceIds = new Float64Array(REMEMBERED_SEQUENCES).fill(NO_SOURCE);
  #lastSourceId = NO_SOURCE;
  #sequence = 0;
  #epoch = CODING_EPOCHS - 1;
  #packetsSent = 0;
  #bytesSent = 0;
  #headerBytesSent = 0;
  #packetsRefused = 0;

  constructor(options: PacketOutletOptions) {
    this.#connection = options.connection;
    this.#streamId = options.streamId;
    this.#sent = options.sent;
    const { targetBps, isReliable = false } = options;
    this.#isReliable = isReliable;
    this.#pacer = new Pacer({ targetBps, packetBytesMax: FEC_MAX_DATAGRAM_BYTES });
  }

  get stats(): OutletStats {
    const { refused, expired, paced, waitedUs } = this.#pacer.stats;
    return {
      packetsSent: this.#packetsSent,
      bytesSent: this.#bytesSent,
      headerBytesSent: this.#headerBytesSent,
      packetsDropped: this.#packetsRefused + refused + expired,
      packetsPaced: paced,
      waitedUs,
    };
  }

  /** Bytes that the transport took so far. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Coding epoch of the packets from now on. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Sequence of the newest packet that was sent. */
  get newestSequence(): number {
    return add16(this.#sequence, -1);
  }

  /** Newest source id of the epoch that has left; undefined when none has. */
  get lastSourceId(): number | undefined {
    return this.#lastSourceId === NO_SOURCE ? undefined : this.#lastSourceId;
  }

  /** The same at the time when the packet of `transportSequence`, one of the last 1,024, had left. */
  lastSourceIdAt(transportSequence: number): number | undefined {
    const back = distance16(transportSequence, this.newestSequence);
    if (back < 0 || back >= REMEMBERED_SEQUENCES) return undefined;
    const sourceId = this.#sourceIds[transportSequence % REMEMBERED_SEQUENCES]!;
    return sourceId === NO_SOURCE ? undefined : sourceId;
  }

  /** Bytes that it holds for ever, with what is remembered of sent packets. */
  get bufferBytes(): number {
    return this.#pacer.bufferBytes + this.#sourceIds.byteLength + this.#sent.bufferBytes;
  }

  /** Bytes that wait in the pacer. */
  get queuedBytes(): number {
    return this.#pacer.queuedBytes;
  }

  /** How long the last of them will wait. */
  get queuedUs(): number {
    return this.#pacer.queuedUs;
  }

  /** When to call `pull`, or undefined. */
  get deadline(): number | undefined {
    return this.#pacer.deadline;
  }

  /** What may be sent, from which the pace follows. */
  setTarget(targetBps: number): void {
    this.#pacer.setTarget(targetBps);
  }

  /** How long packets may wait in the pacer. */
  setAgeMax(ageUsMax: number): void {
    this.#pacer.setAgeMax(ageUsMax);
  }

  /** Packets from now on are of another stream; sequences and epochs go on. */
  moveTo(streamId: number): void {
    this.#streamId = streamId;
  }

  /** Source ids begin anew elsewhere. */
  startEpoch(): void {
    this.#epoch = (this.#epoch + 1) % CODING_EPOCHS;
    this.#sourceIds.fill(NO_SOURCE);
    this.#lastSourceId = NO_SOURCE;
  }

  /** Sends a packet, or keeps a copy until it may go. Writes to bytes 1 to 3 of it. */
  send(packet: Uint8Array, nowUs: number): void {
    packet[1] = streamByte(this.#streamId, this.#epoch);
    if (this.#isReliable || this.#pacer.push(packet, nowUs) === "send") {
      this.#transmit(packet, nowUs);
    }
  }

  /** Bytes that others sent just now. */
  noteOther(bytes: number, nowUs: number): void {
    this.#pacer.noteOther(bytes, nowUs);
  }

  /** Sends what has waited long enough. */
  pull(nowUs: number): void {
    for (;;) {
      const packet = this.#pacer.pull(nowUs);
      if (packet === undefined) return;
      this.#transmit(packet, nowUs);
    }
  }

  /** Drops what waits: its time has passed. */
  clear(): void {
    this.#packetsRefused += this.#pacer.queuedPackets;
    this.#pacer.clear();
  }

  #transmit(packet: Uint8Array, nowUs: number): void {
    packet[2] = this.#sequence;
    packet[3] = this.#sequence >> 8;
    if (!this.#connection.sendDatagram(packet)) {
      this.#packetsRefused++;
      return;
    }
    this.#sent.push(this.#sequence, packet.byteLength, nowUs);
    // A packet that waited may be of the epoch before.
    const isRepair = (packet[0]! & PACKET_FLAG_REPAIR) !== 0;
    const isSource = !isRepair && packet[1]! >> 4 === this.#epoch;
    if (isSource) this.#lastSourceId = readU32(packet, 4);
    this.#sourceIds[this.#sequence % REMEMBERED_SEQUENCES] = this.#lastSourceId;
    this.#sequence = add16(this.#sequence, 1);
    this.#packetsSent++;
    this.#bytesSent += packet.byteLength;
    this.#headerBytesSent += isRepair ? REPAIR_HEADER_BYTES : SOURCE_HEADER_BYTES;
  }
}
