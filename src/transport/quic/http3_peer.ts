/**
 * Http3Peer: the HTTP/3 side of one QUIC connection: SETTINGS, the peer's streams, and the one
 * extended CONNECT that becomes a QuicConnection (RFC 9114, RFC 9220, draft-ietf-webtrans-http3).
 * Everything a hostile peer can send ends here: in the worst case its own connection is closed.
 */
import type { Logger } from "../../core/log.ts";
import { formatAddress } from "../address_prefix.ts";
import type { SessionGate } from "../connection.ts";
import { type ConnectRequest, parseConnectRequest } from "./connect_request.ts";
import {
  readControlStream,
  readQpackDecoderStream,
  readQpackEncoderStream,
} from "./critical_streams.ts";
import * as h3 from "./h3_frames.ts";
import { H3Error } from "./h3_frames.ts";
import { PrefixReader } from "./prefix_reader.ts";
import { FIELD_SECTION_BYTES_MAX } from "./qpack.ts";
import { QuicConnection } from "./quic_connection.ts";
import type { QuicLimits } from "./quic_limits.ts";
import { RequestStream } from "./request_stream.ts";
import { followSession } from "./session_end.ts";
import type { Place } from "../unauthenticated_limit.ts";
import { encodeVarints } from "./varint.ts";

/** What a peer needs from its listener. */
export interface Http3PeerOptions {
  readonly gate: SessionGate;
  readonly limits: QuicLimits;
  readonly log: Logger;
  /** The connection's place among the unauthenticated ones. */
  readonly place: Place;
  /** Takes an accepted session; false when the listener has no room for it. */
  readonly onSession: (connection: QuicConnection) => boolean;
  /** Called when the gate refused the peer. */
  readonly onRefused: () => void;
  /** Called when the peer broke the protocol or a deadline and is closed for it. */
  readonly onViolation: () => void;
}

const STATUS_OK = 200;
const STATUS_TOO_MANY_REQUESTS = 429;
const STATUS_SERVER_ERROR = 500;
const STATUS_UNAVAILABLE = 503;

/** What we announce: one session for each connection, no QPACK table. */
const SETTINGS: readonly (readonly [number, number])[] = [
  [h3.SETTING_QPACK_MAX_TABLE_CAPACITY, 0],
  [h3.SETTING_MAX_FIELD_SECTION_SIZE, FIELD_SECTION_BYTES_MAX],
  [h3.SETTING_QPACK_BLOCKED_STREAMS, 0],
  [h3.SETTING_ENABLE_CONNECT_PROTOCOL, 1],
  [h3.SETTING_H3_DATAGRAM, 1],
  [h3.SETTING_ENABLE_WEBTRANSPORT, 1],
  [h3.SETTING_WT_MAX_SESSIONS, 1],
];

/** One QUIC connection that speaks HTTP/3. */
export class Http3Peer {
  /** Settles when the QUIC connection is gone; never rejects. */
  readonly done: Promise<void>;

  readonly #conn: Deno.QuicConn;
  readonly #options: Http3PeerOptions;
  readonly #remoteAddress: string;
  readonly #settings = Promise.withResolvers<ReadonlyMap<number, number>>();
  readonly #session = Promise.withResolvers<QuicConnection | undefined>();
  readonly #criticalTypes = new Set<number>();
  readonly #deadline: ReturnType<typeof setTimeout>;
  #graceTimer: ReturnType<typeof setTimeout> | undefined;
  #connection: QuicConnection | undefined;
  #controlWriter: WritableStreamDefaultWriter<Uint8Array> | undefined;
  #hasRequest = false;
  #isOver = false;
  #wastedStreams = 0;

