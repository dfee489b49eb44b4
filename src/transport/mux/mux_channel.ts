/**
 * MuxChannel: a two-way path of whole messages, reliable and in order, with an optional lossy side
 * path: what a MuxConnection needs of a pipe, a WebSocket or a pair of data channels, at the fold of
 * the sentence. A channel has no limit of its own: the connection on top keeps what is under way
 * bounded by its windows and by `bufferedBytes`.
 */

/** Hears of a channel. Nothing is called after `closed`. */
export interface MuxHandlers {
  /** A whole message; its bytes belong to the handler from now on. */
  message(bytes: Uint8Array): void;
  /** A whole datagram of the side path; its bytes belong to the handler from now on. */
  datagram(bytes: Uint8Array): void;
  /** The path is gone; called once, also after `close`. */
  closed(reason: string): void;
  /** `bufferedBytes` fell; a channel that cannot tell is asked again after some milliseconds. */
  drained(): void;
}

/** One path of messages. No method of it throws. */
export interface MuxChannel {
  /** Remote address as text, or a label. */
  readonly remoteAddress: string;
  /** Largest datagram in bytes, at most `MUX_DATAGRAM_BYTES_MAX`; it can change. */
  readonly maxDatagramSize: number;
  /** Bytes handed over that the path has not taken yet. */
  readonly bufferedBytes: number;
  /** Sends a message reliably and in order; copied or handed over before it returns. */
  send(message: Uint8Array): void;
  /**
   * Sends a datagram on the lossy side path; false when it was dropped. Without it, datagrams travel
   * through `send`.
   */
  sendDatagram?(bytes: Uint8Array): boolean;
  /** Starts to deliver; called once. What came before is delivered first. */
  start(handlers: MuxHandlers): void;
  /** Ends the path behind what was sent; idempotent. */
  close(): void;
}
