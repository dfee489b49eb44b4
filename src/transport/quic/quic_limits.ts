/**
 * QuicLimits: every bound of the WebTransport server in one table, with the reason beside each, so
 * that what one peer can cost is a sum that can be read here.
 */

/** Bounds of a QuicListener; times in milliseconds, sizes in bytes. */
export interface QuicLimits {
  /** Connections of any kind at once. */
  readonly connectionsMax: number;
  /** Connections whose peer has not authenticated, at once. */
  readonly unauthenticatedMax: number;
  /** The same, from one /24 of IPv4 or /64 of IPv6. */
  readonly unauthenticatedPerPrefixMax: number;
  /** From the first packet to a whole CONNECT request: handshake, SETTINGS and request. */
  readonly connectTimeoutMs: number;
  /** From the first byte of a stream to the end of its header: stream prefix or HEADERS frame. */
  readonly headerTimeoutMs: number;
  /** An encoded header block. */
  readonly headerBytesMax: number;
  /** Bidirectional streams that a peer may hold open, the CONNECT stream included. */
  readonly peerBidirectionalMax: number;
  /** Unidirectional streams that a peer may hold open, its three HTTP/3 ones included. */
  readonly peerUnidirectionalMax: number;
  /** Streams that a peer may waste (unknown type, no header, refused) before it is closed. */
  readonly wastedStreamsMax: number;
  /** Datagrams received and not yet read; the oldest are dropped. */
  readonly unreadDatagramsMax: number;
  /** Datagrams handed to QUIC and not yet taken by it; more are dropped. */
  readonly outstandingDatagramsMax: number;
  /** Calls that wait for the peer to allow one more stream. */
  readonly pendingOpensMax: number;
  /** How long such a call waits. */
  readonly openTimeoutMs: number;
  /** How long a closed session waits for the peer to see it before the QUIC connection goes. */
  readonly closeGraceMs: number;
  /** Silence after which a peer counts as gone. */
  readonly idleTimeoutMs: number;
  /** Silence after which we ask whether the peer is there. */
  readonly keepAliveIntervalMs: number;
}

/** The bounds that a listener uses where its options name no other. */
export const QUIC_LIMITS: QuicLimits = {
  // 1,000 idle sessions and the unauthenticated ones, with room for those that are closing.
  connectionsMax: 1_536,
  unauthenticatedMax: 256,
  // One household or office behind one address can still reconnect all at once.
  unauthenticatedPerPrefixMax: 16,
  connectTimeoutMs: 3_000,
  headerTimeoutMs: 1_000,
  headerBytesMax: 16_384,
  // QUIC lets each stream hold 1.25 MB unread, so these bound a hostile peer to 40 MB.
  peerBidirectionalMax: 16,
  peerUnidirectionalMax: 16,
  wastedStreamsMax: 32,
  // 512 x 1.2 KB; input and feedback come at a few hundred a second.
  unreadDatagramsMax: 512,
  // A 1.2 MB keyframe fits in one burst; QUIC itself buffers another 1 MiB.
  outstandingDatagramsMax: 1_024,
  pendingOpensMax: 64,
  openTimeoutMs: 5_000,
  // Three round trips of a bad path; a peer that is there ends the wait by its answer.
  closeGraceMs: 1_000,
  // Our own keep-alive prolongs the wait once, so a peer that dies is noticed within 10 s.
  idleTimeoutMs: 8_000,
  keepAliveIntervalMs: 2_000,
};
