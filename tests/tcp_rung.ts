/**
 * TcpRung: the server's side of the TCP rung without a host: a page server's port, the sockets, and a
 * real gateway process with the library.
 */

import { fileURLToPath } from "node:url";
import { monotonicClock } from "../src/core/clock.ts";
import { silentLogger } from "../src/core/log.ts";
import { gatewayCommandLine } from "../src/gateway/gateway_command_line.ts";
import type { GatewayLink } from "../src/gateway/gateway_link.ts";
import { GatewayListener } from "../src/gateway/gateway_listener.ts";
import { GatewayProcess } from "../src/gateway/gateway_process.ts";
import { TcpSocket } from "../src/server/rungs/tcp_socket.ts";

/** Path of its sessions. */
export const TCP_PATH = "/session/tcp";
const PROTOCOL = "webtransport_kDraft2";
const ROOT = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");
/** A process starts within it, also on a busy machine. */
const START_MS = 60_000;

/** A running one. */
export class TcpRung {
  readonly gateway: GatewayProcess;
  readonly listener = new GatewayListener({
    transport: "tcp",
    port: 0,
    muxLimits: { datagramBufferBytesMax: 1024 * 1024 },
  });
  /** Sockets whose browsers are there. */
  readonly sockets = new Set<TcpSocket>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(link: GatewayLink, gateway: GatewayProcess) {
    this.gateway = gateway;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#upgrade(request, link),
    );
  }

  /** Starts the gateway and opens a port. */
  static async start(): Promise<TcpRung> {
    const gateway = new GatewayProcess({
      name: "websocket",
      command: () => gatewayCommandLine({ root: ROOT, rung: "websocket", rights: ["--allow-env"] }),
      log: silentLogger,
      clock: monotonicClock,
      limits: { startMs: START_MS },
    });
    return new TcpRung(await gateway.link(), gateway);
  }

  /** The port that browsers connect to. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Ends the gateway and the port. */
  async close(): Promise<void> {
    await this.gateway.close();
    await this.#server.shutdown();
  }

  #upgrade(request: Request, link: GatewayLink): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, {
      protocol: PROTOCOL,
      // Browsers of tests answer no pings.
      idleTimeout: 0,
    });
    const carried: TcpSocket = new TcpSocket({
      ...{ socket, link, listener: this.listener, protocol: PROTOCOL, path: TCP_PATH },
      remoteAddress: "127.0.0.1",
      onClosed: () => void this.sockets.delete(carried),
    });
    this.sockets.add(carried);
    return response;
  }
}
