/**
 * Runs the transport conformance suite through a real gateway process: two peers of it, joined there,
 * so that a message crosses a pipe to the process and another one back.
 */

import { fileURLToPath } from "node:url";
import t from "tap";
import { monotonicClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { GatewayChannel } from "../../src/gateway/gateway_channel.ts";
import { programCommandLine } from "../../src/gateway/gateway_command_line.ts";
import { GatewayProcess } from "../../src/gateway/gateway_process.ts";
import { MuxConnection } from "../../src/transport/mux/mux_connection.ts";
import { MUX_LIMITS } from "../../src/transport/mux/mux_limits.ts";
import { transportSuite, within } from "./transport_suite.ts";

const PROGRAM = fileURLToPath(new URL("../unit/gateway/echo_gateway.ts", import.meta.url));

const gateway = new GatewayProcess({
  name: "echo",
  command: () => programCommandLine(PROGRAM, { heapMegabytes: 128 }),
  log: silentLogger,
  clock: monotonicClock,
});
t.teardown(() => gateway.close());

async function createPair() {
  const link = await within(gateway.link(), "gateway", 30_000);
  const connect = (): MuxConnection => {
    const peer = link.openPeer({ type: "open_echo", remoteAddress: "test" }, {});
    const channel = new GatewayChannel(peer!, { remoteAddress: "gateway" });
    return new MuxConnection(channel, { side: "server", transport: "loopback" });
  };
  return { client: connect(), server: connect() };
}

transportSuite({
  name: "MuxConnection through a gateway process",
  unreadDatagramsMax: MUX_LIMITS.unreadDatagramsMax,
  streamBufferBytesMax: 2 * MUX_LIMITS.streamWindowBytes + 4 * 65_536,
  severTimeoutMs: 2_000,
  left: () => ({ peers: gateway.stats.peers, heldBytes: gateway.stats.heldBytes }),
  createPair: async () => {
    const pair = await createPair();
    return {
      ...pair,
      sever: () => pair.client.fail("Path severed"),
      dispose: async () => {
        pair.client.close(0, "");
        await within(pair.server.closed, "closed");
      },
    };
  },
});
