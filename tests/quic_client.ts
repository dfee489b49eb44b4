/**
 * QuicClient: a WebTransport client over Deno.connectQuic for tests and benches, written apart from
 * src/transport/quic on purpose: where both agree, the format is right. It sends what it needs with
 * literal header lines and reads only the responses that our listener sends.
 */

import { TransportError } from "../src/core/errors.ts";
import type {
  BidirectionalStream,
  CloseInfo,
  Connection,
  ConnectionStats,
} from "../src/transport/connection.ts";
import { Inbox } from "../src/transport/inbox.ts";

/** Where to connect and what to ask for. */
export interface QuicClientOptions {
  readonly port: number;
  /** The server's certificate, which the client trusts. */
  readonly certChainPem: string;
  readonly path?: string;
  readonly origin?: string | undefined;
  /** Socket to share between clients; without it each client binds one. */
  readonly endpoint?: Deno.QuicEndpoint;
}

/** The server answered with a status other than 200. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;

  constructor(status: number) {
    super(`Server answered ${status}`);
    this.status = status;
  }
}

const UNREAD_DATAGRAMS_MAX = 65_536;
const UNREAD_STREAMS_MAX = 1_024;
const CLOSE_GRACE_MS = 500;
const H3_NO_ERROR = 0x100;

/** A varint, RFC 9000 section 16. */
export function varint(value: number): number[] {
  if (value < 64) return [value];
  if (value < 16384) return [0x40 | (value >> 8), value & 255];
  const word = [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
  if (value < 2 ** 30) return [0x80 | word[0]!, ...word.slice(1)];
  return [0xc0, 0, 0, Math.floor(value / 2 ** 32), ...word];
}

/** A frame or capsule: type, length, payload. */
export function typeLengthValue(type: number, payload: ArrayLike<number>): Uint8Array {
  return Uint8Array.from([...varint(type), ...varint(payload.length), ...Array.from(payload)]);
}

/** A HEADERS frame of literal lines without Huffman codes. */
export function headersFrame(lines: readonly (readonly [string, string])[]): Uint8Array {
  const bytes = [0, 0];
  const text = (flags: number, prefixBits: number, value: string) => {
    const max = (1 << prefixBits) - 1;
    let length = new TextEncoder().encode(value).length;
    if (length < max) bytes.push(flags | length);
    else {
      bytes.push(flags | max);
      for (length -= max; length >= 128; length >>= 7) bytes.push(128 | (length & 127));
      bytes.push(length);
    }
    bytes.push(...new TextEncoder().encode(value));
  };
  for (const [name, value] of lines) {
    text(0x20, 3, name);
    text(0x00, 7, value);
  }
  return typeLengthValue(0x01, bytes);
}

/** The header lines of a WebTransport request. */
export function connectLines(
  port: number,
  path: string,
  origin?: string,
): (readonly [string, string])[] {
  return [
    [":method", "CONNECT"],
    [":protocol", "webtransport"],
    [":scheme", "https"],
    [":authority", `localhost:${port}`],
    [":path", path],
    ...(origin === undefined ? [] : [["origin", origin] as const]),
  ];
}

/** Control stream type, then SETTINGS with datagrams and WebTransport on. */
export const CONTROL_STREAM_BYTES = Uint8Array.from([
  0x00,
  ...typeLengthValue(0x04, [...varint(0x33), 1, ...varint(0x2b603742), 1]),
]);

/** A raw QUIC connection to a listener, without a byte of HTTP/3. */
export async function connectRaw(
  options: QuicClientOptions,
  alpnProtocols = ["h3"],
): Promise<Deno.QuicConn> {
  return await Deno.connectQuic({
    hostname: "127.0.0.1",
    port: options.port,
    serverName: "localhost",
    caCerts: [options.certChainPem],
    alpnProtocols,
    maxIdleTimeout: 10_000,
    maxConcurrentUnidirectionalStreams: 256,
    maxConcurrentBidirectionalStreams: 256,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  });
}

/** The first `count` bytes of a stream, or fewer when it ends. */
export async function readBytes(
  readable: ReadableStream<Uint8Array>,
  count: number,
): Promise<Uint8Array> {
  const reader = readable.getReader({ mode: "byob" });
  const bytes = new Uint8Array(count);
  let size = 0;
  while (size < count) {
    const { value, done } = await reader.read(new Uint8Array(count - size));
    if (done || value === undefined) break;
    bytes.set(value, size);
    size += value.length;
  }
  reader.releaseLock();
  return bytes.subarray(0, size);
}

async function readVarint(readable: ReadableStream<Uint8Array>): Promise<number | undefined> {
  const [first] = await readBytes(readable, 1);
  if (first === undefined) return undefined;
  const rest = await readBytes(readable, (1 << (first >> 6)) - 1);
  return rest.reduce((value, byte) => value * 256 + byte, first & 63);
}

/** A WebTransport session of the client. */
export class QuicClient implements Connection {
  readonly transport = "quic";
  /** The QUIC connection below, for tests that hurt it. */
  readonly conn: Deno.QuicConn;
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

  readonly #connect: Deno.QuicBidirectionalStream;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #sessionId: number;
  readonly #datagrams = new Inbox<Uint8Array>(UNREAD_DATAGRAMS_MAX);
  readonly #bidirectional = new Inbox<BidirectionalStream>(UNREAD_STREAMS_MAX);
  readonly #unidirectional = new Inbox<ReadableStream<Uint8Array>>(UNREAD_STREAMS_MAX);
  #settle!: (info: CloseInfo) => void;
  #isClosed = false;

  /** Opens a session; throws RefusedError with the status, or TransportError. */
  static async connect(options: QuicClientOptions): Promise<QuicClient> {
    let conn: Deno.QuicConn | undefined;
    try {
      conn = await connectRaw(options);
      conn.closed.catch(() => {});
      const control = (await conn.createUnidirectionalStream()).getWriter();
      control.closed.catch(() => {});
      await control.write(CONTROL_STREAM_BYTES);
      const stream = await conn.createBidirectionalStream();
      const writer = stream.writable.getWriter();
      writer.closed.catch(() => {});
      const lines = connectLines(options.port, options.path ?? "/", options.origin);
      await writer.write(headersFrame(lines));
      const status = await readStatus(stream.readable);
      if (status !== 200) throw new RefusedError(status);
      return new QuicClient(conn, stream, writer, control);
    } catch (cause) {
      conn?.close({ closeCode: H3_NO_ERROR, reason: "" });
      if (cause instanceof RefusedError) throw cause;
      throw new TransportError(`Cannot connect: ${cause}`, { reason: "refused", cause });
    }
  }

  private constructor(
    conn: Deno.QuicConn,
    stream: Deno.QuicBidirectionalStream,
    writer: WritableStreamDefaultWriter<Uint8Array>,
    // Kept, because a collected stream ends, and the control stream must not.
    readonly control: WritableStreamDefaultWriter<Uint8Array>,
  ) {
    this.conn = conn;
    this.#connect = stream;
    this.#writer = writer;
    this.#sessionId = Number(stream.readable.id);
    this.remoteAddress = `127.0.0.1:${conn.remoteAddr.port}`;
    this.closed = new Promise((resolve) => {
      this.#settle = resolve;
    });
    conn.closed.then(
      ({ closeCode, reason }) => this.#end({ code: 0, reason, clean: closeCode === H3_NO_ERROR }),
      (error) => this.#end({ code: 0, reason: String(error), clean: false }),
    );
    for (const task of [this.#readDatagrams(), this.#acceptBidi(), this.#acceptUni()]) {
      task.catch(() => {});
    }
    this.#readCapsules().catch(() => {});
  }

  get maxDatagramSize(): number {
    return this.conn.maxDatagramSize - varint(this.#sessionId / 4).length;
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#isClosed || bytes.length > this.maxDatagramSize) {
      this.stats.datagramsDropped++;
      return false;
    }
    const prefix = varint(this.#sessionId / 4);
    const datagram = new Uint8Array(prefix.length + bytes.length);
    datagram.set(prefix);
    datagram.set(bytes, prefix.length);
    this.conn.sendDatagram(datagram).catch(() => this.stats.datagramsDropped++);
    this.stats.datagramsSent++;
    this.stats.bytesSent += bytes.length;
    return true;
  }

  readDatagram(): Promise<Uint8Array | undefined> {
    return this.#datagrams.next();
  }

  async openBidirectional(): Promise<BidirectionalStream> {
    const stream = await this.#guardOpen(() =>
      this.conn.createBidirectionalStream({ waitUntilAvailable: true })
    );
    this.#writePrefix(stream.writable, 0x41);
    return stream;
  }

  async openUnidirectional(): Promise<WritableStream<Uint8Array>> {
    const writable = await this.#guardOpen(() =>
      this.conn.createUnidirectionalStream({ waitUntilAvailable: true })
    );
    this.#writePrefix(writable, 0x54);
    return writable;
  }

  acceptBidirectional(): Promise<BidirectionalStream | undefined> {
    return this.#bidirectional.next();
  }

  acceptUnidirectional(): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#unidirectional.next();
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    const text = new TextEncoder().encode(reason);
    const capsule = typeLengthValue(0x2843, [0, 0, code >> 8, code & 255, ...text]);
    this.#writer.write(typeLengthValue(0x00, capsule)).catch(() => {});
    this.#writer.close().catch(() => {});
    this.#end({ code, reason, clean: true });
    const timer = setTimeout(
      () => this.conn.close({ closeCode: H3_NO_ERROR, reason: "" }),
      CLOSE_GRACE_MS,
    );
    this.conn.closed.catch(() => {}).finally(() => clearTimeout(timer));
  }

  #end(info: CloseInfo): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#datagrams.close();
    this.#bidirectional.close();
    this.#unidirectional.close();
    this.#settle(info);
  }

  async #guardOpen<T>(open: () => Promise<T>): Promise<T> {
    const message = "Cannot open a stream: connection is closed";
    if (this.#isClosed) throw new TransportError(message, { reason: "closed" });
    try {
      return await open();
    } catch (cause) {
      throw new TransportError(message, { reason: "closed", cause });
    }
  }

  #writePrefix(writable: WritableStream<Uint8Array>, type: number): void {
    const writer = writable.getWriter();
    writer.write(Uint8Array.from([...varint(type), ...varint(this.#sessionId)])).catch(() => {});
    writer.releaseLock();
  }

  async #readDatagrams(): Promise<void> {
    while (!this.#isClosed) {
      const datagram = await this.conn.readDatagram();
      const payload = datagram.subarray(1 << (datagram[0]! >> 6));
      this.stats.datagramsReceived++;
      this.stats.bytesReceived += payload.length;
      if (this.#datagrams.push(payload) !== undefined) this.stats.datagramsDroppedUnread++;
    }
  }

  async #acceptBidi(): Promise<void> {
    for await (const stream of this.conn.incomingBidirectionalStreams) {
      const type = await readVarint(stream.readable);
      const sessionId = await readVarint(stream.readable);
      if (type !== 0x41 || sessionId !== this.#sessionId) throw new Error(`Stream of type ${type}`);
      this.#bidirectional.push(stream);
    }
  }

  async #acceptUni(): Promise<void> {
    for await (const readable of this.conn.incomingUnidirectionalStreams) {
      const type = await readVarint(readable);
      if (type === 0x00) {
        (async () => {
          for await (const _settings of readable) { /* the control stream is only kept open */ }
        })().catch(() => {});
        continue;
      }
      const sessionId = await readVarint(readable);
      if (type !== 0x54 || sessionId !== this.#sessionId) throw new Error(`Stream of type ${type}`);
      this.#unidirectional.push(readable);
    }
  }

  /** Waits for the close capsule or the end of the CONNECT stream, then hangs up. */
  async #readCapsules(): Promise<void> {
    const { readable } = this.#connect;
    let info: CloseInfo = { code: 0, reason: "", clean: true };
    for (let type = await readVarint(readable); type === 0; type = await readVarint(readable)) {
      const payload = await readBytes(readable, (await readVarint(readable))!);
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      // Type 0x2843 takes two bytes; the length that follows one, two or four.
      if ((view.getUint16(0) & 0x3fff) !== 0x2843) continue;
      const start = 2 + (1 << (view.getUint8(2) >> 6));
      const reason = new TextDecoder().decode(payload.subarray(start + 4));
      info = { code: view.getUint32(start), reason, clean: true };
    }
    this.#end(info);
    this.#writer.close().catch(() => {});
    this.conn.close({ closeCode: H3_NO_ERROR, reason: "" });
  }
}

/** The status in a response whose header block is one static or literal :status line. */
async function readStatus(readable: ReadableStream<Uint8Array>): Promise<number> {
  const type = await readVarint(readable);
  const length = await readVarint(readable);
  if (type !== 1 || length === undefined) throw new Error(`Response starts with frame ${type}`);
  const section = await readBytes(readable, length);
  const byIndex = new Map([[25, 200], [27, 404], [28, 503], [67, 400], [68, 403], [71, 500]]);
  if (section[2]! >= 0xc0) {
    const index = section[2]! === 0xff ? 63 + section[3]! : section[2]! & 63;
    return byIndex.get(index) ?? index;
  }
  // A literal with the static name :status; three digits are sent without Huffman codes or with.
  if (section[2] === 0x5f && section[3] === 24 - 15 && section[4] === 3) {
    return Number(new TextDecoder().decode(section.subarray(5, 8)));
  }
  throw new Error(`Cannot read a response header block of ${section.length} bytes`);
}
