/**
 * MuxStreams: the streams of one MuxConnection: ids, windows, who may open how many, and whose turn it
 * is to send. Stream ids count up by four; bit 0 is 0 for a client's, bit 1 is 0 for a bidirectional
 * one. Messages come in order, so an id that is not the next one is a fault of the peer.
 */

import { TransportError } from "../../core/errors.ts";
import type { BidirectionalStream } from "../connection.ts";
import { Inbox } from "../inbox.ts";
import type { MuxLimits } from "./mux_limits.ts";
import {
  MUX_KIND,
  MUX_PIECE_BYTES_MAX,
  muxData,
  type MuxNumber,
  muxStreamId,
  muxValue,
} from "./mux_message.ts";
import { readU32 } from "../../core/bytes.ts";
import { ReceiveHalf, type ReceiveHalfOwner } from "./receive_half.ts";
import { SendHalf, type SendHalfOwner } from "./send_half.ts";
import { StreamOpens } from "./stream_opens.ts";

/** Bit of a stream id: it is the server's. */
const SERVER_BIT = 1;
/** Bit of a stream id: it goes one way. */
const UNIDIRECTIONAL_BIT = 2;
const ID_STEP = 4;
/** Ids are 32 bits: a connection that opened a billion streams ends. */
const ID_MAX = 0xffff_fff0;

/** The ways of a stream, as `streams` names them. */
type Way = 0 | 1;

/** What the streams need of their connection. */
export interface MuxStreamsOptions {
  readonly isClient: boolean;
  readonly limits: MuxLimits;
  /** Whether the channel takes more; if not, `pump` is called when it does. */
  readonly hasRoom: () => boolean;
  readonly sendNumber: (message: MuxNumber) => void;
  readonly sendHeader: (kind: number, id: number) => void;
  readonly sendData: (id: number, piece: Uint8Array) => void;
  readonly sendGrant: (way: number, count: number) => void;
}

/** One stream with the halves that this end has of it. */
interface MuxStream {
  readonly id: number;
  readonly isOurs: boolean;
  readonly send: SendHalf | undefined;
  readonly receive: ReceiveHalf | undefined;
  /** Halves that are not over. */
  halves: number;
  /** Its user has it: always so with our own. */
  isAccepted: boolean;
}

/** All streams of a connection. */
export class MuxStreams implements SendHalfOwner, ReceiveHalfOwner {
  readonly #options: MuxStreamsOptions;
  readonly #ourBit: number;
  readonly #streams = new Map<number, MuxStream>();
  /** Halves that wait for room, in the order of their turns. */
  readonly #waiting = new Set<SendHalf>();
  readonly #accepted: readonly [Inbox<MuxStream>, Inbox<MuxStream>];
  readonly #opens: readonly [StreamOpens, StreamOpens];
  /** Streams that the peer may still open, by way. */
  readonly #allowed: [number, number];
  readonly #nextOurs: [number, number];
  readonly #nextTheirs: [number, number];
  /** Bytes beyond the shares of streams, that the peer holds and that this end holds. */
  #sentBeyond = 0;
  #heldBeyond = 0;
  #held = 0;
  #isPumping = false;
  #isClosed = false;

  constructor(options: MuxStreamsOptions) {
    const { limits, isClient } = options;
    this.#options = options;
    this.#ourBit = isClient ? 0 : SERVER_BIT;
    const counts = [limits.bidirectionalMax, limits.unidirectionalMax] as const;
    this.#allowed = [...counts];
    this.#accepted = [new Inbox(counts[0]), new Inbox(counts[1])];
    this.#opens = [new StreamOpens(counts[0], limits), new StreamOpens(counts[1], limits)];
    this.#nextOurs = [this.#ourBit, this.#ourBit | UNIDIRECTIONAL_BIT];
    const theirBit = SERVER_BIT - this.#ourBit;
    this.#nextTheirs = [theirBit, theirBit | UNIDIRECTIONAL_BIT];
  }

  /** Streams that are not over. */
  get size(): number {
    return this.#streams.size;
  }

  /** Bytes that wait here for their readers. */
  get heldBytes(): number {
    return this.#held;
  }

  async openBidirectional(): Promise<BidirectionalStream> {
    const { send, receive } = await this.#open(0);
    return { readable: receive!.readable, writable: send!.writable };
  }

