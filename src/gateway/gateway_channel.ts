/**
 * GatewayChannel: a peer of a GatewayLink as a MuxChannel, at either end: messages as kind `mux`,
 * datagrams as kind `datagram`, which is dropped when the peer is slow. What a MuxConnection has under
 * way is bounded by its windows; a peer that lets more gather is closed.
 */

import type { MuxChannel, MuxHandlers } from "../transport/mux/mux_channel.ts";
import { MUX_MESSAGE_BYTES_MAX } from "../transport/mux/mux_message.ts";
import type { GatewayControl } from "./gateway_control.ts";
import type { GatewayPeer } from "./gateway_peer.ts";

/** How a channel is set up. */
export interface GatewayChannelOptions {
  readonly remoteAddress: string;
  /** Default: the largest message of a mux. */
  readonly maxDatagramSize?: () => number;
  /** Control messages of the peer. */
  readonly control?: (message: GatewayControl) => void;
}

/** A peer's path. */
export class GatewayChannel implements MuxChannel {
  readonly remoteAddress: string;
  readonly #peer: GatewayPeer;
  readonly #options: GatewayChannelOptions;
  #isClosed = false;
  #handlers: MuxHandlers | undefined;

  /** Hears of `peer` from `start` on, which must come before its first message. */
  constructor(peer: GatewayPeer, options: GatewayChannelOptions) {
    this.#peer = peer;
    this.#options = options;
    this.remoteAddress = options.remoteAddress;
  }

  get maxDatagramSize(): number {
    return this.#options.maxDatagramSize?.() ?? MUX_MESSAGE_BYTES_MAX;
  }

  get bufferedBytes(): number {
    return this.#peer.unacknowledgedBytes;
  }

  start(handlers: MuxHandlers): void {
    this.#handlers = handlers;
    const { control } = this.#options;
    this.#peer.listen({
      message: (kind, payload) => {
        if (kind === "mux") handlers.message(payload.slice());
        else if (kind === "datagram") handlers.datagram(payload.slice());
        return true;
      },
      ...(control === undefined ? {} : { control }),
      drained: () => handlers.drained(),
      ended: (reason) => this.#end(reason),
    });
    if (this.#peer.isEnded) queueMicrotask(() => this.#end("Gateway is gone"));
  }

  send(message: Uint8Array): void {
    if (this.#peer.isEnded || this.#peer.send("mux", message)) return;
    this.#peer.close("It takes no messages");
    // Not at once: whoever sends is in the middle of something.
    queueMicrotask(() => this.#end("Peer takes no messages"));
  }

  sendDatagram(bytes: Uint8Array): boolean {
    return this.#peer.send("datagram", bytes);
  }

  close(): void {
    this.#peer.close("");
    queueMicrotask(() => this.#end("Closed"));
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handlers?.closed(reason);
  }
}
