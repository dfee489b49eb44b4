/**
 * GatewayLink: the messages between the server process and one gateway process, at either end: many
 * peers over one pair of pipes, bounded both ways in bytes by acknowledgements. What breaks its
 * format, or takes nothing for too long, ends the link and with it the gateway process.
 */

import { readU32 } from "../core/bytes.ts";
import { writeU32 } from "../transport/mux/mux_message.ts";
import {
  encodeGatewayControl,
  type GatewayControl,
  parseGatewayControl,
} from "./gateway_control.ts";
import { GATEWAY_KINDS, type GatewayHeader, type GatewayKindName } from "./gateway_message.ts";
import { GatewayOutbox } from "./gateway_outbox.ts";
import { GatewayPeer, type GatewayPeerHandlers, type GatewayPeerLink } from "./gateway_peer.ts";
import type { GatewayPipe } from "./gateway_pipe.ts";
import { GatewaySplitter } from "./gateway_splitter.ts";

/** One read takes a whole ordinary frame. */
export const GATEWAY_READ_BYTES = 262_144;
/** Bytes under way to a peer that it has whatever others have, so that slow peers stop no other. */
export const GATEWAY_SHARE_BYTES = 139_264;
/** Bytes under way to all peers beyond their shares; control messages go on up to twice this. */
export const GATEWAY_UNDER_WAY_BYTES_MAX = 16_777_216;
/** Buffers of a link that carries messages of ordinary sizes: a read, two writes, a gathered one. */
export const GATEWAY_LINK_BUFFER_BYTES = GATEWAY_READ_BYTES + 3 * 65_536;
/** Peers of one gateway. */
export const GATEWAY_PEERS_MAX = 256;
/** Bytes that came and are not taken: a sender that keeps to its limits never gets here. */
const HELD_BYTES_MAX = 2 * GATEWAY_UNDER_WAY_BYTES_MAX + GATEWAY_PEERS_MAX * GATEWAY_SHARE_BYTES;

/** How a link is set up. */
export interface GatewayLinkOptions {
  readonly side: "server" | "gateway";
  /** The gateway's: the server opened a peer by this message. */
  readonly peerOpened?: (peer: GatewayPeer, message: GatewayControl) => void;
  /** The link is over, by `close` or by itself; called once, after all peers heard of it. */
  readonly ended: (reason: string) => void;
}

/** Counters of a link. */
export interface GatewayLinkStats {
  messagesSent: number;
  messagesReceived: number;
  /** Messages that found no room. */
  refused: number;
  /** Messages of peers that had ended. */
  droppedLate: number;
}

/** One end of a link. */
export class GatewayLink implements GatewayPeerLink {
  readonly stats: GatewayLinkStats = {
    messagesSent: 0,
    messagesReceived: 0,
    refused: 0,
    droppedLate: 0,
  };
  /** The gateway itself: messages that are of no peer. */
  readonly root: GatewayPeer;
  readonly #options: GatewayLinkOptions;
  readonly #pipe: GatewayPipe;
  readonly #outbox: GatewayOutbox;
  readonly #splitter: GatewaySplitter;
  readonly #peers = new Map<number, GatewayPeer>();
  readonly #owing = new Set<GatewayPeer>();
  readonly #creditBytes = new Uint8Array(4);
  #lastPeerId = 0;
  #underWay = 0;
  #beyondShares = 0;
  #held = 0;
  #isFlushing = false;
  #isEnded = false;

  /** Reads from `pipe` at once. */
  constructor(pipe: GatewayPipe, options: GatewayLinkOptions) {
    this.#pipe = pipe;
    this.#options = options;
    this.#outbox = new GatewayOutbox(pipe, () => this.end("Pipe is broken"));
    this.#splitter = new GatewaySplitter((header, payload) => this.#take(header, payload));
    this.root = new GatewayPeer(0, this);
    void this.#read();
  }

  /** Peers that have not ended. */
  get peers(): number {
    return this.#peers.size;
  }

  /** Payload bytes that the other end has not taken. */
  get unacknowledgedBytes(): number {
    return this.#underWay;
  }

  /** Memory of this end: buffers of the pipes with what waits in them. */
  get heldBytes(): number {
    const buffers = GATEWAY_READ_BYTES + this.#splitter.bufferBytes + this.#outbox.bufferBytes;
    return buffers + this.#held;
  }

