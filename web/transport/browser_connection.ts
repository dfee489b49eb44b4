/**
 * BrowserConnection: the browser's WebTransport behind the `Connection` interface, on the receiving
 * side of the fold. The browser queues at most `INCOMING_DATAGRAMS_MAX` datagrams; outgoing ones in
 * flight are capped here, because the browser's own queue has no bound that a page can see.
 */

import { TransportError } from "../../src/core/errors.ts";
import type {
  BidirectionalStream,
  CloseInfo,
  Connection,
  ConnectionStats,
} from "../../src/transport/connection.ts";

/** Datagrams that the browser keeps for us; at its default of 1 a busy reader loses a quarter. */
export const INCOMING_DATAGRAMS_MAX = 2000;
/** Datagrams handed to the browser and not yet sent; beyond it motion is stale anyway. */
const OUTGOING_IN_FLIGHT_MAX = 64;

/** What later browsers have in the place of one writable. */
interface DatagramStream {
  readonly writable?: WritableStream<Uint8Array>;
  createWritable?(): WritableStream<Uint8Array>;
}

/** One WebTransport session that is ready. */
export class BrowserConnection implements Connection {
  readonly transport = "quic";
  readonly remoteAddress: string;
  readonly closed: Promise<CloseInfo>;
  /** Datagrams handed to the browser and not yet sent; who publishes pictures needs more room. */
  outgoingInFlightMax = OUTGOING_IN_FLIGHT_MAX;
  readonly #session: WebTransport;
  readonly #datagrams: ReadableStreamDefaultReader<Uint8Array>;
  readonly #outgoing: WritableStreamDefaultWriter<Uint8Array>;
  readonly #stats: ConnectionStats = {
    datagramsSent: 0,
    datagramsReceived: 0,
    datagramsDropped: 0,
    datagramsDroppedUnread: 0,
    bytesSent: 0,
    bytesReceived: 0,
  };
  #inFlight = 0;
  #isClosed = false;

  /** Takes over `session`, whose `ready` has resolved; `label` names the peer. */
  constructor(session: WebTransport, label: string) {
    this.remoteAddress = label;
    this.#session = session;
    const datagrams: DatagramStream = session.datagrams;
    // Without effect where a browser has no such thing: it then queues as few as it likes.
    session.datagrams.incomingHighWaterMark = INCOMING_DATAGRAMS_MAX;
    this.#datagrams = session.datagrams.readable.getReader();
    this.#outgoing = (datagrams.writable ?? datagrams.createWritable!()).getWriter();
    this.#outgoing.closed.catch(() => {});
    this.#datagrams.closed.catch(() => {});
    this.closed = session.closed.then(
      (info) => this.#noteClosed(info.closeCode ?? 0, info.reason ?? "", true),
      (error: unknown) => this.#noteClosed(0, messageOf(error), false),
    );
  }

  get maxDatagramSize(): number {
    return this.#session.datagrams.maxDatagramSize;
  }

  get stats(): Readonly<ConnectionStats> {
    return this.#stats;
  }

  sendDatagram(bytes: Uint8Array): boolean {
    const isRefused = this.#isClosed || this.#inFlight >= this.outgoingInFlightMax ||
      bytes.byteLength > this.maxDatagramSize;
    if (isRefused) {
      this.#stats.datagramsDropped++;
      return false;
    }
    this.#inFlight++;
    this.#stats.datagramsSent++;
    this.#stats.bytesSent += bytes.byteLength;
    // The browser keeps a reference until it sends, so the caller's buffer is copied.
    const settle = () => void this.#inFlight--;
    this.#outgoing.write(bytes.slice()).then(settle, settle);
    return true;
  }

  async readDatagram(): Promise<Uint8Array | undefined> {
    try {
      const { value } = await this.#datagrams.read();
      if (value === undefined) return undefined;
      this.#stats.datagramsReceived++;
      this.#stats.bytesReceived += value.byteLength;
      return value;
    } catch {
      return undefined;
    }
  }

  async openBidirectional(): Promise<BidirectionalStream> {
    try {
      return await this.#session.createBidirectionalStream();
    } catch (cause) {
      throw this.#streamError(cause);
    }
  }

  async openUnidirectional(): Promise<WritableStream<Uint8Array>> {
    try {
      return await this.#session.createUnidirectionalStream();
    } catch (cause) {
      throw this.#streamError(cause);
    }
  }

  async acceptBidirectional(): Promise<BidirectionalStream | undefined> {
    return await nextOf<BidirectionalStream>(this.#session.incomingBidirectionalStreams);
  }

  async acceptUnidirectional(): Promise<ReadableStream<Uint8Array> | undefined> {
    return await nextOf<ReadableStream<Uint8Array>>(this.#session.incomingUnidirectionalStreams);
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#session.close({ closeCode: code, reason });
    } catch {
      // The session failed before it could be closed; `closed` tells how.
    }
  }

  #noteClosed(code: number, reason: string, clean: boolean): CloseInfo {
    this.#isClosed = true;
    return { code, reason, clean };
  }

  #streamError(cause: unknown): TransportError {
    const message = `Cannot open a stream: ${messageOf(cause)}`;
    return new TransportError(message, {
      reason: this.#isClosed ? "closed" : "unavailable",
      cause,
    });
  }
}

async function nextOf<T>(streams: ReadableStream<T>): Promise<T | undefined> {
  const reader = streams.getReader();
  try {
    const { value } = await reader.read();
    return value;
  } catch {
    return undefined;
  } finally {
    reader.releaseLock();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
