/** Runs the transport conformance suite against MuxConnection over channels in memory. */

import {
  createMemoryChannels,
  type MemoryChannelOptions,
} from "../../src/transport/mux/memory_channel.ts";
import { MuxConnection } from "../../src/transport/mux/mux_connection.ts";
import { MUX_LIMITS } from "../../src/transport/mux/mux_limits.ts";
import { transportSuite } from "./transport_suite.ts";

function suite(name: string, options: MemoryChannelOptions): void {
  transportSuite({
    name,
    unreadDatagramsMax: MUX_LIMITS.unreadDatagramsMax,
    streamBufferBytesMax: MUX_LIMITS.streamWindowBytes + 2 * 65_536,
    severTimeoutMs: 1_000,
    createPair: () => {
      const [near, far] = createMemoryChannels(options);
      const client = new MuxConnection(near, { side: "client", transport: "loopback" });
      const server = new MuxConnection(far, { side: "server", transport: "loopback" });
      return Promise.resolve({
        client,
        server,
        sever: () => far.sever("Path severed"),
        dispose: async () => {
          client.close(0, "");
          await server.closed;
        },
      });
    },
  });
}

suite("MuxConnection", {});
suite("MuxConnection with a side path", { hasSidePath: true });
