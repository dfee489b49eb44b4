/**
 * HostTcpRung: the capability "tcp" of a host: sessions of WebTransport mapped on WebSockets, on the
 * port of the pages, for networks that block UDP. Host, Origin and the session are checked before the
 * upgrade; what the bytes then mean, a gateway process without any rights finds out. Sockets are
 * bounded in all, by browser session and by address.
 */

import type { Hono } from "hono";
import { GatewayListener } from "../../gateway/gateway_listener.ts";
import { GATEWAY_PEERS_MAX } from "../../gateway/gateway_link.ts";
import type { GatewayProcess } from "../../gateway/gateway_process.ts";
import { addressPrefix } from "../../transport/address_prefix.ts";
import type { Listener } from "../../transport/connection.ts";
import type { HostFeature, HostFeatureContext, OfferedRung } from "../host_feature.ts";
import type { Environment, RouteContext } from "../pages/page_answers.ts";
import { tooOften } from "../pages/page_answers.ts";
import { Refusal } from "../pages/request_guard.ts";
import type { RouteTools } from "../pages/route_tools.ts";
import { TcpSocket } from "./tcp_socket.ts";

/** Path of the sessions. */
const TCP_SESSION_PATH = "/session/tcp";
/** Versions of the mapping that the gateway speaks, the better one first. */
const PROTOCOLS = ["webtransport_kDraft2", "webtransport_kDraft1"] as const;
/**
 * Sockets in all, each with two peers of the gateway, by the session of a browser, and by address
 * prefix while nobody is known.
 */
const SOCKETS_MAX = GATEWAY_PEERS_MAX / 2;
const SOCKETS_PER_SESSION_MAX = 16;
const UNAUTHENTICATED_MAX = 256;
const UNAUTHENTICATED_PER_PREFIX_MAX = 16;
/** A browser answers pings; one that does not for this long is gone. */
const IDLE_SECONDS = 15;
/**
 * Datagrams that may wait for the gateway: a keyframe comes at once, and what the sender of media has
 * in flight is less.
 */
const DATAGRAM_BYTES_MAX = 1024 * 1024;
const GATEWAY_HEAP_MEGABYTES = 192;

