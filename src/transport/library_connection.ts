/**
 * LibraryConnection: a session of the WebTransport library of the TCP rung behind the `Connection`
 * interface, for both of its ends. The library's queues of datagrams have no bound and its writers
 * never push back: what arrives is taken from it at once into a queue that drops its oldest, what
 * leaves is refused while its socket is full.
 */

import { TransportError } from "../core/errors.ts";
import { checkCloseCode, cutCloseReason } from "./close_reason.ts";
import type { BidirectionalStream, CloseInfo, Connection, ConnectionStats } from "./connection.ts";
import { Inbox } from "./inbox.ts";

/** Datagrams that wait unread before the oldest is dropped. */
const UNREAD_DATAGRAMS_MAX = 512;
/** Streams that wait to be accepted; the library's own limit of open ones is no higher. */
const UNACCEPTED_STREAMS_MAX = 64;
/**
 * Longest datagram. The library sends no more than 16 KiB and drops the rest in silence; half of that
 * costs as little, and holds up what follows half as long.
 */
export const TCP_DATAGRAM_BYTES_MAX = 8192;

/** How a session ended, in the library's words. */
export interface LibraryCloseInfo {
  readonly closeCode?: number;
  readonly reason?: string;
}

/** A session that the library made of a socket. */
export interface LibrarySession {
  readonly ready: Promise<unknown>;
  readonly closed: Promise<LibraryCloseInfo>;
  readonly draining: Promise<unknown>;
  readonly datagrams: { readonly readable: ReadableStream<Uint8Array> };
  readonly incomingBidirectionalStreams: ReadableStream<BidirectionalStream>;
  readonly incomingUnidirectionalStreams: ReadableStream<ReadableStream<Uint8Array>>;
  createBidirectionalStream(options: { waitUntilAvailable: true }): Promise<BidirectionalStream>;
  createUnidirectionalStream(
    options: { waitUntilAvailable: true },
  ): Promise<WritableStream<Uint8Array>>;
  close(info: LibraryCloseInfo): void;
}

/** What of a session inside of the library is mended; its version is pinned. */
export interface LibraryReceiver {
  addReceiveStream(stream: LibraryReceiveStream): void;
}

interface LibraryReceiveStream {
  readonly readableController: { readonly desiredSize: number | null };
  commitReadBuffer(buffer: unknown): { stopReading?: boolean };
}

/** Bytes that a stream keeps for a reader that does not read; beyond, its window closes. */
const UNREAD_BYTES_MAX = 64 * 1024;

/**
 * Makes streams that arrive wait for their readers. The library takes all that comes while nobody reads
 * and grants the peer as much again; told to stop, it goes on when somebody reads.
 */
export function boundReading(receiver: LibraryReceiver): void {
  const add = receiver.addReceiveStream.bind(receiver);
  receiver.addReceiveStream = (stream) => {
    const commit = stream.commitReadBuffer.bind(stream);
    stream.commitReadBuffer = (buffer) => {
      const result = commit(buffer);
      const { desiredSize } = stream.readableController;
      if (desiredSize !== null && desiredSize <= -UNREAD_BYTES_MAX) result.stopReading = true;
      return result;
    };
    add(stream);
  };
}

/** What the session's bytes go through. */
export interface LibraryPath {
  readonly remoteAddress: string;
  /** True while nothing should be sent: the library would queue it without a bound. */
  readonly isBlocked: boolean;
  /** True once the path went away without a word of the session's end. */
  readonly isBroken: boolean;
  /** Sends at once, where the library's public writer waits for a promise; true when it was taken. */
  sendDatagram(bytes: Uint8Array): boolean;
  close(): void;
}

