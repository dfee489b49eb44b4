/**
 * GatewayPeer: one peer of a gateway process, at either end of a GatewayLink: what is sent to it and
 * not yet taken, and what came from it and is not yet taken here, counted in bytes, so that a slow
 * peer costs neither process a growing queue and no other peer its room.
 */

import { type GatewayControl, gatewayReason } from "./gateway_control.ts";
import { GATEWAY_KINDS, type GatewayKindName } from "./gateway_message.ts";

/** Hears of a peer. Nothing is called after `ended`. */
export interface GatewayPeerHandlers {
  /**
   * A message that is no control message; the payload is valid only during the call. True when it
   * is taken; false when `consumed` is called later with as many bytes.
   */
  message?(kind: GatewayKindName, payload: Uint8Array): boolean;
  /** A control message that is not the link's own. */
  control?(message: GatewayControl): void;
  /** The other end took something: there may be room again. */
  drained?(): void;
  /** The other end closed it, or the link is gone; not called after `close`. */
  ended?(reason: string): void;
}

/** What a peer needs of its link. */
export interface GatewayPeerLink {
  /** Sends it unless all peers together have too much under way. */
  pass(message: {
    readonly peer: GatewayPeer;
    readonly kind: GatewayKindName;
    readonly payload: Uint8Array;
    readonly prefix: Uint8Array | undefined;
  }): boolean;
  passControl(peer: GatewayPeer, message: GatewayControl): void;
  /** Some of what came was taken; credit goes out soon. */
  owesCredit(peer: GatewayPeer): void;
  /** What is not taken here changed. */
  heldChanged(byBytes: number): void;
  forget(peer: GatewayPeer): void;
}

/** One peer. */
export class GatewayPeer {
  /** 0 is the gateway itself; else counted up by the server process, never used again. */
  readonly id: number;
  readonly #link: GatewayPeerLink;
  #handlers: GatewayPeerHandlers = {};
  #underWay = 0;
  #held = 0;
  #owed = 0;
  #isEnded = false;

  constructor(id: number, link: GatewayPeerLink) {
    this.id = id;
    this.#link = link;
  }

  /** Payload bytes that the other end has not taken. */
  get unacknowledgedBytes(): number {
    return this.#underWay;
  }

  /** Payload bytes that came and are not taken here. */
  get heldBytes(): number {
    return this.#held;
  }

  /** True once it is closed or ended. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Names who hears; before, messages count as taken and are dropped. */
  listen(handlers: GatewayPeerHandlers): void {
    this.#handlers = handlers;
  }

  /** Sends `prefix` and `payload` as one message; false when there is no room, or no peer. */
  send(kind: GatewayKindName, payload: Uint8Array, prefix?: Uint8Array): boolean {
    if (this.#isEnded) return false;
    const bytes = payload.length + (prefix?.length ?? 0);
    const { bytesMax, underWayBytesMax } = GATEWAY_KINDS[kind];
    if (bytes > bytesMax) throw new RangeError(`Cannot send ${bytes} bytes of "${kind}"`);
    if (this.#underWay > 0 && this.#underWay + bytes > underWayBytesMax) return false;
    return this.#link.pass({ peer: this, kind, payload, prefix });
  }

  /** Sends a control message, which always goes: who does not take it is ended. */
  sendControl(message: GatewayControl): void {
    if (!this.#isEnded) this.#link.passControl(this, message);
  }

  /** `bytes` of messages that `message` did not take are taken now. */
  consumed(bytes: number): void {
    if (this.#isEnded || bytes === 0) return;
    this.#hold(-bytes);
    this.#owed += bytes;
    this.#link.owesCredit(this);
  }

  /** Ends the peer at both ends; idempotent. */
  close(reason: string): void {
    if (this.#isEnded) return;
    this.sendControl({ type: "close_peer", reason: gatewayReason(reason) });
    this.#end();
  }

  /** The link's: bytes are under way. */
  wasSent(bytes: number): void {
    this.#underWay += bytes;
  }

  /** The link's: the other end took `bytes`; false when that is more than there was. */
  wasTaken(bytes: number): boolean {
    if (bytes > this.#underWay) return false;
    this.#underWay -= bytes;
    this.#handlers.drained?.();
    return true;
  }

  /** The link's: a message came. */
  receive(kind: GatewayKindName, payload: Uint8Array): void {
    const bytes = payload.length;
    this.#hold(bytes);
    const isTaken = this.#handlers.message?.(kind, payload) ?? true;
    if (isTaken) this.consumed(bytes);
  }

  /** The link's: a control message of `bytes` came; undefined is the one that opened the peer. */
  receiveControl(message: GatewayControl | undefined, bytes: number): void {
    this.#hold(bytes);
    if (message !== undefined) this.#handlers.control?.(message);
    this.consumed(bytes);
  }

  /** The link's: credit to send now. */
  takeOwed(): number {
    const owed = this.#owed;
    this.#owed = 0;
    return owed;
  }

  /** The link's: the peer is gone. */
  endByLink(reason: string): void {
    if (this.#isEnded) return;
    const { ended } = this.#handlers;
    this.#end();
    ended?.(reason);
  }

  #end(): void {
    this.#isEnded = true;
    this.#handlers = {};
    this.#hold(-this.#held);
    this.#link.forget(this);
  }

  #hold(byBytes: number): void {
    this.#held += byBytes;
    this.#link.heldChanged(byBytes);
  }
}