/** The sockets of one host. */
export class HostTcpRung implements HostFeature {
  readonly name = "tcp";
  readonly #context: HostFeatureContext;
  readonly #idleSeconds: number;
  readonly #listener = new GatewayListener({
    transport: "tcp",
    port: 0,
    limits: {
      connectionsMax: SOCKETS_MAX,
      unauthenticatedMax: UNAUTHENTICATED_MAX,
      unauthenticatedPerPrefixMax: UNAUTHENTICATED_PER_PREFIX_MAX,
    },
    muxLimits: { datagramBufferBytesMax: DATAGRAM_BYTES_MAX },
  });
  readonly #gateway: GatewayProcess;
  readonly #sockets = new Map<TcpSocket, string>();
  /** Requests that wait for the gateway, by address prefix. */
  readonly #waiting = new Map<string, number>();
  #opened = 0;
  #refused = 0;
  #isClosed = false;

  /** `idleSeconds`: how long a browser may answer no ping; 0 for ever. */
  constructor(context: HostFeatureContext, { idleSeconds = IDLE_SECONDS } = {}) {
    this.#context = context;
    this.#idleSeconds = idleSeconds;
    this.#gateway = context.gateways.gateway({
      rung: "websocket",
      // A logging library reads all of an environment that was cleared before.
      rights: ["--allow-env"],
      heapMegabytes: GATEWAY_HEAP_MEGABYTES,
    });
    context.ledger.watch("ipc", () => ({
      currentBytes: this.#listener.heldBytes + this.#unsentBytes,
      live: this.#sockets.size,
    }));
  }

  get listener(): Listener {
    return this.#listener;
  }

  get rung(): OfferedRung | undefined {
    return this.#context.config.tcp === "on"
      ? { transport: "tcp", path: TCP_SESSION_PATH }
      : undefined;
  }

  addRoutes(app: Hono<Environment>, tools: RouteTools): void {
    if (this.#context.config.tcp === "off") return;
    app.get(TCP_SESSION_PATH, (context) => this.#upgrade(context, tools));
  }

  report(): Record<string, unknown> {
    return {
      sockets: this.#sockets.size,
      opened: this.#opened,
      refused: this.#refused + this.#listener.refused,
      unsentBytes: this.#unsentBytes,
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const socket of this.#sockets.keys()) socket.close();
    await this.#listener.close();
  }

  get #unsentBytes(): number {
    let bytes = 0;
    for (const { unsentBytes } of this.#sockets.keys()) bytes += unsentBytes;
    return bytes;
  }

  async #upgrade(context: RouteContext, tools: RouteTools): Promise<Response> {
    const { request, protocol, sessionId } = this.#judge(context, tools);
    const { remoteAddress } = context.env;
    const link = await this.#waitForGateway(remoteAddress);
    const { socket, response } = Deno.upgradeWebSocket(request, {
      protocol,
      idleTimeout: this.#idleSeconds,
    });
    this.#opened++;
    const carried: TcpSocket = new TcpSocket({
      ...{ socket, link, protocol, remoteAddress, listener: this.#listener },
      path: TCP_SESSION_PATH,
      onClosed: () => void this.#sockets.delete(carried),
    });
    this.#sockets.set(carried, sessionId);
    return response;
  }

  /** Who may open a socket; everything that can be known before it is one. Throws Refusal. */
  #judge(
    context: RouteContext,
    tools: RouteTools,
  ): { request: Request; protocol: string; sessionId: string } {
    const request = context.req.raw;
    const origin = request.headers.get("origin");
    // Every browser names its page here, and only a page of ours may use the cookie that comes along.
    if (origin === null || !tools.hosts.isSameOrigin(origin, tools.host(context))) {
      throw this.#refusal(403, "foreign_origin", "Cannot open a socket for another page");
    }
    const sessionId = sessionOf(context, tools);
    if (sessionId === undefined) {
      throw this.#refusal(403, "no_session", "Cannot open a socket without a session");
    }
    const isUpgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
    const offered = request.headers.get("sec-websocket-protocol")?.split(",").map((name) => {
      return name.trim();
    });
    const protocol = PROTOCOLS.find((name) => offered?.includes(name));
    if (!isUpgrade || protocol === undefined) {
      throw this.#refusal(426, "upgrade_required", "Cannot answer this but as a WebSocket");
    }
    const ofSession = [...this.#sockets.values()].filter((id) => id === sessionId).length;
    const isFull = this.#isClosed || this.#sockets.size >= SOCKETS_MAX ||
      ofSession >= SOCKETS_PER_SESSION_MAX;
    if (isFull) throw this.#refusal(503, "capacity", "Cannot open one more socket");
    return { request, protocol, sessionId };
  }

  async #waitForGateway(remoteAddress: string): ReturnType<GatewayProcess["link"]> {
    const prefix = addressPrefix(remoteAddress);
    const waiting = this.#waiting.get(prefix) ?? 0;
    if (waiting >= UNAUTHENTICATED_PER_PREFIX_MAX) {
      this.#refused++;
      throw tooOften();
    }
    this.#waiting.set(prefix, waiting + 1);
    try {
      return await this.#gateway.link();
    } catch {
      throw this.#refusal(503, "no_gateway", "Cannot open a socket: its gateway does not run");
    } finally {
      const left = this.#waiting.get(prefix)! - 1;
      if (left > 0) this.#waiting.set(prefix, left);
      else this.#waiting.delete(prefix);
    }
  }

  #refusal(status: number, reason: string, message: string): Refusal {
    this.#refused++;
    return new Refusal(status, reason, { message });
  }
}

/** The browser session of a request that may open a socket. */
function sessionOf(context: RouteContext, tools: RouteTools): string | undefined {
  try {
    return tools.authorize(context, `GET ${TCP_SESSION_PATH}`)?.id;
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}