  /** Starts to serve `conn`, which may still be in its handshake. */
  constructor(conn: Deno.QuicConn, options: Http3PeerOptions) {
    this.#conn = conn;
    this.#options = options;
    const { hostname, port } = conn.remoteAddr;
    this.#remoteAddress = formatAddress(hostname, port);
    this.#deadline = setTimeout(
      () => this.#violate(new H3Error(h3.H3_REQUEST_INCOMPLETE, "No session asked for in time")),
      options.limits.connectTimeoutMs,
    );
    this.done = this.#watch();
    this.#guard(this.#sendSettings());
    this.#guard(this.#acceptUnidirectional());
    this.#guard(this.#acceptBidirectional());
  }

  /** Closes the session if there is one, else the QUIC connection; idempotent. */
  close(code: number, reason: string): void {
    if (this.#connection !== undefined) this.#connection.close(code, reason);
    else this.abort(h3.H3_NO_ERROR, reason);
  }

  /** Closes the QUIC connection with an HTTP/3 error code; never throws. */
  abort(h3Code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection?.connectionEnded(reason, false);
    try {
      this.#conn.close({ closeCode: h3Code, reason });
    } catch {
      // The connection ended first: there is nothing left to close.
    }
  }

  async #watch(): Promise<void> {
    let reason = "Peer closed the QUIC connection";
    let isClean = true;
    try {
      const { closeCode, reason: text } = await this.#conn.closed;
      isClean = closeCode === h3.H3_NO_ERROR;
      if (!isClean) reason = `${reason} with code ${closeCode}: ${text}`;
    } catch (error) {
      isClean = false;
      reason = messageOf(error);
    }
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#graceTimer);
    this.#connection?.connectionEnded(reason, isClean);
    this.#session.resolve(undefined);
    this.#options.place.release();
    this.#controlWriter?.abort().catch(() => {});
  }

  /** Gives every outcome of a task an owner: a violation closes the peer, the rest is its end. */
  #guard(task: Promise<unknown>): void {
    task.catch((error) => {
      if (error instanceof H3Error) this.#violate(error);
      // Streams that are reset before they say anything cost work and bring nothing.
      else if (error instanceof Deno.errors.ConnectionReset) this.#countWaste();
      // Anything else is the end of the connection, which #watch reports.
    });
  }

  #violate(error: H3Error): void {
    if (this.#isOver) return;
    this.#options.log.debug("Closing a QUIC peer that broke the protocol", {
      remoteAddress: this.#remoteAddress,
      code: error.code,
      reason: error.message,
    });
    this.#options.onViolation();
    this.abort(error.code, error.message);
  }

  async #sendSettings(): Promise<void> {
    // Before the handshake is over the peer's stream limits are unknown, and a call that waits for
    // them then is never woken.
    await this.#conn.handshake;
    const control = await this.#conn.createUnidirectionalStream({ waitUntilAvailable: true });
    this.#controlWriter = control.getWriter();
    this.#controlWriter.closed.catch(() => {});
    await this.#controlWriter.write(encodeVarints(h3.STREAM_CONTROL));
    await this.#controlWriter.write(h3.encodeSettings(SETTINGS));
  }

  async #acceptUnidirectional(): Promise<void> {
    for await (const readable of this.#conn.incomingUnidirectionalStreams) {
      this.#guard(this.#handleUnidirectional(readable));
    }
  }

  async #acceptBidirectional(): Promise<void> {
    for await (const stream of this.#conn.incomingBidirectionalStreams) {
      this.#guard(this.#handleBidirectional(stream));
    }
  }

  async #handleUnidirectional(readable: Deno.QuicReceiveStream): Promise<void> {
    const prefix = new PrefixReader(readable, this.#options.limits.headerTimeoutMs);
    let type: number | undefined;
    let sessionId: number | undefined;
    try {
      type = await prefix.varint();
      if (type === h3.STREAM_WEBTRANSPORT) sessionId = await prefix.varint();
    } finally {
      prefix.release();
    }
    if (type === h3.STREAM_WEBTRANSPORT && sessionId !== undefined) {
      const connection = await this.#sessionFor(sessionId);
      if (!connection?.deliverUnidirectional(readable)) this.#waste(readable);
      return;
    }
    if (type === undefined || !isCritical(type)) {
      this.#waste(readable);
      return;
    }
    if (type === h3.STREAM_PUSH || this.#criticalTypes.has(type)) {
      throw new H3Error(h3.H3_STREAM_CREATION_ERROR, `Stream of type ${type} is not allowed`);
    }
    this.#criticalTypes.add(type);
    try {
      await this.#readCritical(type, readable);
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
      throw new H3Error(h3.H3_CLOSED_CRITICAL_STREAM, `Stream of type ${type} was reset`);
    }
  }

  #readCritical(type: number, readable: ReadableStream<Uint8Array>): Promise<never> {
    if (type === h3.STREAM_QPACK_ENCODER) return readQpackEncoderStream(readable);
    if (type === h3.STREAM_QPACK_DECODER) return readQpackDecoderStream(readable);
    return readControlStream(readable, (settings) => this.#settings.resolve(settings));
  }

  async #handleBidirectional(stream: Deno.QuicBidirectionalStream): Promise<void> {
    const prefix = new PrefixReader(stream.readable, this.#options.limits.headerTimeoutMs);
    let type: number | undefined;
    let sessionId: number | undefined;
    try {
      type = await prefix.varint();
      if (type === h3.FRAME_WEBTRANSPORT_STREAM) sessionId = await prefix.varint();
    } finally {
      prefix.release();
    }
    if (type !== undefined && type !== h3.FRAME_WEBTRANSPORT_STREAM) {
      await this.#handleRequest(new RequestStream(stream, type, this.#options.limits));
      return;
    }
    const connection = sessionId === undefined ? undefined : await this.#sessionFor(sessionId);
    if (!connection?.deliverBidirectional(stream)) {
      stream.writable.abort().catch(() => {});
      this.#waste(stream.readable);
    }
  }

  /** The session that a stream belongs to, once there is one; undefined when it is another. */
  async #sessionFor(sessionId: number): Promise<QuicConnection | undefined> {
    // Sessions are client-opened bidirectional streams, whose ids are multiples of four.
    if (sessionId % 4 !== 0) throw new H3Error(h3.H3_ID_ERROR, `No session id: ${sessionId}`);
    const connection = await this.#session.promise;
    return connection?.sessionId === sessionId ? connection : undefined;
  }

  /** Lets a useless stream go; a peer that sends many of them goes too. */
  #waste(readable: ReadableStream<Uint8Array>): void {
    readable.cancel().catch(() => {});
    this.#countWaste();
  }

  #countWaste(): void {
    const { wastedStreamsMax } = this.#options.limits;
    if (++this.#wastedStreams <= wastedStreamsMax) return;
    const message = `More than ${wastedStreamsMax} useless streams`;
    this.#violate(new H3Error(h3.H3_EXCESSIVE_LOAD, message));
  }

  async #handleRequest(stream: RequestStream): Promise<void> {
    const lines = await stream.readHeaders();
    if (lines === undefined) {
      stream.discard();
      this.#countWaste();
      return;
    }
    const request = parseConnectRequest(lines);
    if (typeof request === "number" || this.#hasRequest) {
      stream.refuse(typeof request === "number" ? request : STATUS_TOO_MANY_REQUESTS);
      this.#countWaste();
      return;
    }
    this.#hasRequest = true;
    // 0-RTT data can be a replay; behind the handshake it comes from a peer that is there.
    await this.#conn.handshake;
    const settings = await this.#settings.promise;
    if (settings.get(h3.SETTING_H3_DATAGRAM) !== 1) {
      throw new H3Error(h3.H3_SETTINGS_ERROR, "WebTransport needs HTTP/3 datagrams");
    }
    if (this.#isOver) return;
    const connection = this.#openSession(request, stream);
    if (connection !== undefined) await followSession(stream, connection);
  }

  /** Asks the gate and answers; the session, or undefined when refused. */
  #openSession(request: ConnectRequest, stream: RequestStream): QuicConnection | undefined {
    const status = this.#askGate(request);
    if (status !== STATUS_OK) {
      this.#refuse(request, stream, status);
      return undefined;
    }
    const connection = new QuicConnection({
      conn: this.#conn,
      sessionId: stream.id,
      connectWriter: stream.writer,
      limits: this.#options.limits,
      abort: (code, reason) => this.abort(code, reason),
      onAuthenticated: () => this.#options.place.release(),
    });
    this.#connection = connection;
    clearTimeout(this.#deadline);
    if (!this.#options.onSession(connection)) {
      this.#refuse(request, stream, STATUS_UNAVAILABLE);
      return undefined;
    }
    stream.respond(STATUS_OK);
    this.#session.resolve(connection);
    return connection;
  }

  #askGate(request: ConnectRequest): number {
    try {
      return this.#options.gate({ ...request, remoteAddress: this.#remoteAddress });
    } catch (error) {
      this.#options.log.error("Cannot judge a session request", { reason: messageOf(error) });
      return STATUS_SERVER_ERROR;
    }
  }

  #refuse(request: ConnectRequest, stream: RequestStream, status: number): void {
    this.#options.log.debug("Refusing a session", {
      remoteAddress: this.#remoteAddress,
      origin: request.origin,
      status,
    });
    this.#options.onRefused();
    stream.refuse(status);
    this.#graceTimer = setTimeout(
      () => this.abort(h3.H3_NO_ERROR, ""),
      this.#options.limits.closeGraceMs,
    );
  }
}

function isCritical(type: number): boolean {
  return type <= h3.STREAM_QPACK_DECODER;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
