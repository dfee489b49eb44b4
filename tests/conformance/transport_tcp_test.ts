/**
 * Runs the transport conformance suite over the TCP rung: the page's bundle, a real WebSocket over a
 * TCP port, the server's side of it, and a real gateway process with the library.
 */

import t from "tap";
import { TcpForwarder } from "../../bench/relay/tcp_forwarder.ts";
import { MUX_LIMITS } from "../../src/transport/mux/mux_limits.ts";
import { dialTcpAs } from "../tcp_client.ts";
import { TCP_PATH, TcpRung } from "../tcp_rung.ts";
import { transportSuite, within } from "./transport_suite.ts";

const rung = await TcpRung.start();
const { listener } = rung;
t.teardown(() => rung.close());

transportSuite({
  name: "TCP rung",
  unreadDatagramsMax: MUX_LIMITS.unreadDatagramsMax,
  // Windows of the library and of the mux on both sides of the gateway, and pieces under way.
  streamBufferBytesMax: 4 * 1024 * 1024,
  severTimeoutMs: 5_000,
  createPair: async () => {
    const forwarder = new TcpForwarder("127.0.0.1", 0);
    forwarder.forwardTo("127.0.0.1", rung.port);
    const origin = `http://127.0.0.1:${forwarder.port}`;
    const accepted = listener.accept();
    const client = await within(dialTcpAs(`${origin}${TCP_PATH}`, { origin }), "client");
    const incoming = await within(accepted, "server");
    incoming!.markAuthenticated();
    let closing: Promise<void> | undefined;
    const closePath = () => closing ??= forwarder.close();
    return {
      client,
      server: incoming!,
      sever: () => void closePath(),
      dispose: async () => {
        client.close(0, "");
        await within(incoming!.closed, "closed");
        await closePath();
      },
    };
  },
});
