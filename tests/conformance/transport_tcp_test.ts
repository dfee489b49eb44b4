/**
 * Runs the transport conformance suite over the TCP rung: the page's bundle, a real WebSocket over a
 * TCP port, the server's side of it, and a real gateway process with the library.
 */

import { fileURLToPath } from "node:url";
import t from "tap";
import { TcpForwarder } from "../../bench/relay/tcp_forwarder.ts";
import { monotonicClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { gatewayCommandLine } from "../../src/gateway/gateway_command_line.ts";
import { GatewayListener } from "../../src/gateway/gateway_listener.ts";
import { GatewayProcess } from "../../src/gateway/gateway_process.ts";
import { TcpSocket } from "../../src/server/rungs/tcp_socket.ts";
import { MUX_LIMITS } from "../../src/transport/mux/mux_limits.ts";
import { dialTcpAs } from "../tcp_client.ts";
import { transportSuite, within } from "./transport_suite.ts";

const PATH = "/session/tcp";
const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const gateway = new GatewayProcess({
  name: "websocket",
  command: () => gatewayCommandLine({ root, rung: "websocket", rights: ["--allow-env"] }),
  log: silentLogger,
  clock: monotonicClock,
});
const listener = new GatewayListener({
  transport: "tcp",
  port: 0,
  muxLimits: { datagramBufferBytesMax: 1024 * 1024 },
});
const link = await within(gateway.link(), "gateway", 30_000);
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
  const protocol = "webtransport_kDraft2";
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol, idleTimeout: 1 });
  new TcpSocket({
    ...{ socket, link, listener, protocol },
    path: PATH,
    remoteAddress: "127.0.0.1",
    onClosed: () => {},
  });
  return response;
});
t.teardown(async () => {
  console.error("t0", performance.now());
  await gateway.close();

  await server.shutdown();
});

transportSuite({
  name: "TCP rung",
  unreadDatagramsMax: MUX_LIMITS.unreadDatagramsMax,
  // Windows of the library and of the mux on both sides of the gateway, and pieces under way.
  streamBufferBytesMax: 4 * 1024 * 1024,
  severTimeoutMs: 5_000,
  createPair: async () => {
    const forwarder = new TcpForwarder("127.0.0.1", 0);
    forwarder.forwardTo("127.0.0.1", server.addr.port);
    const origin = `http://127.0.0.1:${forwarder.port}`;
    const accepted = listener.accept();
    const client = await within(dialTcpAs(`${origin}${PATH}`, { origin }), "client");
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
