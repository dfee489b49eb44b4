/**
 * QuicConnection: one WebTransport session as a Connection, over the QUIC connection that carries it
 * alone: the fold `send | receive` for browsers. Http3Peer makes it and feeds it; its queues are
 * bounded by QuicLimits. QUIC of this runtime cannot reset a stream with a code: aborting a writable
 * ends it like closing it, so a message format must say its own length.
 */
import { TransportError } from "../../core/errors.ts";
import { formatAddress } from "../address_prefix.ts";
import { checkCloseCode, cutCloseReason } from "../close_reason.ts";
import type {
  BidirectionalStream,
  CloseInfo,
  ConnectionStats,
  IncomingConnection,
} from "../connection.ts";
import { Inbox } from "../inbox.ts";
import { encodeCloseCapsule } from "./capsules.ts";
import {
  encodeFrame,
  FRAME_DATA,
  FRAME_WEBTRANSPORT_STREAM,
  H3_DATAGRAM_ERROR,
  H3_NO_ERROR,
  STREAM_WEBTRANSPORT,
} from "./h3_frames.ts";
import type { QuicLimits } from "./quic_limits.ts";
import { receiveStream } from "./receive_stream.ts";
import { encodeVarints, readVarint, varintLength, varintLengthAt, writeVarint } from "./varint.ts";

/** What a session is built on. */
export interface QuicSession {
  readonly conn: Deno.QuicConn;
  /** Stream id of the CONNECT stream, which is the session's id. */
  readonly sessionId: number;
  /** Our side of the CONNECT stream, behind the response. */
  readonly connectWriter: WritableStreamDefaultWriter<Uint8Array>;
  readonly limits: QuicLimits;
  /** Closes the QUIC connection with an HTTP/3 error code; never throws. */
  readonly abort: (h3Code: number, reason: string) => void;
  /** Called when the session is authenticated or over. */
  readonly onAuthenticated: () => void;
}

/**
 * From the peer's answer to our close until the QUIC connection goes: Chromium reports "Connection
 * lost" instead of our code when that comes on the heels of the capsule.
 */
const CLOSE_LINGER_MS = 250;

/** Largest datagram with its prefix; QUIC packets on paths of today are smaller. */
const DATAGRAM_BYTES_MAX = 2_048;

/**
 * One buffer for every datagram that is sent: the runtime copies it before `sendDatagram` returns,
 * so it is free again at once. Views are made once per length, which keeps the hot path from
 * allocating any.
 */
const scratch = new Uint8Array(DATAGRAM_BYTES_MAX);
const scratchViews = new Array<Uint8Array | undefined>(DATAGRAM_BYTES_MAX + 1).fill(undefined);

/** A WebTransport session over QUIC. */
export class QuicConnection implements IncomingConnection {
  readonly transport = "quic";
  readonly remoteAddress: string;
  readonly closed: Promise<CloseInfo>;
  readonly stats: ConnectionStats = {
    datagramsSent: 0,
    datagramsReceived: 0,
    datagramsDropped: 0,
    datagramsDroppedUnread: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };

  readonly #session: QuicSession;
  readonly #conn: Deno.QuicConn;
  readonly #quarterId: number;
  readonly #prefixBytes: number;
  readonly #datagrams: Inbox<Uint8Array>;
  readonly #bidirectional: Inbox<BidirectionalStream>;
  readonly #unidirectional: Inbox<ReadableStream<Uint8Array>>;
  #settleClosed!: (info: CloseInfo) => void;
  #isClosed = false;
  #pendingOpens = 0;
  #outstanding = 0;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;

