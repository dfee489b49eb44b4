/**
 * QuicListener: our WebTransport server on one UDP port, the way in for every browser: it accepts
 * QUIC connections, lets a gate judge each request before a session exists, and gives out sessions as
 * Connections. Every number of things is bounded by QuicLimits. The runtime gives the port back when
 * it collects the endpoint, not when it is closed.
 */
import { ConfigError, TransportError } from "../../core/errors.ts";
import { type Logger, silentLogger } from "../../core/log.ts";
import type { IncomingConnection, Listener, SessionGate } from "../connection.ts";
import { Inbox } from "../inbox.ts";
import { H3_EXCESSIVE_LOAD } from "./h3_frames.ts";
import { Http3Peer } from "./http3_peer.ts";
import type { QuicConnection } from "./quic_connection.ts";
import { QUIC_LIMITS, type QuicLimits } from "./quic_limits.ts";
import { UnauthenticatedLimit } from "../unauthenticated_limit.ts";

/** A certificate and its key, in PEM. Browsers want ECDSA P-256 and 14 days or fewer. */
export interface CertificatePem {
  readonly certChainPem: string;
  /** PKCS #8. */
  readonly privateKeyPem: string;
}

/** Where and how to listen. */
export interface QuicListenOptions {
  /** IP address to bind, such as "127.0.0.1" or "::". */
  readonly hostname: string;
  /** UDP port to bind; 0 takes a free one. */
  readonly port: number;
  readonly certificate: CertificatePem;
  /** Judges every request before its session exists; it must check the Origin. */
  readonly gate: SessionGate;
  readonly log?: Logger;
  /** Bounds that differ from QUIC_LIMITS. */
  readonly limits?: Partial<QuicLimits>;
}

/** Counters of a listener since it was opened. */
export interface QuicListenerStats {
  sessionsAccepted: number;
  /** Connections turned away because a limit was reached. */
  refusedByLimit: number;
  /** Session requests that the gate refused. */
  refusedByGate: number;
  /** Connections closed because the peer broke the protocol or a deadline. */
  violations: number;
  /** QUIC connections that have ended, whatever became of them. */
  connectionsEnded: number;
}

/** Datagrams that wait in the sessions of a listener now. */
export interface QueuedDatagrams {
  /** Handed to QUIC and not yet taken by it. */
  outstanding: number;
  /** Received and not yet read. */
  unread: number;
}

/** Certificates that one listener may have had; at one in six days, that is fifteen years. */
const CERTIFICATES_MAX = 1_024;

/** The one protocol that we speak over QUIC. */
const ALPN_PROTOCOLS = ["h3"];

/** A WebTransport server. */
export class QuicListener implements Listener {
  /** Plain counters, read when somebody wants them. */
  readonly stats: QuicListenerStats = {
    sessionsAccepted: 0,
    refusedByLimit: 0,
    refusedByGate: 0,
    violations: 0,
    connectionsEnded: 0,
  };

  readonly #endpoint: Deno.QuicEndpoint;
  readonly #options: QuicListenOptions;
  readonly #limits: QuicLimits;
  readonly #log: Logger;
  /** All of them stay referenced: collecting any listener makes the endpoint refuse everybody. */
  readonly #listeners: Deno.QuicListener[] = [];
  readonly #peers = new Set<Http3Peer>();
  readonly #open = new Set<QuicConnection>();
  readonly #unauthenticated: UnauthenticatedLimit;
  readonly #sessions: Inbox<QuicConnection>;
  readonly #accepting: Promise<void>;
  #isClosed = false;

  /** Binds the port and starts to accept. Throws TransportError or ConfigError. */
  static listen(options: QuicListenOptions): QuicListener {
    const { hostname, port } = options;
    let endpoint: Deno.QuicEndpoint;
    try {
      endpoint = new Deno.QuicEndpoint({ hostname, port });
    } catch (cause) {
      const message = `Cannot listen on UDP port ${port} of "${hostname}": ${messageOf(cause)}`;
      throw new TransportError(message, { reason: "unavailable", cause });
    }
    try {
      return new QuicListener(endpoint, options);
    } catch (error) {
      endpoint.close();
      throw error;
    }
  }