/** One session. */
export class LibraryConnection implements Connection {
  readonly transport = "tcp";
  readonly remoteAddress: string;
  readonly maxDatagramSize = TCP_DATAGRAM_BYTES_MAX;
  readonly closed: Promise<CloseInfo>;
  readonly stats: ConnectionStats = {
    datagramsSent: 0,
    datagramsReceived: 0,
    datagramsDropped: 0,
    datagramsDroppedUnread: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };
  readonly #session: LibrarySession;
  readonly #path: LibraryPath;
  readonly #datagrams = new Inbox<Uint8Array>(UNREAD_DATAGRAMS_MAX);
  readonly #bidirectional = new Inbox<BidirectionalStream>(UNACCEPTED_STREAMS_MAX);
  readonly #unidirectional = new Inbox<ReadableStream<Uint8Array>>(UNACCEPTED_STREAMS_MAX);
  #settleClosed!: (info: CloseInfo) => void;
  #isClosed = false;

  /** Takes over a session whose `ready` has resolved, with the path that it was made of. */
  constructor(session: LibrarySession, path: LibraryPath) {
    this.#session = session;
    this.#path = path;
    this.remoteAddress = path.remoteAddress;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    session.closed.then(
      // Whoever closes on purpose says so before the path ends.
      ({ closeCode = 0, reason = "" }) => {
        // What the library calls the code of a path that broke is that of its WebSocket.
        if (path.isBroken) this.#finish(0, reason || "Path is gone", false);
        // Browsers' side of it reads a signed number.
        else this.#finish(closeCode >>> 0, reason, true);
      },
      (error: unknown) => this.#finish(0, String(error), false),
    );
    void drain(session.datagrams.readable, (datagram) => this.#receive(datagram));
    void drain(session.incomingBidirectionalStreams, (stream) => {
      if (this.#bidirectional.push(stream) !== undefined) this.close(0, "Too many streams");
    });
    void drain(session.incomingUnidirectionalStreams, (stream) => {
      if (this.#unidirectional.push(stream) !== undefined) this.close(0, "Too many streams");
    });
  }

  sendDatagram(bytes: Uint8Array): boolean {
    const { stats } = this;
    const isRefused = this.#isClosed || this.#path.isBlocked ||
      bytes.byteLength > this.maxDatagramSize;
    if (isRefused || !this.#path.sendDatagram(bytes)) {
      stats.datagramsDropped++;
      return false;
    }
    stats.datagramsSent++;
    stats.bytesSent += bytes.byteLength;
    return true;
  }

  readDatagram(): Promise<Uint8Array | undefined> {
    return this.#datagrams.next();
  }

  async openBidirectional(): Promise<BidirectionalStream> {
    try {
      this.#expectOpen();
      return await this.#session.createBidirectionalStream({ waitUntilAvailable: true });
    } catch (cause) {
      throw this.#streamError(cause);
    }
  }

  async openUnidirectional(): Promise<WritableStream<Uint8Array>> {
    try {
      this.#expectOpen();
      return await this.#session.createUnidirectionalStream({ waitUntilAvailable: true });
    } catch (cause) {
      throw this.#streamError(cause);
    }
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
    const text = cutCloseReason(reason);
    try {
      this.#session.close({ closeCode: code, reason: text });
    } catch {
      this.#path.close();
    }
    this.#finish(code, text, true);
  }

  #receive(datagram: Uint8Array): void {
    this.stats.datagramsReceived++;
    this.stats.bytesReceived += datagram.byteLength;
    if (this.#datagrams.push(datagram) !== undefined) this.stats.datagramsDroppedUnread++;
  }

  #finish(code: number, reason: string, clean: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#datagrams.close();
    this.#bidirectional.close();
    this.#unidirectional.close();
    this.#settleClosed({ code, reason, clean });
  }

  /** The library opens streams until the browser has answered. */
  #expectOpen(): void {
    if (this.#isClosed) throw new Error("the session is closed");
  }

  #streamError(cause: unknown): TransportError {
    const why = cause instanceof Error ? cause.message : String(cause);
    const reason = this.#isClosed ? "closed" : "unavailable";
    return new TransportError(`Cannot open a stream: ${why}`, { reason, cause });
  }
}

/** Takes all that a stream gives, as soon as it comes; ends quietly. */
async function drain<T>(stream: ReadableStream<T>, take: (value: T) => void): Promise<void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      take(value);
    }
  } catch {
    // The session ended, which `closed` tells.
  }
}
