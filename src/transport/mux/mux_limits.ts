/**
 * MuxLimits: every bound of a MuxConnection in one table, with the reason beside each. Both ends of
 * a connection must have the same windows and stream counts; the defaults are those of docs/WIRE.md.
 */

/** Bounds of a MuxConnection; times in milliseconds, sizes in bytes. */
export interface MuxLimits {
  /** Bytes of a stream that its reader has not taken yet. */
  readonly streamWindowBytes: number;
  /** The part of that which a stream has whatever others hold, so that none starves. */
  readonly streamShareBytes: number;
  /** What all streams together may hold beyond their shares. */
  readonly connectionWindowBytes: number;
  /** Bidirectional streams that one side may have open. */
  readonly bidirectionalMax: number;
  /** Unidirectional streams that one side may have open. */
  readonly unidirectionalMax: number;
  /** Datagrams received and not yet read; the oldest are dropped. */
  readonly unreadDatagramsMax: number;
  /** Their bytes; the oldest are dropped. */
  readonly unreadDatagramBytesMax: number;
  /** Above this much in the channel, datagrams are dropped. */
  readonly datagramBufferBytesMax: number;
  /** Above this much in the channel, streams wait. */
  readonly streamBufferBytesMax: number;
  /** How soon a channel that does not tell is asked whether it has room again. */
  readonly pollIntervalMs: number;
  /** Calls that wait for the peer to allow one more stream. */
  readonly pendingOpensMax: number;
  /** How long such a call waits. */
  readonly openTimeoutMs: number;
  /** How long a closed connection waits for the peer to see it before the channel goes. */
  readonly closeGraceMs: number;
}

/** The bounds where options name no other. */
export const MUX_LIMITS: MuxLimits = {
  // 42 Mbit/s over a round trip of 50 ms.
  streamWindowBytes: 262_144,
  // With 16 streams of each kind a peer can make an end hold 2 MiB, and no more.
  streamShareBytes: 32_768,
  connectionWindowBytes: 1_048_576,
  bidirectionalMax: 16,
  unidirectionalMax: 16,
  unreadDatagramsMax: 512,
  unreadDatagramBytesMax: 1_048_576,
  // 100 ms at 20 Mbit/s: what is later than that is better not sent.
  datagramBufferBytesMax: 262_144,
  // Less than that, so that bulk on streams leaves room for datagrams.
  streamBufferBytesMax: 131_072,
  pollIntervalMs: 4,
  pendingOpensMax: 64,
  openTimeoutMs: 5_000,
  closeGraceMs: 1_000,
};
