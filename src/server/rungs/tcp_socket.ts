/**
 * TcpSocket: one browser's WebSocket on the page server's port, in the server process: its messages go
 * to the gateway of the TCP rung and back, which makes a session of them. What waits for a browser that
 * does not read is counted by the gateway, which holds back; what a browser sends beyond its windows
 * ends its socket.
 */

import { GATEWAY_KINDS } from "../../gateway/gateway_message.ts";
import type { GatewayLink } from "../../gateway/gateway_link.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import { GatewayChannel } from "../../gateway/gateway_channel.ts";
import type { GatewayListener } from "../../gateway/gateway_listener.ts";
import { MAX_RELIABLE_DATAGRAM_BYTES } from "../../wire/packet.ts";

/** Longest message of a browser: a piece of a stream with its header. */
const MESSAGE_BYTES_MAX = GATEWAY_KINDS.raw.bytesMax;
/** Bytes that the runtime may hold unsent before the gateway hears that they are not taken. */
const UNSENT_BYTES_MAX = 16 * 1024;
/** How often that is looked at while there are more. */
const POLL_MS = 5;
/** How long an end may take to be known on both sides. */
const CLOSE_GRACE_MS = 1000;
/** Codes of RFC 6455 and of its registry. */
const CLOSE_NORMAL = 1000;
const CLOSE_UNSUPPORTED = 1003;
const CLOSE_POLICY = 1008;
const CLOSE_RESTART = 1012;
const CLOSE_AGAIN = 1013;

/** What a socket is made of. */
export interface TcpSocketOptions {
  /** Upgraded; it may not be open yet. */
  readonly socket: WebSocket;
  readonly link: GatewayLink;
  readonly listener: Pick<GatewayListener, "admit">;
  readonly path: string;
  readonly protocol: string;
  readonly remoteAddress: string;
  /** The browser's side is gone; called once. */
  readonly onClosed: () => void;
}

/** One socket. It ends with its session, its gateway or its browser, whichever is first. */
export class TcpSocket {
  readonly #options: TcpSocketOptions;
  readonly #socket: WebSocket;
  #peer: GatewayPeer | undefined;
  #held = 0;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  constructor(options: TcpSocketOptions) {
    this.#options = options;
    this.#socket = options.socket;
    const { socket } = options;
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#open();
    socket.onmessage = ({ data }) => this.#take(data);
    // What went wrong is told by the close that follows.
    socket.onerror = () => {};
    socket.onclose = () => this.#closed();
  }

  /** Bytes that the runtime holds for a browser that does not take them. */
  get unsentBytes(): number {
    return this.#held;
  }

  /** Ends it: the host does. */
  close(): void {
    this.#end(CLOSE_RESTART, "The host ends");
  }

  #open(): void {
    const { link, listener, path, protocol, remoteAddress } = this.#options;
    const peer = link.openPeer({ type: "open_socket", path, protocol, remoteAddress }, {
      message: (_kind, payload) => this.#send(payload),
      ended: (reason) => this.#peerEnded(reason),
    });
    this.#peer = peer;
    const session = peer === undefined
      ? undefined
      : link.openPeer({ type: "open_socket_session", socketPeerId: peer.id }, {});
    if (session === undefined) return this.#end(CLOSE_AGAIN, "All places are taken");
    const channel = new GatewayChannel(session, {
      remoteAddress,
      maxDatagramSize: () => MAX_RELIABLE_DATAGRAM_BYTES,
    });
    const connection = listener.admit(channel);
    if (connection === undefined) return this.#end(CLOSE_AGAIN, "All places are taken");
    connection.closed.then(() => {
      setTimeout(() => this.#end(CLOSE_NORMAL, ""), CLOSE_GRACE_MS);
    });
  }

  #take(data: unknown): void {
    const peer = this.#peer;
    if (!(data instanceof ArrayBuffer)) return this.#end(CLOSE_UNSUPPORTED, "Expected bytes");
    if (peer === undefined || peer.isEnded) return;
    if (data.byteLength > MESSAGE_BYTES_MAX || !peer.send("raw", new Uint8Array(data))) {
      this.#end(CLOSE_POLICY, "More than its windows allow");
    }
  }

  /** True when the runtime could pass it on; the rest is told when it could. */
  #send(payload: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) return true;
    socket.send(payload as Uint8Array<ArrayBuffer>);
    if (this.#held === 0 && socket.bufferedAmount <= UNSENT_BYTES_MAX) return true;
    this.#held += payload.byteLength;
    this.#pollTimer ??= setTimeout(() => this.#poll(), POLL_MS);
    return false;
  }

  #poll(): void {
    this.#pollTimer = undefined;
    const unsent = this.#socket.bufferedAmount;
    const taken = unsent <= UNSENT_BYTES_MAX ? this.#held : Math.max(0, this.#held - unsent);
    this.#held -= taken;
    this.#peer?.consumed(taken);
    if (this.#held > 0 && !this.#isClosed) {
      this.#pollTimer = setTimeout(() => this.#poll(), POLL_MS);
    }
  }

  #peerEnded(reason: string): void {
    const isCrash = reason.startsWith("Gateway ended");
    this.#end(isCrash ? CLOSE_RESTART : CLOSE_NORMAL, "");
  }

  #end(code: number, reason: string): void {
    this.#peer?.close(reason);
    const { readyState } = this.#socket;
    if (readyState === WebSocket.OPEN || readyState === WebSocket.CONNECTING) {
      this.#socket.close(code, reason);
    }
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#pollTimer);
    const peer = this.#peer;
    // What the browser sent last is on its way, and may say why it goes.
    peer?.sendControl({ type: "socket_closed" });
    setTimeout(() => peer?.close("Browser is gone"), CLOSE_GRACE_MS);
    this.#options.onClosed();
  }
}
