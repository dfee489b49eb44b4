/**
 * AllowedHosts: the names under which this server may be reached. A page of another name that
 * resolves to our address (DNS rebinding) is refused by its Host, a page of another origin by its
 * Origin, on pages, API and WebTransport alike.
 */

import { isIpAddress } from "../certificates.ts";

/** What decides which names are ours. */
export interface AllowedHostsOptions {
  /** The address that is listened on. */
  readonly listen: string;
  /** More origins, as in `https://desk.example:8443`. */
  readonly allowOrigin: readonly string[];
  /** Name of this machine. */
  readonly machineName: string;
  readonly scheme: "http" | "https";
}

const LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"];
const WILDCARDS = ["0.0.0.0", "::"];

/** True when only this machine can reach `address`. */
export function isLoopback(address: string): boolean {
  return address === "::1" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(address);
}

/** True when `address` stands for all addresses of the machine. */
export function isWildcard(address: string): boolean {
  return WILDCARDS.includes(address);
}

/** The names and origins that are ours. */
export class AllowedHosts {
  readonly #names: Set<string>;
  readonly #origins: Set<string>;
  readonly #takesAnyAddress: boolean;
  readonly #scheme: string;

  constructor(options: AllowedHostsOptions) {
    const { listen, allowOrigin, machineName, scheme } = options;
    this.#scheme = scheme;
    this.#takesAnyAddress = isWildcard(listen);
    const own = isLoopback(listen) ? [] : [machineName, `${machineName}.local`];
    const reachesLoopback = isLoopback(listen) || isWildcard(listen);
    this.#origins = new Set(allowOrigin.map((origin) => new URL(origin).origin));
    this.#names = new Set([
      listen.toLowerCase(),
      ...own.map((name) => name.toLowerCase()),
      ...(reachesLoopback ? LOOPBACK_NAMES : []),
      ...[...this.#origins].map((origin) => bareHostname(new URL(origin).hostname)),
    ]);
  }

  /** True when a Host header, such as `127.0.0.1:47990`, names this server. */
  isHost(host: string): boolean {
    const hostname = hostnameOf(host);
    return hostname !== undefined && this.#isName(hostname);
  }

  /** True when a page of `origin` may call the host it named in its Host header. */
  isSameOrigin(origin: string, host: string): boolean {
    if (this.#origins.has(origin)) return true;
    return this.isHost(host) && origin === `${this.#scheme}://${host.toLowerCase()}`;
  }

  /** True when a page of `origin` may open a session on the UDP side of `port`. */
  isPageOrigin(origin: string, port: number): boolean {
    if (this.#origins.has(origin)) return true;
    if (!URL.canParse(origin)) return false;
    const url = new URL(origin);
    if (url.origin !== origin || url.protocol !== `${this.#scheme}:`) return false;
    const pagePort = url.port === "" ? (this.#scheme === "https" ? 443 : 80) : Number(url.port);
    return pagePort === port && this.#isName(bareHostname(url.hostname));
  }

  #isName(hostname: string): boolean {
    // Rebinding needs a name: whoever opens an address sees that address as the page's origin.
    return this.#names.has(hostname) || (this.#takesAnyAddress && isIpAddress(hostname));
  }
}

/** The host name of a Host header in lower case and without brackets, or undefined. */
export function hostnameOf(host: string): string | undefined {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.exec(host);
  return match?.[1] === undefined ? undefined : bareHostname(match[1]);
}

function bareHostname(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "").toLowerCase();
}