  readonly #onSent = (): void => {
    this.#outstanding--;
  };
  readonly #onSendFailed = (): void => {
    this.#outstanding--;
    this.stats.datagramsDropped++;
  };

  /** Takes over `session.conn` once its CONNECT request is accepted. */
  constructor(session: QuicSession) {
    this.#session = session;
    this.#conn = session.conn;
    this.#quarterId = session.sessionId / 4;
    this.#prefixBytes = varintLength(this.#quarterId);
    this.#datagrams = new Inbox(session.limits.unreadDatagramsMax);
    this.#bidirectional = new Inbox(session.limits.peerBidirectionalMax);
    this.#unidirectional = new Inbox(session.limits.peerUnidirectionalMax);
    const { hostname, port } = session.conn.remoteAddr;
    this.remoteAddress = formatAddress(hostname, port);
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    void this.#receiveDatagrams();
  }

  /** Stream id of the session; streams and datagrams name it. */
  get sessionId(): number {
    return this.#session.sessionId;
  }

  get maxDatagramSize(): number {
    const size = Math.min(this.#conn.maxDatagramSize, DATAGRAM_BYTES_MAX) - this.#prefixBytes;
    return Math.max(size, 0);
  }

  /** Datagrams handed to QUIC and not yet taken by it. */
  get outstandingDatagrams(): number {
    return this.#outstanding;
  }

  /** Datagrams of the peer that nobody has read yet. */
  get unreadDatagrams(): number {
    return this.#datagrams.size;
  }

  markAuthenticated(): void {
    this.#session.onAuthenticated();
  }

  sendDatagram(bytes: Uint8Array): boolean {
    const isRefused = this.#isClosed || bytes.length > this.maxDatagramSize ||
      this.#outstanding >= this.#session.limits.outstandingDatagramsMax;
    if (isRefused) {
      this.stats.datagramsDropped++;
      return false;
    }
    const start = writeVarint(this.#quarterId, scratch, 0);
    scratch.set(bytes, start);
    const size = start + bytes.length;
    const view = scratchViews[size] ??= scratch.subarray(0, size);
    this.#outstanding++;
    this.#conn.sendDatagram(view).then(this.#onSent, this.#onSendFailed);
    this.stats.datagramsSent++;
    this.stats.bytesSent += bytes.length;
    return true;
  }

  readDatagram(): Promise<Uint8Array | undefined> {
    return this.#datagrams.next();
  }

  async openBidirectional(): Promise<BidirectionalStream> {
    const stream = await this.#open(
      () => this.#conn.createBidirectionalStream({ waitUntilAvailable: true }),
      (late) => {
        late.readable.cancel().catch(() => {});
        late.writable.abort().catch(() => {});
      },
    );
    this.#writePrefix(stream.writable, FRAME_WEBTRANSPORT_STREAM);
    return { readable: receiveStream(stream.readable), writable: stream.writable };
  }

  async openUnidirectional(): Promise<WritableStream<Uint8Array>> {
    const writable = await this.#open(
      () => this.#conn.createUnidirectionalStream({ waitUntilAvailable: true }),
      (late) => late.abort().catch(() => {}),
    );
    this.#writePrefix(writable, STREAM_WEBTRANSPORT);
    return writable;
  }

  acceptBidirectional(): Promise<BidirectionalStream | undefined> {
    return this.#bidirectional.next();
  }

  acceptUnidirectional(): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#unidirectional.next();
  }

  close(code: number, reason: string): void {
    checkCloseCode(code);
    if (this.#isClosed) return;
    const cut = cutCloseReason(reason);
    const { connectWriter } = this.#session;
    connectWriter.write(encodeFrame(FRAME_DATA, encodeCloseCapsule(code, cut))).catch(() => {});
    this.#endSession({ code, reason: cut, clean: true });
  }

  /** Queues a bidirectional stream that the peer opened; false when it has to be refused. */
  deliverBidirectional(stream: BidirectionalStream): boolean {
    if (this.#isClosed || this.#bidirectional.isFull) return false;
    const { readable, writable } = stream;
    return this.#bidirectional.push({ readable: receiveStream(readable), writable }) === undefined;
  }

  /** Queues a unidirectional stream that the peer opened; false when it has to be refused. */
  deliverUnidirectional(readable: ReadableStream<Uint8Array>): boolean {
    if (this.#isClosed || this.#unidirectional.isFull) return false;
    return this.#unidirectional.push(receiveStream(readable)) === undefined;
  }

  /** The peer ended the session, by a capsule or by ending the CONNECT stream. */
  endByPeer(code: number, reason: string): void {
    if (this.#isClosed) this.#scheduleAbort(CLOSE_LINGER_MS);
    else this.#endSession({ code, reason, clean: true });
  }

  /** The peer reset the CONNECT stream, which ends the session without a word. */
  resetByPeer(): void {
    if (this.#isClosed) this.#scheduleAbort(CLOSE_LINGER_MS);
    else this.#endSession({ code: 0, reason: "Peer reset the session", clean: false });
  }

  /** The QUIC connection is gone. */
  connectionEnded(reason: string, clean: boolean): void {
    clearTimeout(this.#closeTimer);
    this.#settle({ code: 0, reason, clean });
  }

  /** Ends our side of the CONNECT stream, and the QUIC connection when the peer had time to see it. */
  #endSession(info: CloseInfo): void {
    this.#session.connectWriter.close().catch(() => {});
    this.#settle(info);
    this.#scheduleAbort(this.#session.limits.closeGraceMs);
  }

  /** Closes the QUIC connection in `delayMs`, instead of when it was to be closed before. */
  #scheduleAbort(delayMs: number): void {
    clearTimeout(this.#closeTimer);
    this.#closeTimer = setTimeout(() => this.#session.abort(H3_NO_ERROR, ""), delayMs);
  }

  #settle(info: CloseInfo): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#settleClosed(info);
    this.#session.onAuthenticated();
    this.#datagrams.close();
    for (const stream of this.#bidirectional.close()) {
      stream.readable.cancel().catch(() => {});
      stream.writable.abort().catch(() => {});
    }
    for (const readable of this.#unidirectional.close()) readable.cancel().catch(() => {});
  }

  async #receiveDatagrams(): Promise<void> {
    try {
      while (!this.#isClosed) this.#takeDatagram(await this.#conn.readDatagram());
    } catch {
      // The connection is gone; Http3Peer sees why and settles.
    }
  }

  #takeDatagram(bytes: Uint8Array): void {
    const quarterId = readVarint(bytes, 0);
    if (quarterId < 0) {
      this.#session.abort(H3_DATAGRAM_ERROR, "Datagram without a session");
      return;
    }
    if (quarterId !== this.#quarterId) {
      this.stats.datagramsDropped++;
      return;
    }
    const payload = bytes.subarray(varintLengthAt(bytes[0]!));
    this.stats.datagramsReceived++;
    this.stats.bytesReceived += payload.length;
    if (this.#datagrams.push(payload) !== undefined) this.stats.datagramsDroppedUnread++;
  }

  /** Runs `open` under the limits on waiting calls; a stream that comes too late goes to `drop`. */
  async #open<T>(open: () => Promise<T>, drop: (late: T) => void): Promise<T> {
    const { pendingOpensMax, openTimeoutMs } = this.#session.limits;
    if (this.#isClosed) throw closedError();
    if (this.#pendingOpens >= pendingOpensMax) {
      const message = `Cannot open a stream: ${pendingOpensMax} calls wait already`;
      throw new TransportError(message, { reason: "unavailable" });
    }
    this.#pendingOpens++;
    const opening = open().finally(() => this.#pendingOpens--);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), openTimeoutMs);
    });
    try {
      const stream = await Promise.race([opening, late]);
      if (stream !== undefined && !this.#isClosed) return stream;
    } catch (cause) {
      throw new TransportError("Cannot open a stream: connection lost", {
        reason: "closed",
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
    opening.then(drop, () => {});
    if (this.#isClosed) throw closedError();
    const message = `Cannot open a stream: peer allows none for ${openTimeoutMs} ms`;
    throw new TransportError(message, { reason: "timeout" });
  }

  /** Queues the header of a WebTransport stream in front of what its user will write. */
  #writePrefix(writable: WritableStream<Uint8Array>, type: number): void {
    const writer = writable.getWriter();
    writer.write(encodeVarints(type, this.#session.sessionId)).catch(() => {});
    writer.closed.catch(() => {});
    writer.releaseLock();
  }
}

function closedError(): TransportError {
  return new TransportError("Cannot open a stream: connection is closed", { reason: "closed" });
}