  private constructor(endpoint: Deno.QuicEndpoint, options: QuicListenOptions) {
    this.#endpoint = endpoint;
    this.#options = options;
    this.#limits = { ...QUIC_LIMITS, ...options.limits };
    this.#log = options.log ?? silentLogger;
    const { unauthenticatedMax, unauthenticatedPerPrefixMax } = this.#limits;
    this.#unauthenticated = new UnauthenticatedLimit(
      unauthenticatedMax,
      unauthenticatedPerPrefixMax,
    );
    this.#sessions = new Inbox(unauthenticatedMax);
    this.rotateCertificate(options.certificate);
    this.#accepting = this.#acceptAll(this.#listeners[0]!);
  }

  get port(): number {
    return this.#endpoint.addr.port;
  }

  /** Connections now open, authenticated or not. */
  get connections(): number {
    return this.#peers.size;
  }

  /** Connections now open whose peer has not authenticated. */
  get unauthenticatedConnections(): number {
    return this.#unauthenticated.total;
  }

  /** Datagrams that wait in all open sessions together. */
  get queuedDatagrams(): QueuedDatagrams {
    const queued = { outstanding: 0, unread: 0 };
    for (const connection of this.#open) {
      queued.outstanding += connection.outstandingDatagrams;
      queued.unread += connection.unreadDatagrams;
    }
    return queued;
  }

  /**
   * Uses `certificate` for connections from now on; the open ones keep theirs. Throws ConfigError
   * when it cannot be used, and the old one stays in force.
   */
  rotateCertificate(certificate: CertificatePem): void {
    if (this.#listeners.length >= CERTIFICATES_MAX) {
      const message = `Cannot use a new certificate: ${CERTIFICATES_MAX} were used already`;
      throw new ConfigError(message, { reason: "conflict" });
    }
    const limits = this.#limits;
    try {
      this.#listeners.push(this.#endpoint.listen({
        cert: certificate.certChainPem,
        key: certificate.privateKeyPem,
        alpnProtocols: ALPN_PROTOCOLS,
        keepAliveInterval: limits.keepAliveIntervalMs,
        maxIdleTimeout: limits.idleTimeoutMs,
        maxConcurrentBidirectionalStreams: limits.peerBidirectionalMax,
        maxConcurrentUnidirectionalStreams: limits.peerUnidirectionalMax,
        // BBR: the rate is ours to control, and Cubic ("default") takes random loss for congestion:
        // at 2 % it let 3 of 8 Mbit/s through, seconds late. See bench/micro/quic_congestion.ts.
        congestionControl: "low-latency",
      }));
    } catch (cause) {
      const message = `Cannot use the certificate: ${messageOf(cause)}`;
      throw new ConfigError(message, { reason: "bad_value", cause });
    }
  }

  accept(): Promise<IncomingConnection | undefined> {
    return this.#sessions.next();
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#sessions.close();
      for (const peer of this.#peers) peer.close(0, "Server closes");
    }
    await Promise.all([...this.#peers].map((peer) => peer.done));
    this.#endpoint.close();
    await this.#accepting;
  }

  /** Accepts until the endpoint is closed; nothing that one peer does ends it. */
  async #acceptAll(listener: Deno.QuicListener): Promise<void> {
    for (;;) {
      let incoming: Deno.QuicIncoming;
      try {
        incoming = await listener.incoming();
      } catch (error) {
        if (!this.#isClosed) {
          this.#log.error("Cannot accept QUIC connections", { reason: messageOf(error) });
        }
        return;
      }
      try {
        this.#admit(incoming);
      } catch (error) {
        this.#log.debug("Cannot accept a QUIC connection", { reason: messageOf(error) });
      }
    }
  }

  #admit(incoming: Deno.QuicIncoming): void {
    const isFull = this.#unauthenticated.isFull ||
      this.#peers.size >= this.#limits.connectionsMax;
    if (isFull || this.#isClosed) {
      this.stats.refusedByLimit++;
      incoming.refuse();
      return;
    }
    // The connection exists before its handshake ends, so that limits and deadline cover that too.
    const conn = incoming.accept({ zeroRtt: true });
    conn.closed.catch(() => {});
    const place = this.#unauthenticated.admit(conn.remoteAddr.hostname);
    if (place === undefined) {
      this.stats.refusedByLimit++;
      conn.close({ closeCode: H3_EXCESSIVE_LOAD, reason: "Too many connections" });
      return;
    }
    const peer = new Http3Peer(conn, {
      gate: this.#options.gate,
      limits: this.#limits,
      log: this.#log,
      place,
      onSession: (connection) => this.#deliver(connection),
      onRefused: () => this.stats.refusedByGate++,
      onViolation: () => this.stats.violations++,
    });
    this.#peers.add(peer);
    peer.done.then(() => {
      this.#peers.delete(peer);
      this.stats.connectionsEnded++;
    });
  }

  #deliver(connection: QuicConnection): boolean {
    if (this.#isClosed || this.#sessions.isFull) return false;
    this.stats.sessionsAccepted++;
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    return this.#sessions.push(connection) === undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
