/**
 * Connection: the one shape of a transport peer, at the fold of the sentence (send | receive). QUIC,
 * the in-memory loopback, the browser's WebTransport and later rungs all implement it, and
 * tests/conformance/transport.ts holds them to it. Queues inside an implementation are bounded.
 */

/** How a connection's bytes travel, for statistics and for what a rung must do without. */
export type TransportKind = "loopback" | "quic" | "tcp" | "webrtc";

/** Why a connection ended. */
export interface CloseInfo {
  /** Application code of the side that closed; 0 when none was given. */
  readonly code: number;
  /** At most 1,024 bytes of UTF-8. */
  readonly reason: string;
  /** True when a side closed on purpose, false when the path died. */
  readonly clean: boolean;
}

/** A bidirectional byte stream. Writers await `ready` for back-pressure, as in WHATWG streams. */
export interface BidirectionalStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
}

/** Plain counters of one connection. */
export interface ConnectionStats {
  datagramsSent: number;
  datagramsReceived: number;
  /** Datagrams refused because they exceed `maxDatagramSize`, the cap in flight, or came after close. */
  datagramsDropped: number;
  /** Received datagrams thrown away, oldest first, because nobody read them in time. */
  datagramsDroppedUnread: number;
  /** Payload bytes of the datagrams sent; streams are not counted. */
  bytesSent: number;
  /** Payload bytes of the datagrams received; streams are not counted. */
  bytesReceived: number;
}

/** One transport peer. */
export interface Connection {
  readonly transport: TransportKind;
  /** Remote IP address and port as text, or a label for transports without one. */
  readonly remoteAddress: string;
  /** Largest payload of one datagram in bytes; read again before use, it can change. */
  readonly maxDatagramSize: number;
  /** Settles once, never rejects. */
  readonly closed: Promise<CloseInfo>;
  readonly stats: Readonly<ConnectionStats>;

  /**
   * Sends one unreliable datagram; false when it was dropped here. Never throws, never waits. The
   * bytes are copied or handed over before it returns: the caller may reuse the buffer.
   */
  sendDatagram(bytes: Uint8Array): boolean;
  /** Next datagram, or undefined once the connection is closed. One reader at a time. */
  readDatagram(): Promise<Uint8Array | undefined>;
  /** Opens a bidirectional stream. Rejects with TransportError. */
  openBidirectional(): Promise<BidirectionalStream>;
  /** Opens a stream from this side to the peer. Rejects with TransportError. */
  openUnidirectional(): Promise<WritableStream<Uint8Array>>;
  /** Next stream that the peer opened, or undefined once closed. */
  acceptBidirectional(): Promise<BidirectionalStream | undefined>;
  /** Next unidirectional stream that the peer opened, or undefined once closed. */
  acceptUnidirectional(): Promise<ReadableStream<Uint8Array> | undefined>;
  /** Closes with an application code and reason; idempotent. */
  close(code: number, reason: string): void;
}

/** A connection that a peer opened to a listener. */
export interface IncomingConnection extends Connection {
  /**
   * Gives back the place that this connection holds under the listener's limits on peers that have
   * not authenticated (all together, and per address prefix). The session calls it when it knows
   * who the peer is; without it a connection counts until it closes. Idempotent.
   */
  markAuthenticated(): void;
}

/** What a listener shows of a peer that asks for a session, before the session exists. */
export interface SessionRequest {
  readonly remoteAddress: string;
  /** The request's Origin header, or undefined when absent. */
  readonly origin: string | undefined;
  /** The request's :authority. */
  readonly authority: string;
  /** The request's :path, with the query. */
  readonly path: string;
}

/** Decides on a request: an HTTP status, 200 to accept. */
export type SessionGate = (request: SessionRequest) => number;

/** A source of connections. */
export interface Listener {
  /** The UDP or TCP port that is bound. */
  readonly port: number;
  /** Next accepted connection, or undefined once the listener is closed. */
  accept(): Promise<IncomingConnection | undefined>;
  /** Closes every connection and frees the port; idempotent. */
  close(): Promise<void>;
}
