/**
 * Listening: the two sides of one port number: pages and API on TCP, WebTransport on UDP, with their
 * certificates and the rotation of these. With port 0 it looks for a number that is free on both.
 */

import { ConfigError, TransportError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { SessionGate } from "../transport/connection.ts";
import { QuicListener } from "../transport/quic/quic_listener.ts";
import { isLoopback, isWildcard } from "./pages/allowed_hosts.ts";
import {
  fingerprint,
  pageCertificate,
  PinnedCertificates,
  readCertificate,
} from "./certificates.ts";
import type { Certificate } from "./certificates.ts";
import type { ServerConfig } from "./config/config.ts";
import { PageServer } from "./pages/page_server.ts";
import type { PageHandler } from "./pages/page_server.ts";
import type { StateDirectory } from "./state_directory.ts";

/** How often certificates are looked at: rotation is a matter of days, a new file of minutes. */
const CERTIFICATE_CHECK_MS = 60_000;
/** Numbers tried with port 0 before giving up. */
const PORT_TRIES = 16;

/** What listening needs. */
export interface ListeningOptions {
  readonly config: ServerConfig;
  readonly state: StateDirectory;
  readonly machineName: string;
  readonly handler: PageHandler;
  readonly gate: SessionGate;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** Both sides of the port. */
export class Listening {
  readonly listener: QuicListener;
  readonly #options: ListeningOptions;
  readonly #pages: PageServer;
  readonly #pinned: PinnedCertificates | undefined;
  #given: Certificate | undefined;
  readonly #page: Certificate | undefined;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Opens both sides. Rejects with ConfigError or TransportError. */
  static async open(options: ListeningOptions): Promise<Listening> {
    const { config, state, machineName, nowMs } = options;
    const given = config.tlsCert === "" ? undefined : await readCertificate(config);
    const pinned = given === undefined ? await PinnedCertificates.open(state, nowMs()) : undefined;
    const page = given === undefined && !isLoopback(config.listen)
      ? await pageCertificate(state, {
        names: pageNames(config.listen, machineName),
        nowMs: nowMs(),
      })
      : given;
    return new Listening(options, { given, pinned, page });
  }

  private constructor(
    options: ListeningOptions,
    certificates: {
      given: Certificate | undefined;
      pinned: PinnedCertificates | undefined;
      page: Certificate | undefined;
    },
  ) {
    this.#options = options;
    this.#given = certificates.given;
    this.#pinned = certificates.pinned;
    this.#page = certificates.page;
    const quic = certificates.given ?? certificates.pinned?.current;
    if (quic === undefined) {
      throw new ConfigError("Cannot listen without a certificate", { reason: "conflict" });
    }
    const { pages, listener } = openBoth(options, certificates.page, quic);
    this.#pages = pages;
    this.listener = listener;
    this.#timer = setInterval(() => {
      this.refreshCertificates().catch((error: unknown) => {
        options.log.error("Cannot renew the certificate", { message: String(error) });
      });
    }, CERTIFICATE_CHECK_MS);
  }

  /** The port number of both sides. */
  get port(): number {
    return this.#pages.port;
  }

  /** True when pages are served over TLS. */
  get isSecure(): boolean {
    return this.#page !== undefined;
  }

  /** Hashes that pages pin; none when browsers trust the certificate. */
  get certificateHashes(): string[] {
    return this.#pinned?.hashes ?? [];
  }

  /** SHA-256 of a page certificate that this machine made itself, for people to compare. */
  get pageFingerprint(): string | undefined {
    const isOwn = this.#given === undefined && this.#page !== undefined;
    return isOwn && this.#page !== undefined ? fingerprint(this.#page) : undefined;
  }

  /** Rotates certificates that are due and takes up files that changed. */
  async refreshCertificates(): Promise<void> {
    const { config, nowMs, log } = this.#options;
    if (this.#pinned !== undefined) {
      if (!await this.#pinned.update(nowMs())) return;
      this.listener.rotateCertificate(this.#pinned.current);
      log.info("Certificate rotated");
      return;
    }
    const read = await readCertificate(config);
    if (read.sha256 === this.#given?.sha256) return;
    this.listener.rotateCertificate(read);
    await this.#pages.replaceCertificate(read);
    this.#given = read;
    log.info("Certificate file taken up", { expires: new Date(read.expiresMs).toISOString() });
  }

  /** Takes no more pages; viewers stay. Never rejects. */
  async closePages(): Promise<void> {
    clearInterval(this.#timer);
    await this.#pages.close();
  }

  /** Closes every connection and both ports. Never rejects. */
  async close(): Promise<void> {
    await this.closePages();
    await this.listener.close().catch((error: unknown) => {
      this.#options.log.warn("Cannot close the UDP port", { message: String(error) });
    });
  }
}

function openBoth(
  options: ListeningOptions,
  page: Certificate | undefined,
  quic: Certificate,
): { pages: PageServer; listener: QuicListener } {
  const { config, handler, gate, log } = options;
  const hostname = config.listen;
  for (let tries = 1;; tries++) {
    const pages = new PageServer({
      ...{ hostname, port: config.port, certificate: page, handler, log },
    });
    try {
      const { port } = pages;
      const listener = QuicListener.listen({ hostname, port, certificate: quic, gate, log });
      return { pages, listener };
    } catch (error) {
      void pages.close();
      const canRetry = config.port === 0 && tries < PORT_TRIES && error instanceof TransportError;
      if (!canRetry) throw error;
    }
  }
}

/** The names that a page certificate must hold. */
function pageNames(listen: string, machineName: string): string[] {
  if (!isWildcard(listen)) return [listen, machineName];
  return [...machineAddresses(), machineName, "localhost"];
}

/** Addresses of this machine under which others may reach it, the likeliest first. */
export function machineAddresses(): string[] {
  const addresses = Deno.networkInterfaces()
    .filter(({ address }) => !isLoopback(address) && !address.startsWith("fe80:"))
    .toSorted((a, b) => a.family.localeCompare(b.family))
    .map(({ address }) => address);
  return [...new Set([...addresses, "127.0.0.1"])].slice(0, 16);
}
