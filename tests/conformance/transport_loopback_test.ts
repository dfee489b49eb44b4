/** Runs the transport conformance suite against the loopback. */

import { createLoopbackPair } from "../../src/transport/loopback.ts";
import { transportSuite } from "./transport_suite.ts";

const STREAM_BUFFER_BYTES = 65_536;

transportSuite({
  name: "Loopback",
  unreadDatagramsMax: 512,
  streamBufferBytesMax: 4 * STREAM_BUFFER_BYTES,
  severTimeoutMs: 1_000,
  createPair: () => {
    const { client, server } = createLoopbackPair({ streamBufferBytes: STREAM_BUFFER_BYTES });
    return Promise.resolve({
      client,
      server,
      sever: () => server.sever("Path severed"),
      dispose: () => {
        client.close(0, "");
        return Promise.resolve();
      },
    });
  },
});
