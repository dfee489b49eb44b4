/**
 * Session address: where people open pages, where a page opens its WebTransport session, and which
 * requests for one are let in: they follow from the address that is listened on. Functions only.
 */

import { formatAddress } from "../../transport/address_prefix.ts";
import type { SessionRequest } from "../../transport/connection.ts";
import { type AllowedHosts, hostnameOf, isLoopback, isWildcard } from "./allowed_hosts.ts";
import type { ServerConfig } from "../config/config.ts";
import { machineAddresses } from "../listening.ts";

/** Path of the WebTransport session. */
const SESSION_PATH = "/session";

/** What these follow from. */
export interface SessionAddress {
  readonly config: Pick<ServerConfig, "listen" | "publicPort">;
  /** That is bound. */
  readonly port: number;
}

/** Host and port of the pages: of a host that listens everywhere, its first address. */
export function pageAddress(listen: string, port: number): string {
  const hostname = isWildcard(listen) ? machineAddresses()[0] ?? "127.0.0.1" : listen;
  return formatAddress(hostname, port);
}

/** The status with which a WebTransport request is answered before its session exists. */
export function judgeSession(
  request: SessionRequest,
  hosts: AllowedHosts | undefined,
  { config: { publicPort }, port }: SessionAddress,
): number {
  if (request.path !== SESSION_PATH) return 404;
  if (hosts === undefined || !hosts.isHost(request.authority)) return 403;
  // Every browser sends an Origin here; who sends none is no page of ours.
  const { origin } = request;
  if (origin === undefined) return 403;
  const isOurs = hosts.isPageOrigin(origin, port) ||
    (publicPort !== 0 && hosts.isPageOrigin(origin, publicPort));
  return isOurs ? 200 : 403;
}

/** The URL of the session for a page that reached us under the Host header `host`. */
export function sessionUrl(host: string, { config, port }: SessionAddress): string {
  const { listen, publicPort } = config;
  const hostname = transportHostname(hostnameOf(host) ?? listen, listen);
  // Who came through a forwarded port has no other way in; who did not needs none.
  const isForwarded = publicPort !== 0 && host.endsWith(`:${publicPort}`);
  return `https://${formatAddress(hostname, isForwarded ? publicPort : port)}${SESSION_PATH}`;
}

/** The host to dial for a page that was opened as `asked` from a server that listens on `listen`. */
function transportHostname(asked: string, listen: string): string {
  // A browser tries one address for QUIC, and that of localhost is ::1 where there is IPv6.
  const isIpv4 = listen === "0.0.0.0" || listen.startsWith("127.");
  if (asked === "localhost") return isIpv4 ? listen.replace("0.0.0.0", "127.0.0.1") : asked;
  return isLoopback(asked) && isLoopback(listen) ? listen : asked;
}
