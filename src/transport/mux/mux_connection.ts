/**
 * MuxConnection: a Connection over a MuxChannel: streams with credit, datagrams and close codes over
 * one path of messages, at the fold of the sentence. Used between server and gateway processes and,
 * end to end, over data channels. A peer that breaks the format or its windows ends the connection;
 * what it can make this end hold is bounded by MuxLimits.
 */

import { checkCloseCode, cutCloseReason } from "../close_reason.ts";
import type {
  BidirectionalStream,
  CloseInfo,
  ConnectionStats,
  IncomingConnection,
  TransportKind,
} from "../connection.ts";
import { Inbox } from "../inbox.ts";
import type { MuxChannel } from "./mux_channel.ts";
import { MUX_LIMITS, type MuxLimits } from "./mux_limits.ts";
import {
  MUX_DATAGRAM_BYTES_MAX,
  MUX_KIND,
  MUX_MESSAGE_BYTES_MAX,
  muxEnding,
  muxMessageFault,
  writeMuxHeader,
  writeMuxNumber,
  writeU32,
} from "./mux_message.ts";
import { MuxStreams } from "./mux_streams.ts";

/** How a `MuxConnection` is set up; both ends need the same limits on streams. */
export interface MuxConnectionOptions extends Partial<MuxLimits> {
  /** Which half of the stream ids is this end's. */
  readonly side: "client" | "server";
  readonly transport: TransportKind;
  /** Called once: the session is authenticated or over. */
  readonly onAuthenticated?: (() => void) | undefined;
}

/** One buffer for every message: channels copy before `send` returns. */
const scratch = new Uint8Array(MUX_MESSAGE_BYTES_MAX);

/** A connection over a channel. */
export class MuxConnection implements IncomingConnection {
  readonly transport: TransportKind;
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

  readonly #channel: MuxChannel;
  readonly #limits: MuxLimits;
  readonly #streams: MuxStreams;
  readonly #datagrams: Inbox<Uint8Array>;
  #onAuthenticated: (() => void) | undefined;
  #settleClosed!: (info: CloseInfo) => void;
  #unreadBytes = 0;
  #isClosed = false;
  #isChannelClosed = false;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;

