/**
 * GatewayListener: the connections that gateways bring, as a Listener of the server process: bounded
 * in all, and in those that have not authenticated, over all and by address prefix.
 */

import type { IncomingConnection, Listener, TransportKind } from "../transport/connection.ts";
import { Inbox } from "../transport/inbox.ts";
import type { MuxChannel } from "../transport/mux/mux_channel.ts";
import { MuxConnection } from "../transport/mux/mux_connection.ts";
import type { MuxLimits } from "../transport/mux/mux_limits.ts";
import { UnauthenticatedLimit } from "../transport/unauthenticated_limit.ts";

/** Bounds of a `GatewayListener`. */
export interface GatewayListenerLimits {
  readonly connectionsMax: number;
  readonly unauthenticatedMax: number;
  readonly unauthenticatedPerPrefixMax: number;
}

/** The bounds where options name no other; those of QUIC for what a peer costs before it is known. */
export const GATEWAY_LISTENER_LIMITS: GatewayListenerLimits = {
  connectionsMax: 256,
  unauthenticatedMax: 64,
  unauthenticatedPerPrefixMax: 16,
};

/** How a listener is set up. */
export interface GatewayListenerOptions {
  readonly transport: TransportKind;
  /** The port of the pages, or 0. */
  readonly port: number;
  readonly limits?: Partial<GatewayListenerLimits>;
  readonly muxLimits?: Partial<MuxLimits>;
}

/** Makes connections of channels and hands them out. */
export class GatewayListener implements Listener {
  readonly port: number;
  readonly #options: GatewayListenerOptions;
  readonly #limits: GatewayListenerLimits;
  readonly #unauthenticated: UnauthenticatedLimit;
  readonly #connections = new Set<MuxConnection>();
  readonly #accepted: Inbox<IncomingConnection>;
  #isClosed = false;
  #refused = 0;

  constructor(options: GatewayListenerOptions) {
    this.#options = options;
    this.port = options.port;
    this.#limits = { ...GATEWAY_LISTENER_LIMITS, ...options.limits };
    const { connectionsMax, unauthenticatedMax, unauthenticatedPerPrefixMax } = this.#limits;
    this.#unauthenticated = new UnauthenticatedLimit(
      unauthenticatedMax,
      unauthenticatedPerPrefixMax,
    );
    this.#accepted = new Inbox(connectionsMax);
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Channels turned away at a limit. */
  get refused(): number {
    return this.#refused;
  }

  /** Bytes of streams that wait in all connections for their readers. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { heldBytes } of this.#connections) bytes += heldBytes;
    return bytes;
  }

  /**
   * Makes a connection of `channel`, which must not be started, and hands it to who accepts;
   * undefined when a limit is reached, and the channel is closed then.
   */
  admit(channel: MuxChannel): MuxConnection | undefined {
    const hasRoom = !this.#isClosed && this.#connections.size < this.#limits.connectionsMax;
    const place = hasRoom ? this.#unauthenticated.admit(hostOf(channel.remoteAddress)) : undefined;
    if (place === undefined) {
      this.#refused++;
      channel.close();
      return undefined;
    }
    const { transport, muxLimits } = this.#options;
    const connection = new MuxConnection(channel, {
      ...muxLimits,
      side: "server",
      transport,
      onAuthenticated: () => place.release(),
    });
    this.#connections.add(connection);
    connection.closed.then(() => this.#connections.delete(connection));
    this.#accepted.push(connection);
    return connection;
  }

  accept(): Promise<IncomingConnection | undefined> {
    return this.#accepted.next();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#accepted.close();
    for (const connection of this.#connections) connection.close(0, "");
    return Promise.resolve();
  }
}

/** The address without the port that `formatAddress` may have added. */
function hostOf(address: string): string {
  const [, inBrackets, plain] = /^(?:\[(.+)\]|([^:]+)):\d+$/.exec(address) ?? [];
  return inBrackets ?? plain ?? address;
}
