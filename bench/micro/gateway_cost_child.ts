/**
 * The gateway process of `gateway_cost`: connections are joined two by two, frames that go out come
 * back as frames that come in.
 */

import { GatewayChannel } from "../../src/gateway/gateway_channel.ts";
import { runGateway } from "../../src/gateway/gateway_program.ts";
import { joinConnections } from "../../src/transport/mux/join_connections.ts";
import { MuxConnection } from "../../src/transport/mux/mux_connection.ts";

let alone: MuxConnection | undefined;

runGateway({
  peerOpened: (peer) => {
    const channel = new GatewayChannel(peer, { remoteAddress: "server" });
    const connection = new MuxConnection(channel, { side: "client", transport: "loopback" });
    const other = alone;
    alone = other === undefined ? connection : undefined;
    if (other !== undefined) void joinConnections(other, connection);
  },
  root: (link) => ({
    message: (_kind, payload) => {
      link.root.send("frame_in", payload);
      return true;
    },
  }),
});