  /** Takes over `channel` and starts it. */
  constructor(channel: MuxChannel, options: MuxConnectionOptions) {
    const { side, transport, onAuthenticated, ...limits } = options;
    this.#channel = channel;
    this.#limits = { ...MUX_LIMITS, ...limits };
    this.#onAuthenticated = onAuthenticated;
    this.transport = transport;
    this.remoteAddress = channel.remoteAddress;
    this.#datagrams = new Inbox(this.#limits.unreadDatagramsMax);
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
    this.#streams = new MuxStreams({
      isClient: side === "client",
      limits: this.#limits,
      hasRoom: () => this.#hasRoomForStreams(),
      sendNumber: (message) => channel.send(scratch.subarray(0, writeMuxNumber(scratch, message))),
      sendHeader: (kind, id) =>
        channel.send(scratch.subarray(0, writeMuxHeader(scratch, kind, id))),
      sendData: (id, piece) => this.#sendData(id, piece),
      sendGrant: (way, count) => this.#sendGrant(way, count),
    });
    channel.start({
      message: (bytes) => this.#take(bytes),
      datagram: (bytes) => this.#takeDatagram(bytes),
      closed: (reason) => this.#channelClosed(reason),
      drained: () => this.#drained(),
    });
  }

  get maxDatagramSize(): number {
    return Math.max(0, Math.min(this.#channel.maxDatagramSize, MUX_DATAGRAM_BYTES_MAX));
  }

  /** Streams that are open or wait for the peer's last credit. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** Bytes of streams and datagrams that wait here for their readers. */
  get heldBytes(): number {
    return this.#streams.heldBytes + this.#unreadBytes;
  }

  markAuthenticated(): void {
    const tell = this.#onAuthenticated;
    this.#onAuthenticated = undefined;
    tell?.();
  }

  sendDatagram(bytes: Uint8Array): boolean {
    const isSent = !this.#isClosed && bytes.length <= this.maxDatagramSize &&
      this.#channel.bufferedBytes <= this.#limits.datagramBufferBytesMax &&
      this.#passDatagram(bytes);
    if (!isSent) {
      this.stats.datagramsDropped++;
      return false;
    }
    this.stats.datagramsSent++;
    this.stats.bytesSent += bytes.length;
    return true;
  }

  async readDatagram(): Promise<Uint8Array | undefined> {
    const datagram = await this.#datagrams.next();
    if (datagram !== undefined) this.#unreadBytes -= datagram.length;
    return datagram;
  }

  openBidirectional(): Promise<BidirectionalStream> {
    return this.#streams.openBidirectional();
  }

  openUnidirectional(): Promise<WritableStream<Uint8Array>> {
    return this.#streams.openUnidirectional();
  }

  acceptBidirectional(): Promise<BidirectionalStream | undefined> {
    return this.#streams.acceptBidirectional();
  }

  acceptUnidirectional(): Promise<ReadableStream<Uint8Array> | undefined> {
    return this.#streams.acceptUnidirectional();
  }

  close(code: number, reason: string): void {
    checkCloseCode(code);
    if (this.#isClosed) return;
    const cut = cutCloseReason(reason);
    writeU32(scratch, 1, code);
    this.#sendEnding(MUX_KIND.close, { start: 5, reason: cut });
    this.#end({ code, reason: cut, clean: true });
  }

  /** Ends both sides as a path that died does, with what is known of it. */
  fail(reason: string): void {
    if (this.#isClosed) return;
    const cut = cutCloseReason(reason);
    this.#sendEnding(MUX_KIND.broken, { start: 1, reason: cut });
    this.#end({ code: 0, reason: cut, clean: false });
  }

  #sendEnding(kind: number, { start, reason }: { start: number; reason: string }): void {
    scratch[0] = kind;
    const { written } = new TextEncoder().encodeInto(reason, scratch.subarray(start));
    this.#channel.send(scratch.subarray(0, start + written));
    // The peer ends the channel when it saw why; one that does not is not waited for.
    this.#closeTimer = setTimeout(() => this.#channel.close(), this.#limits.closeGraceMs);
  }

  #end(info: CloseInfo): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#settleClosed(info);
    clearTimeout(this.#pollTimer);
    for (const { length } of this.#datagrams.close()) this.#unreadBytes -= length;
    this.#streams.close();
    this.markAuthenticated();
  }

  #channelClosed(reason: string): void {
    this.#isChannelClosed = true;
    clearTimeout(this.#closeTimer);
    this.#end({ code: 0, reason: reason === "" ? "Path is gone" : reason, clean: false });
  }

  #take(bytes: Uint8Array): void {
    if (this.#isClosed) {
      // Ours was on its way; theirs says that nothing else will come.
      const isEnding = bytes[0] === MUX_KIND.close || bytes[0] === MUX_KIND.broken;
      if (isEnding) this.#channel.close();
      return;
    }
    const fault = muxMessageFault(bytes) ?? this.#handle(bytes);
    if (fault !== undefined) this.fail(`Broken mux format: ${fault}`);
  }

  /** What is wrong with a message of the right form, or undefined. */
  #handle(bytes: Uint8Array): string | undefined {
    switch (bytes[0]) {
      case MUX_KIND.datagram:
        this.#takeDatagram(bytes.subarray(1));
        return undefined;
      case MUX_KIND.close:
      case MUX_KIND.broken: {
        this.#end({ ...muxEnding(bytes), clean: bytes[0] === MUX_KIND.close });
        this.#channel.close();
        return undefined;
      }
      default:
        return this.#streams.handle(bytes);
    }
  }

  #takeDatagram(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.stats.datagramsReceived++;
    this.stats.bytesReceived += bytes.length;
    this.#unreadBytes += bytes.length;
    let oldest = this.#datagrams.push(bytes);
    if (this.#unreadBytes > this.#limits.unreadDatagramBytesMax) oldest ??= this.#datagrams.shift();
    if (oldest === undefined) return;
    this.#unreadBytes -= oldest.length;
    this.stats.datagramsDroppedUnread++;
  }

  #passDatagram(bytes: Uint8Array): boolean {
    if (this.#channel.sendDatagram !== undefined) return this.#channel.sendDatagram(bytes);
    scratch[0] = MUX_KIND.datagram;
    scratch.set(bytes, 1);
    this.#channel.send(scratch.subarray(0, 1 + bytes.length));
    return true;
  }

  #sendData(id: number, piece: Uint8Array): void {
    const start = writeMuxHeader(scratch, MUX_KIND.data, id);
    scratch.set(piece, start);
    this.#channel.send(scratch.subarray(0, start + piece.length));
  }

  #sendGrant(way: number, count: number): void {
    scratch[0] = MUX_KIND.streams;
    scratch[1] = way;
    writeU32(scratch, 2, count);
    this.#channel.send(scratch.subarray(0, 6));
  }

  /** Whether streams may send now; if not, they are asked again. */
  #hasRoomForStreams(): boolean {
    if (this.#isChannelClosed) return false;
    if (this.#channel.bufferedBytes <= this.#limits.streamBufferBytesMax) return true;
    this.#pollTimer ??= setTimeout(() => this.#drained(), this.#limits.pollIntervalMs);
    return false;
  }

  #drained(): void {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = undefined;
    if (!this.#isClosed) this.#streams.pump();
  }
}