  /** True once the link is over. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The server's: opens a peer by a control message; undefined when there are too many. */
  openPeer(message: GatewayControl, handlers: GatewayPeerHandlers): GatewayPeer | undefined {
    if (this.#isEnded || this.#peers.size >= GATEWAY_PEERS_MAX) return undefined;
    const peer = this.#add(this.#lastPeerId + 1);
    peer.listen(handlers);
    peer.sendControl(message);
    return peer;
  }

  /** Ends the link; every peer hears of it. Idempotent. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#outbox.close();
    this.#pipe.close();
    for (const peer of [...this.#peers.values(), this.root]) peer.endByLink(reason);
    this.#options.ended(reason);
  }

  /** A peer's: sends its message when there is room. */
  pass(message: {
    peer: GatewayPeer;
    kind: GatewayKindName;
    payload: Uint8Array;
    prefix: Uint8Array | undefined;
  }): boolean {
    const { peer, kind, payload, prefix } = message;
    const bytes = payload.length + (prefix?.length ?? 0);
    const before = peer.unacknowledgedBytes;
    const more = beyondShare(before + bytes) - beyondShare(before);
    if (this.#isEnded || (more > 0 && this.#beyondShares + more > GATEWAY_UNDER_WAY_BYTES_MAX)) {
      this.stats.refused++;
      return false;
    }
    this.#count(peer, bytes);
    this.#outbox.push({ kind, peerId: peer.id, prefix, payload });
    return true;
  }

  /** A peer's: sends a control message. */
  passControl(peer: GatewayPeer, message: GatewayControl): void {
    if (this.#isEnded) return;
    const payload = encodeGatewayControl(message);
    const { bytesMax, underWayBytesMax } = GATEWAY_KINDS.control;
    if (payload.length > bytesMax) {
      throw new RangeError(`Cannot send a control message of ${payload.length} bytes`);
    }
    this.#count(peer, payload.length);
    this.#outbox.push({ kind: "control", peerId: peer.id, payload });
    const isStuck = peer.unacknowledgedBytes > underWayBytesMax ||
      this.#beyondShares > 2 * GATEWAY_UNDER_WAY_BYTES_MAX;
    if (isStuck) queueMicrotask(() => this.end("It takes no messages"));
  }

  /** A peer's: credit is to go out with the next write. */
  owesCredit(peer: GatewayPeer): void {
    this.#owing.add(peer);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flushCredit());
  }

  /** A peer's: what is not taken here changed. */
  heldChanged(byBytes: number): void {
    this.#held += byBytes;
  }

  /** A peer's: it is over. */
  forget(peer: GatewayPeer): void {
    this.#changeUnderWay(peer.unacknowledgedBytes, 0);
    this.#owing.delete(peer);
    this.#peers.delete(peer.id);
  }

  #add(id: number): GatewayPeer {
    const peer = new GatewayPeer(id, this);
    this.#peers.set(id, peer);
    this.#lastPeerId = id;
    return peer;
  }

  #count(peer: GatewayPeer, bytes: number): void {
    const before = peer.unacknowledgedBytes;
    peer.wasSent(bytes);
    this.#changeUnderWay(before, before + bytes);
    this.stats.messagesSent++;
  }

  #changeUnderWay(before: number, after: number): void {
    this.#underWay += after - before;
    this.#beyondShares += beyondShare(after) - beyondShare(before);
  }

  #flushCredit(): void {
    this.#isFlushing = false;
    for (const peer of this.#owing) {
      writeU32(this.#creditBytes, 0, peer.takeOwed());
      this.#outbox.push({ kind: "credit", peerId: peer.id, payload: this.#creditBytes });
    }
    this.#owing.clear();
  }

  async #read(): Promise<void> {
    let buffer = new Uint8Array(GATEWAY_READ_BYTES);
    try {
      while (!this.#isEnded) {
        const bytes = await this.#pipe.read(buffer);
        if (bytes === undefined) break;
        this.#splitter.push(bytes);
        buffer = new Uint8Array(bytes.buffer);
      }
      this.end("Pipe is closed");
    } catch (error) {
      this.end(error instanceof Error ? error.message : String(error));
    }
  }

  #take({ kind, peerId }: GatewayHeader, payload: Uint8Array): void {
    if (this.#isEnded) return;
    const peer = peerId === 0 ? this.root : this.#peers.get(peerId);
    if (kind === "credit") return this.#takeCredit(peer, payload);
    this.stats.messagesReceived++;
    if (kind === "control") return this.#takeControl(peerId, peer, payload);
    if (peer !== undefined) peer.receive(kind, payload);
    else this.stats.droppedLate++;
    if (this.#held > HELD_BYTES_MAX) this.end("It sends more than there is room for");
  }

  #takeCredit(peer: GatewayPeer | undefined, payload: Uint8Array): void {
    if (peer === undefined) return;
    const bytes = payload.length === 4 ? readU32(payload, 0) : 0;
    // Counted before the peer hears of it: it may send at once.
    const before = peer.unacknowledgedBytes;
    if (bytes <= before) this.#changeUnderWay(before, before - bytes);
    if (bytes === 0 || !peer.wasTaken(bytes)) this.end(`Credit of ${bytes} bytes`);
  }

  #takeControl(peerId: number, known: GatewayPeer | undefined, payload: Uint8Array): void {
    const message = parseGatewayControl(payload);
    const isNew = known === undefined && peerId > this.#lastPeerId;
    if (isNew && this.#options.peerOpened === undefined) {
      return this.end(`Peer ${peerId} was never opened`);
    }
    if (known === undefined && !isNew) {
      this.stats.droppedLate++;
      return;
    }
    const peer = known ?? this.#add(peerId);
    if (message.type === "close_peer") {
      if (peer !== this.root) peer.endByLink(message.reason);
      return;
    }
    peer.receiveControl(isNew ? undefined : message, payload.length);
    if (isNew) this.#options.peerOpened?.(peer, message);
  }
}

function beyondShare(bytes: number): number {
  return Math.max(0, bytes - GATEWAY_SHARE_BYTES);
}
