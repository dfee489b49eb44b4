/**
 * MediaGroup: joins packetize and protect for all viewers of a stream that get the same packets. A
 * frame is cut once and a repair is encoded once, whatever the number of viewers; each member sends
 * them with its own epoch and transport sequence. A member gets every frame of the group: who must
 * skip one leaves. At most `MAX_SENDERS` members, one slab of packets and one coding ring of memory.
 */

import { distance32 } from "../core/sequence.ts";
import { StreamingFecEncoder } from "../fec/fec_encoder.ts";
import type { FecEncoderStats, SourceRange } from "../fec/fec_encoder.ts";
import { FEC_MAX_DATAGRAM_BYTES } from "../fec/symbol_ring.ts";
import { Packetizer } from "../packet/packetizer.ts";
import type { PacketizerStats } from "../packet/packetizer.ts";
import type { FrameLayers } from "../wire/control.ts";
import type { EncodedFrame } from "../wire/frame.ts";
import { MAX_RELIABLE_DATAGRAM_BYTES, MIN_DATAGRAM_BYTES } from "../wire/packet.ts";

/**
 * Sizes of datagram that groups use, largest first: a path uses the largest that fits. The last is for
 * paths that lose nothing, which get no repairs.
 */
const DATAGRAM_CLASSES = [
  FEC_MAX_DATAGRAM_BYTES,
  1150,
  MIN_DATAGRAM_BYTES,
  MAX_RELIABLE_DATAGRAM_BYTES,
] as const;
/** The class of paths that lose nothing. */
export const RELIABLE_CLASS = DATAGRAM_CLASSES.length - 1;

/** Counters of a group that makes no repairs. */
const NO_REPAIRS: Readonly<FecEncoderStats> = {
  ...{ sourceSymbols: 0, restarts: 0, unprotected: 0, repairs: 0 },
  ...{ reactiveRepairs: 0, repairBytes: 0 },
};

/** Number of sizes of datagram that groups use. */
export const DATAGRAM_CLASS_COUNT = DATAGRAM_CLASSES.length;

/** The class of a path whose datagrams hold `maxDatagramSize`: 0 is the largest; undefined: none fits. */
export function datagramClassOf(maxDatagramSize: number, isReliable = false): number | undefined {
  if (isReliable && maxDatagramSize >= MAX_RELIABLE_DATAGRAM_BYTES) return RELIABLE_CLASS;
  const index = DATAGRAM_CLASSES.findIndex((bytes) => bytes <= maxDatagramSize);
  return index < 0 ? undefined : index;
}

/** What a group asks of a member. None of it may throw. */
export interface GroupMember {
  /** Round trip of its path in frames. */
  readonly roundTripFrames: number;
  /** Newest source id that it needs no repair for any more, or undefined. */
  readonly acknowledgedSourceId: number | undefined;
  /** Repairs that are due to it now. */
  readonly repairsDue: number;
  /**
   * A frame begins, its first packet has `firstSourceId`. True when the viewer needs no older packet:
   * repairs then cover none.
   */
  beginFrame(frame: EncodedFrame, firstSourceId: number, nowUs: number): boolean;
  /** Sends the next source packet. It may write to bytes 1 to 3, and keeps nothing of the packet. */
  sendSource(packet: Uint8Array, nowUs: number): void;
  /** Sends a repair that was due; as above. */
  sendRepair(packet: Uint8Array, nowUs: number): void;
  /** No repair can be made of the window as it is. */
  clearRepairs(): void;
  /** The frame's packets and repairs were given to it. */
  endFrame(nowUs: number): void;
}

/** What a group is made of. */
export interface MediaGroupOptions {
  readonly streamId: number;
  /** Size of datagrams that all members can send, as `datagramClassOf` has it. */
  readonly datagramClass: number;
  readonly layers: FrameLayers;
}

/** True when a viewer that gets `layers` gets `frame`. */
export function isInLayers(layers: FrameLayers, frame: EncodedFrame): boolean {
  if (layers === "keyframes") return frame.referenceDistance === 0;
  return layers === "all" || (frame.layer ?? 0) === 0;
}

