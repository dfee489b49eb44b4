/**
 * A gateway process for tests: it sends back what a mux connection brings, and does wrong what a
 * gateway can do wrong when its environment says so.
 */

import { GatewayChannel } from "../../../src/gateway/gateway_channel.ts";
import { runGateway } from "../../../src/gateway/gateway_program.ts";
import type { GatewayPeer } from "../../../src/gateway/gateway_peer.ts";
import { MuxConnection } from "../../../src/transport/mux/mux_connection.ts";
import { joinConnections } from "../../../src/transport/mux/join_connections.ts";

/** Peers are joined two by two: what one brings goes to the other. */
let alone: MuxConnection | undefined;

function opened(peer: GatewayPeer): void {
  const channel = new GatewayChannel(peer, { remoteAddress: "server" });
  const connection = new MuxConnection(channel, { side: "client", transport: "loopback" });
  const other = alone;
  alone = other === undefined ? connection : undefined;
  if (other !== undefined) void joinConnections(other, connection);
}

runGateway({ peerOpened: (peer) => opened(peer) });
