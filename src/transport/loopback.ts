/**
 * loopback: two Connections joined in memory, the fold of the sentence without a network, for tests
 * and for programs whose two ends share a process. Delivery is immediate and in order, so a run is
 * deterministic; queues are bounded as on a real transport and lose datagrams the same way.
 */
import { TransportError } from "../core/errors.ts";
import { checkCloseCode, cutCloseReason } from "./close_reason.ts";
import type {
  BidirectionalStream,
  CloseInfo,
  ConnectionStats,
  IncomingConnection,
} from "./connection.ts";
import { Inbox } from "./inbox.ts";

/** How a loopback pair behaves; both ends are alike. */
export interface LoopbackOptions {
  /** Largest datagram in bytes; default 1,200, what a QUIC path offers at least. */
  readonly maxDatagramSize?: number;
  /** Datagrams that wait unread before the oldest is dropped; default 512. */
  readonly unreadDatagramsMax?: number;
  /** Streams opened by one end and not yet accepted by the other; default 16. */
  readonly unacceptedStreamsMax?: number;
  /** Bytes that one stream holds before its writer has to wait; default 64 KiB. */
  readonly streamBufferBytes?: number;
}

const DEFAULTS: Required<LoopbackOptions> = {
  maxDatagramSize: 1_200,
  unreadDatagramsMax: 512,
  unacceptedStreamsMax: 16,
  streamBufferBytes: 65_536,
};

/** Two ends that talk to each other. */
export interface LoopbackPair {
  readonly client: LoopbackConnection;
  readonly server: LoopbackConnection;
}

/** Makes two joined connections. */
export function createLoopbackPair(options: LoopbackOptions = {}): LoopbackPair {
  const settled = { ...DEFAULTS, ...options };
  const client = new LoopbackConnection("loopback:server", settled);
  const server = new LoopbackConnection("loopback:client", settled);
  client.join(server);
  server.join(client);
  return { client, server };
}

/** One end of a loopback pair. */
export class LoopbackConnection implements IncomingConnection {
  readonly transport = "loopback";
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
  readonly maxDatagramSize: number;

  readonly #options: Required<LoopbackOptions>;
  readonly #datagrams: Inbox<Uint8Array>;
  readonly #bidirectional: Inbox<BidirectionalStream>;
  readonly #unidirectional: Inbox<ReadableStream<Uint8Array>>;
  /** Ends of streams that this side opened and that carry data still. */
  readonly #openPipes = new Set<BytePipe>();
  #peer: LoopbackConnection | undefined;
  #settleClosed!: (info: CloseInfo) => void;
  #isClosed = false;
  #isAuthenticated = false;

  /** Use createLoopbackPair: an end without a peer is of no use. */
  constructor(remoteAddress: string, options: Required<LoopbackOptions>) {
    this.remoteAddress = remoteAddress;
    this.maxDatagramSize = options.maxDatagramSize;
    this.#options = options;
    this.#datagrams = new Inbox(options.unreadDatagramsMax);
    this.#bidirectional = new Inbox(options.unacceptedStreamsMax);
    this.#unidirectional = new Inbox(options.unacceptedStreamsMax);
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  /** True once the session that uses this end called `markAuthenticated`. */
  get isAuthenticated(): boolean {
    return this.#isAuthenticated;
  }

  /** Names the other end; called once, by createLoopbackPair. */
  join(peer: LoopbackConnection): void {
    this.#peer = peer;
  }

  markAuthenticated(): void {
    this.#isAuthenticated = true;
  }

  sendDatagram(bytes: Uint8Array): boolean {
    if (this.#isClosed || bytes.length > this.maxDatagramSize) {
      this.stats.datagramsDropped++;
      return false;
    }
    this.stats.datagramsSent++;
    this.stats.bytesSent += bytes.length;
    this.#peer?.receiveDatagram(bytes.slice());
    return true;
  }

  /** Takes a datagram from the other end. */
  receiveDatagram(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.stats.datagramsReceived++;
    this.stats.bytesReceived += bytes.length;
    if (this.#datagrams.push(bytes) !== undefined) this.stats.datagramsDroppedUnread++;
  }

  readDatagram(): Promise<Uint8Array | undefined> {
    return this.#datagrams.next();
  }

  openBidirectional(): Promise<BidirectionalStream> {
    return this.#open((peer) => {
      if (peer.#bidirectional.isFull) return undefined;
      const there = this.#createPipe();
      const back = this.#createPipe();
      peer.#bidirectional.push({ readable: there.readable, writable: back.writable });
      return { readable: back.readable, writable: there.writable };
    });
  }

  openUnidirectional(): Promise<WritableStream<Uint8Array>> {
    return this.#open((peer) => {
      if (peer.#unidirectional.isFull) return undefined;
      const there = this.#createPipe();
      peer.#unidirectional.push(there.readable);
      return there.writable;
    });
  }

  acceptBidirectional(): Promise<BidirectionalStream | undefined> {
    return this.#bidirectional.next();
  }

  acceptUnidirectional(): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#unidirectional.next();
  }

  close(code: number, reason: string): void {
    checkCloseCode(code);
    this.#end({ code, reason: cutCloseReason(reason), clean: true });
  }

  /** Ends both sides as a path that dies does: nobody says anything. */
  sever(reason: string): void {
    this.#end({ code: 0, reason, clean: false });
  }

  #end(info: CloseInfo): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#settleClosed(info);
    this.#datagrams.close();
    this.#bidirectional.close();
    this.#unidirectional.close();
    for (const pipe of this.#openPipes) pipe.fail(closedError());
    this.#openPipes.clear();
    if (this.#peer !== undefined) this.#peer.#end(info);
  }

  #createPipe(): BytePipe {
    const pipe = new BytePipe(this.#options.streamBufferBytes, () => this.#openPipes.delete(pipe));
    this.#openPipes.add(pipe);
    return pipe;
  }

  /** Runs `make` unless an end is closed; undefined from it means that the peer has no room. */
  #open<T>(make: (peer: LoopbackConnection) => T | undefined): Promise<T> {
    const peer = this.#peer;
    if (this.#isClosed || peer === undefined) return Promise.reject(closedError());
    const stream = make(peer);
    if (stream !== undefined) return Promise.resolve(stream);
    const message = `Cannot open a stream: peer left ${this.#options.unacceptedStreamsMax} waiting`;
    return Promise.reject(new TransportError(message, { reason: "unavailable" }));
  }
}

/** One direction of a stream: copies what is written, so that ends share no memory. */
class BytePipe {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  #controller!: TransformStreamDefaultController<Uint8Array>;

  /** Holds `bufferBytes`; calls `onEnd` when either side ended it. */
  constructor(bufferBytes: number, onEnd: () => void) {
    // The DOM's types lack `cancel` of the Streams standard.
    const transformer: Transformer<Uint8Array, Uint8Array> & { cancel: () => void } = {
      start: (controller) => {
        this.#controller = controller;
      },
      transform: (chunk, controller) => controller.enqueue(chunk.slice()),
      flush: onEnd,
      cancel: onEnd,
    };
    // The buffer is at the reader's side: a write settles as soon as it is in there.
    const { readable, writable } = new TransformStream(transformer, { highWaterMark: 1 }, {
      highWaterMark: bufferBytes,
      size: (chunk) => chunk.length,
    });
    this.readable = readable;
    this.writable = writable;
  }

  /** Breaks both sides with `error`. */
  fail(error: unknown): void {
    this.#controller.error(error);
  }
}

function closedError(): TransportError {
  return new TransportError("Cannot use a stream: connection is closed", { reason: "closed" });
}
