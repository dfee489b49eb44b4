/**
 * HostRoute: one connection of a publication to the host and what lives as long as it: the dial, the
 * link, the sender of pictures, and what the host said. Made anew after each loss.
 */

import type { Clock } from "../../src/core/clock.ts";
import type { Connection } from "../../src/transport/connection.ts";
import type { ClientMessage, ServerMessage } from "../../src/wire/control.ts";
import type { PublishWish } from "../../src/wire/publish_messages.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import { BrowserConnection } from "../transport/browser_connection.ts";
import { dialHost } from "../transport/dial_host.ts";
import type { Rung } from "../transport/ladder.ts";
import type { ChunkRing } from "./chunk_ring.ts";
import { PictureSender } from "./picture_sender.ts";
import type { PublishState } from "./producer_figures.ts";
import { ProducerLink } from "./producer_link.ts";
import type { AttemptEnd } from "./publish_keeper.ts";

/** Ways by which pictures go up: pictures over WebRTC are WHIP's. */
const RUNGS: readonly Rung[] = ["quic", "tcp"];
/** Datagrams that the browser may hold: a keyframe that leaves at once. */
const OUTGOING_DATAGRAMS_MAX = 512;
/** How long the last message may take to leave. */
const FAREWELL_MS = 300;

/** What a message without its type holds. */
type Fields<T extends ClientMessage["type"]> = Omit<Extract<ClientMessage, { type: T }>, "type">;
type RateWish = Omit<Extract<ServerMessage, { type: "rate_wish" }>, "type">;

/** What a route is made of, and who hears of it. */
export interface HostRouteOptions {
  readonly clock: Clock;
  readonly ring: ChunkRing;
  readonly info: ConnectInfo;
  readonly wish: PublishWish;
  /** This rung and no other. */
  readonly force?: Rung | undefined;
  readonly fps: () => number;
  /** The host said how the stream is, for the first time. */
  readonly began: () => void;
  readonly state: (state: PublishState) => void;
  readonly keyframeWanted: () => void;
  readonly rateWished: (wish: RateWish) => void;
  /** It is over; called once, and not after `close`. */
  readonly ended: (end: AttemptEnd) => void;
}

/** One way to the host. */
export class HostRoute {
  readonly #options: HostRouteOptions;
  readonly #dialling = new AbortController();
  #connection: Connection | undefined;
  #link: ProducerLink | undefined;
  #sender: PictureSender | undefined;
  #state: PublishState | undefined;
  #end: AttemptEnd | undefined;
  #isClosed = false;

  constructor(options: HostRouteOptions) {
    this.#options = options;
  }

  /** What the host last said of the stream; undefined before its first word. */
  get state(): PublishState | undefined {
    return this.#state;
  }

  /** The host has said how the stream is: pictures can go. */
  get hasBegun(): boolean {
    return this.#sender !== undefined;
  }

  /** False while nobody needs pictures. */
  get isWanted(): boolean {
    return this.#state?.isWanted === true;
  }

  /** True while the path takes frames at once. */
  get canTake(): boolean {
    return this.#sender?.canTake === true;
  }

  get videoBps(): number | undefined {
    return this.#sender?.videoBps;
  }

  get sent(): { readonly frames: number; readonly bytes: number } | undefined {
    return this.#sender?.sent;
  }

  /** Frames that the sender left out because too much was on its way. */
  get framesSkipped(): number {
    return this.#sender?.stats.framesSkipped ?? 0;
  }

  get transport(): string {
    return this.#connection?.transport ?? "";
  }

  get rttUs(): number | undefined {
    return this.#link?.rttUs;
  }

  /** Where sound goes; undefined before pictures can. */
  get sound(): { readonly streamId: number; readonly offsetUs: number } | undefined {
    const offsetUs = this.#link?.offsetUs;
    if (offsetUs === undefined || this.#state === undefined || !this.isWanted) return undefined;
    return { streamId: this.#state.streamId, offsetUs };
  }

  /** Dials and says hello. Never rejects. */
  async open(): Promise<void> {
    const { clock, info, wish, force } = this.#options;
    try {
      const { connection } = await dialHost(info, {
        ...{ plan: { force }, clock, rungs: RUNGS, signal: this.#dialling.signal },
      });
      if (this.#isClosed) return connection.close(0, "Superseded");
      if (connection instanceof BrowserConnection) {
        connection.outgoingInFlightMax = OUTGOING_DATAGRAMS_MAX;
      }
      this.#connection = connection;
      this.#link = new ProducerLink(connection, clock, {
        message: (message) => this.#message(message),
        feedback: (feedback, nowUs) => this.#sender?.onFeedback(feedback, nowUs),
        closed: ({ reason }) => this.#closed(reason),
      });
      await this.#link.start(info.ticket, wish);
    } catch (error) {
      this.#closed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Sends what waits in the ring. */
  pump(): void {
    this.#sender?.pump();
  }

  /** Sends a datagram of sound; false when it was not taken. */
  sendSound(datagram: Uint8Array): boolean {
    if (this.#connection?.sendDatagram(datagram) !== true) return false;
    this.#sender?.noteOther(datagram.byteLength, this.#options.clock.nowUs());
    return true;
  }

  /** Says what follows; nothing before the host has begun. */
  describe(fields: Fields<"publish_start">): void {
    if (this.#sender !== undefined) this.#link?.send({ type: "publish_start", ...fields });
  }

  sendStats(fields: Fields<"publish_stats">): void {
    if (this.#sender !== undefined) this.#link?.send({ type: "publish_stats", ...fields });
  }

  /** The stream is over: says so, and leaves when that is said. */
  farewell(): void {
    const connection = this.#connection;
    this.#link?.send({ type: "publish_stop" });
    this.#sender?.close();
    this.#isClosed = true;
    this.#dialling.abort();
    setTimeout(() => connection?.close(0, "The publisher stops"), FAREWELL_MS);
  }

  /** Ends it without a word to its owner; idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#dialling.abort();
    this.#sender?.close();
    this.#link?.close(0, "Superseded");
  }

  #message(message: ServerMessage): void {
    if (message.type === "ended") {
      const { reason, retry } = message;
      const isRefusal = reason === "forbidden" || reason === "capacity";
      this.#end = { message: message.message, retry, isRefusal };
      // The host waits for this, so that its last words are not lost with the connection.
      return this.#link?.close(0, "The host ended the session");
    }
    if (this.#isClosed) return;
    if (message.type === "publish_state") this.#takeState(message);
    else if (message.type === "keyframe_wish") this.#options.keyframeWanted();
    else if (message.type === "rate_wish") {
      const { type: _type, ...wish } = message;
      this.#options.rateWished(wish);
    }
  }

  #takeState(state: PublishState): void {
    const isFirst = this.#state === undefined;
    this.#state = state;
    const { clock, ring, fps } = this.#options;
    const connection = this.#connection;
    if (isFirst && connection !== undefined) {
      this.#sender = new PictureSender({
        ...{ connection, clock, ring, streamId: state.streamId, fps: fps() },
        isReliable: connection.transport === "tcp",
        bitrateBpsMax: state.maxBitrateBps,
        offsetUs: () => this.#link?.offsetUs,
        onKeyframeNeeded: () => this.#options.keyframeWanted(),
      });
      this.#options.began();
    }
    this.#options.state(state);
  }

  #closed(reason: string): void {
    this.#sender?.close();
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.ended(this.#end ?? { message: reason, retry: true });
  }
}