/** Cuts and protects frames once for its members. */
export class MediaGroup {
  readonly layers: FrameLayers;
  readonly datagramClass: number;
  readonly #datagramBytes: number;
  readonly #packetizer: Packetizer;
  /** Absent where nothing is lost. */
  readonly #encoder: StreamingFecEncoder | undefined;
  readonly #members: GroupMember[] = [];
  #nowUs = 0;
  readonly #takePacket = (packet: Uint8Array): void => this.#push(packet);

  constructor(options: MediaGroupOptions) {
    this.layers = options.layers;
    this.datagramClass = options.datagramClass;
    this.#datagramBytes = DATAGRAM_CLASSES[options.datagramClass] ?? MIN_DATAGRAM_BYTES;
    this.#packetizer = new Packetizer(options.streamId);
    if (options.datagramClass === RELIABLE_CLASS) return;
    this.#encoder = new StreamingFecEncoder({ streamId: options.streamId });
  }

  /** Members now. */
  get size(): number {
    return this.#members.length;
  }

  get packetizerStats(): Readonly<PacketizerStats> {
    return this.#packetizer.stats;
  }

  get fecStats(): Readonly<FecEncoderStats> {
    return this.#encoder?.stats ?? NO_REPAIRS;
  }

  /** What its members share, for people who measure. */
  get summary(): Readonly<FecEncoderStats> & { layers: FrameLayers; members: number } {
    return { layers: this.layers, members: this.size, ...this.fecStats };
  }

  /** Packets that the next repair covers. */
  get windowPackets(): number {
    return this.#encoder?.windowLength ?? 0;
  }

  /** Bytes that its coding ring and its packets hold. */
  get bufferBytes(): number {
    return (this.#encoder?.bufferBytes ?? 0) + this.#packetizer.bufferBytes;
  }

  /** Adds a member; repairs cover nothing older than what it gets from now on. */
  add(member: GroupMember): void {
    this.#members.push(member);
    this.#coverFrom(this.#packetizer.nextSourceId);
  }

  /** Removes a member. */
  remove(member: GroupMember): void {
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
  }

  /** Sends one frame to all members; the payload is read only during the call. */
  push(frame: EncodedFrame, nowUs: number): void {
    if (this.#members.length === 0) return;
    this.#nowUs = nowUs;
    this.#followPath();
    const firstSourceId = this.#packetizer.nextSourceId;
    let isFresh = frame.referenceDistance === 0;
    for (const member of this.#members) {
      if (member.beginFrame(frame, firstSourceId, nowUs)) isFresh = true;
    }
    if (isFresh) this.#coverFrom(firstSourceId);
    this.#packetizer.push(frame, this.#datagramBytes, this.#takePacket);
    for (const member of this.#members) member.endFrame(nowUs);
  }

  /** A repair over `range` alone, for one viewer, valid until the next packet is made. */
  reactiveRepair(range: SourceRange): Uint8Array | undefined {
    return this.#encoder?.pullReactiveRepair(range, 0);
  }

  #push(packet: Uint8Array): void {
    const members = this.#members;
    // First the viewers, then the ring: the copy for repairs delays nobody.
    for (const member of members) member.sendSource(packet, this.#nowUs);
    const encoder = this.#encoder;
    if (encoder === undefined) return;
    encoder.push(packet);
    for (;;) {
      let due = 0;
      for (const member of members) due = Math.max(due, member.repairsDue);
      if (due === 0) return;
      const repair = encoder.makeRepair(0);
      for (const member of members) {
        if (repair === undefined) member.clearRepairs();
        else if (member.repairsDue > 0) member.sendRepair(repair, this.#nowUs);
      }
    }
  }

  /** The window serves the member with the longest path and the fewest acknowledged packets. */
  #followPath(): void {
    let frames = 0;
    let acknowledged = this.#members[0]?.acknowledgedSourceId;
    for (const member of this.#members) {
      frames = Math.max(frames, member.roundTripFrames);
      const id = member.acknowledgedSourceId;
      if (id === undefined || acknowledged === undefined) acknowledged = undefined;
      else if (distance32(acknowledged, id) < 0) acknowledged = id;
    }
    this.#encoder?.setRoundTrip(frames);
    if (acknowledged !== undefined) this.#encoder?.acknowledge(acknowledged);
  }

  #coverFrom(sourceId: number): void {
    this.#encoder?.acknowledge((sourceId - 1) >>> 0);
  }
}