  async openUnidirectional(): Promise<WritableStream<Uint8Array>> {
    return (await this.#open(1)).send!.writable;
  }

  async acceptBidirectional(): Promise<BidirectionalStream | undefined> {
    const stream = await this.#accept(0);
    return stream && { readable: stream.receive!.readable, writable: stream.send!.writable };
  }

  async acceptUnidirectional(): Promise<ReadableStream<Uint8Array> | undefined> {
    return (await this.#accept(1))?.receive?.readable;
  }

  /** Takes a message about streams, whose form is right; gives what is wrong with it otherwise. */
  handle(bytes: Uint8Array): string | undefined {
    const kind = bytes[0];
    if (kind === MUX_KIND.streams) return this.#granted(bytes[1]!, readU32(bytes, 2));
    const id = muxStreamId(bytes);
    if (kind === MUX_KIND.open) return this.#opened(id);
    const stream = this.#streams.get(id);
    if (kind === MUX_KIND.stop || kind === MUX_KIND.window) {
      // A stream that is over here may not be over there yet.
      if (stream?.send === undefined) return this.#existed(id) ? undefined : `Stream ${id}`;
      if (kind === MUX_KIND.stop) stream.send.stop(muxValue(bytes));
      else if (!this.#credited(stream.send, muxValue(bytes))) return `Credit of stream ${id}`;
      this.pump();
      return undefined;
    }
    const receive = stream?.receive;
    if (receive === undefined || receive.hasEnded) return `Stream ${id} has ended`;
    if (kind === MUX_KIND.end) receive.end();
    else if (kind === MUX_KIND.reset) receive.reset(muxValue(bytes));
    else return this.#received(receive, muxData(bytes));
    return undefined;
  }

  /** Sends what waits, a piece of each stream in turn, as far as windows and channel let it. */
  pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    let stuck = 0;
    // A half that is put in again at the end comes again in the same loop.
    for (const half of this.#waiting) {
      if (stuck >= this.#waiting.size || !this.#options.hasRoom()) break;
      this.#waiting.delete(half);
      stuck = half.sendPiece(this.#roomOf(half)) ? 0 : stuck + 1;
      if (half.isWaiting) this.#waiting.add(half);
    }
    this.#isPumping = false;
  }

  /** Breaks all streams: the connection is gone. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const opens of this.#opens) opens.close();
    for (const inbox of this.#accepted) inbox.close();
    const error = closedError();
    for (const { send, receive } of [...this.#streams.values()]) {
      send?.fail(error);
      receive?.fail(error);
    }
    this.#streams.clear();
    this.#waiting.clear();
  }

  sendData(id: number, piece: Uint8Array): void {
    this.#options.sendData(id, piece);
  }

  sendEnd(id: number): void {
    this.#options.sendHeader(MUX_KIND.end, id);
  }

  sendReset(id: number, code: number): void {
    if (!this.#isClosed) this.#options.sendNumber({ kind: MUX_KIND.reset, id, value: code });
  }

  sendStop(id: number, code: number): void {
    if (!this.#isClosed) this.#options.sendNumber({ kind: MUX_KIND.stop, id, value: code });
  }

  sendCredit(id: number, bytes: number): void {
    if (!this.#isClosed) this.#options.sendNumber({ kind: MUX_KIND.window, id, value: bytes });
  }

  wantsToSend(half: SendHalf): void {
    this.#waiting.add(half);
    this.pump();
  }

  sendHalfOver(half: SendHalf): void {
    this.#waiting.delete(half);
    this.#halfOver(half.id);
  }

  receiveHalfOver(half: ReceiveHalf): void {
    this.#halfOver(half.id);
  }

  sendHoldingChanged(before: number, after: number): void {
    this.#sentBeyond += this.#beyond(after) - this.#beyond(before);
  }

  receiveHoldingChanged(before: number, after: number): void {
    this.#held += after - before;
    this.#heldBeyond += this.#beyond(after) - this.#beyond(before);
  }

  #beyond(bytes: number): number {
    return Math.max(0, bytes - this.#options.limits.streamShareBytes);
  }

  /** Bytes that a stream may send now. */
  #roomOf({ outstandingBytes }: SendHalf): number {
    const { streamWindowBytes, streamShareBytes, connectionWindowBytes } = this.#options.limits;
    const ofShare = Math.max(0, streamShareBytes - outstandingBytes);
    const ofAll = Math.max(0, connectionWindowBytes - this.#sentBeyond);
    return Math.min(streamWindowBytes - outstandingBytes, ofShare + ofAll, MUX_PIECE_BYTES_MAX);
  }

  async #open(way: Way): Promise<MuxStream> {
    if (this.#isClosed) throw closedError();
    const opens = this.#opens[way];
    if (!opens.take()) await opens.wait();
    if (this.#isClosed) throw closedError();
    const id = this.#nextOurs[way];
    if (id > ID_MAX) {
      throw new TransportError("Cannot open a stream: ids are used up", { reason: "unavailable" });
    }
    this.#nextOurs[way] = id + ID_STEP;
    this.#options.sendHeader(MUX_KIND.open, id);
    return this.#add({ id, isOurs: true, canSend: true, canReceive: way === 0 });
  }

  #opened(id: number): string | undefined {
    const way: Way = (id & UNIDIRECTIONAL_BIT) === 0 ? 0 : 1;
    if (id !== this.#nextTheirs[way]) return `Stream ${id} is not the next`;
    if (this.#allowed[way] === 0) return "More streams than allowed";
    this.#allowed[way]--;
    this.#nextTheirs[way] = id + ID_STEP;
    const stream = this.#add({ id, isOurs: false, canSend: way === 0, canReceive: true });
    this.#accepted[way].push(stream);
    return undefined;
  }

  #add(
    { id, isOurs, canSend, canReceive }: {
      id: number;
      isOurs: boolean;
      canSend: boolean;
      canReceive: boolean;
    },
  ): MuxStream {
    const stepBytes = Math.ceil(this.#options.limits.streamShareBytes / 2);
    const stream: MuxStream = {
      id,
      isOurs,
      send: canSend ? new SendHalf(id, this) : undefined,
      receive: canReceive ? new ReceiveHalf(id, this, stepBytes) : undefined,
      halves: Number(canSend) + Number(canReceive),
      isAccepted: isOurs,
    };
    this.#streams.set(id, stream);
    return stream;
  }

  async #accept(way: Way): Promise<MuxStream | undefined> {
    const stream = await this.#accepted[way].next();
    if (stream === undefined) return undefined;
    stream.isAccepted = true;
    this.#forgetWhenOver(stream);
    return stream;
  }

  #received(receive: ReceiveHalf, data: Uint8Array): string | undefined {
    const { streamWindowBytes, connectionWindowBytes } = this.#options.limits;
    receive.push(data);
    if (receive.heldBytes > streamWindowBytes) return `Window of stream ${receive.id}`;
    return this.#heldBeyond > connectionWindowBytes ? "Window of the connection" : undefined;
  }

  #credited(send: SendHalf, bytes: number): boolean {
    return bytes > 0 && send.credit(bytes);
  }

  #granted(way: number, count: number): string | undefined {
    const opens = way === 0 || way === 1 ? this.#opens[way] : undefined;
    if (opens === undefined) return `Streams of way ${way}`;
    return opens.grant(count) ? undefined : `Grant of ${count} streams`;
  }

  /** Whether a stream of this id was ever open and could be sent to from here. */
  #existed(id: number): boolean {
    const isOurs = (id & SERVER_BIT) === this.#ourBit;
    const way: Way = (id & UNIDIRECTIONAL_BIT) === 0 ? 0 : 1;
    if (!isOurs && way === 1) return false;
    return id < (isOurs ? this.#nextOurs : this.#nextTheirs)[way];
  }

  #halfOver(id: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    stream.halves--;
    this.#forgetWhenOver(stream);
  }

  /** Forgets a stream that is over; its opener may open another one then. */
  #forgetWhenOver(stream: MuxStream): void {
    if (this.#isClosed || stream.halves > 0 || !stream.isAccepted) return;
    if (!this.#streams.delete(stream.id) || stream.isOurs) return;
    const way: Way = (stream.id & UNIDIRECTIONAL_BIT) === 0 ? 0 : 1;
    this.#allowed[way]++;
    this.#options.sendGrant(way, 1);
  }
}

function closedError(): TransportError {
  return new TransportError("Cannot use a stream: connection is closed", { reason: "closed" });
}
