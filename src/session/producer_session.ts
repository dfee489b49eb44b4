/**
 * ProducerSession: one authenticated producer on one connection: the sentence's receiving half on the
 * server. Its packets go through recover and reorder into its stream, feedback and wishes go back. Each
 * loop is bounded by a rate; whatever one of them meets ends this session and no other.
 */

import type { Clock } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { MediaReceiver } from "../pipeline/media_receiver.ts";
import type { MediaReceiverStats } from "../pipeline/media_receiver.ts";
import type { IncomingConnection } from "../transport/connection.ts";
import { encodeServerMessage, HEARTBEAT_MS, WIRE_VERSION } from "../wire/control.ts";
import type { ClientMessage, EndReason, Role } from "../wire/control.ts";
import { datagramClass } from "../wire/packet.ts";
import type { PublishWish } from "../wire/publish_messages.ts";
import type { ControlChannel } from "./control_channel.ts";
import { farewell } from "./farewell.ts";
import { judgeMessage, judgeProducerDatagram, PRODUCER_MESSAGES } from "./permissions.ts";
import { probeAnswer } from "./probe_answer.ts";
import type {
  ProducerHost,
  ProducerStream,
  PublishStats,
  RateWish,
  SessionProducer,
} from "./producer_host.ts";
import type { LiveSession } from "./session_registry.ts";
import type { SessionRights } from "./session_rights.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Control messages: a producer's own pace is one or two a second. */
const MESSAGE_LIMIT = { perSecond: 20, burst: 60 };
const PROBE_LIMIT = { perSecond: 100, burst: 100 };
/** Times its rate at which a producer is taken for a hostile one. */
const FLOOD = 10;
/** Room for a keyframe that comes at once. */
const BURST_BYTES = 8 * 1024 * 1024;
/** How often a producer hears how many watch it, where nothing else changes. */
const STATE_INTERVAL_MS = 1000;
const MAX_ENDED_TEXT = 256;

/** What a session is made of. */
export interface ProducerSessionOptions {
  readonly id: string;
  readonly browserSessionId: string;
  readonly rights: SessionRights;
  readonly wish: PublishWish;
  readonly connection: IncomingConnection;
  readonly control: ControlChannel;
  readonly host: ProducerHost;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Counters of a session. */
export interface ProducerSessionStats {
  datagramsRefused: number;
  messagesLate: number;
  probes: number;
}

/** One producer. */
export class ProducerSession implements LiveSession, SessionProducer {
  readonly id: string;
  readonly browserSessionId: string;
  readonly #options: ProducerSessionOptions;
  readonly #messages = new TokenBucket(MESSAGE_LIMIT);
  readonly #probes = new TokenBucket(PROBE_LIMIT);
  readonly #bytes: TokenBucket;
  readonly #flood: TokenBucket;
  readonly #ended = Promise.withResolvers<EndReason>();
  readonly #stats: ProducerSessionStats = { datagramsRefused: 0, messagesLate: 0, probes: 0 };
  readonly #endRights: () => void;
  #stream: ProducerStream | undefined;
  #receiver: MediaReceiver | undefined;
  #said: PublishStats | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerUs = Infinity;
  #stateTimer: ReturnType<typeof setInterval> | undefined;
  #toldViewers = 0;
  #isEnding = false;

  constructor(options: ProducerSessionOptions) {
    this.id = options.id;
    this.browserSessionId = options.browserSessionId;
    this.#options = options;
    const { bytesPerSecond } = options.host;
    this.#bytes = new TokenBucket({ perSecond: bytesPerSecond, burst: BURST_BYTES });
    this.#flood = new TokenBucket({
      perSecond: FLOOD * bytesPerSecond,
      burst: FLOOD * bytesPerSecond + BURST_BYTES,
    });
    this.#endRights = options.rights.onChange(() => {
      if (!options.rights.may("publish")) this.#forbid();
    });
  }

  get role(): Role {
    return this.#options.rights.role;
  }

  get via(): string {
    return this.#options.connection.transport;
  }

  get said(): PublishStats | undefined {
    return this.#said;
  }

  get stats(): Readonly<ProducerSessionStats> {
    return this.#stats;
  }

  /** Counters of what came; undefined before it has a stream. */
  get received(): MediaReceiverStats | undefined {
    return this.#receiver?.stats;
  }

  get path(): SessionProducer["path"] {
    const { packetsLost = 0, recovered = 0 } = this.received ?? {};
    return { packetsLost, packetsRecovered: recovered };
  }

  /** Bytes that it holds of packets and frames. */
  get bufferBytes(): number {
    return this.#receiver?.bufferBytes ?? 0;
  }

  /** Address of the producer. */
  get remoteAddress(): string {
    return this.#options.connection.remoteAddress;
  }

  /** Runs until the session is over; resolves with why and never rejects. */
  async run(): Promise<EndReason> {
    const { connection, host, wish, rights } = this.#options;
    if (!rights.may("publish")) this.#forbid();
    else {
      const stream = host.publish(wish, this);
      if ("reason" in stream) this.end(stream.reason, stream.message, false);
      else this.#begin(stream);
    }
    connection.closed.then(() => this.end("quit", "The connection closed", true));
    return await this.#ended.promise;
  }

  onKeyframeWanted(): void {
    if (this.#stream !== undefined) this.#send({ type: "keyframe_wish" });
  }

  onRate(rate: RateWish): void {
    if (this.#stream !== undefined) this.#send({ type: "rate_wish", ...rate });
  }

  onChange(): void {
    if (this.#stream === undefined) return;
    const { state } = this.#stream;
    this.#toldViewers = state.viewers;
    this.#send({ type: "publish_state", ...state });
  }

  onReplaced(why: "replaced" | "ended" | "shutdown"): void {
    this.#stream = undefined;
    if (why === "replaced") this.end("quit", "The stream goes on over another connection", false);
    else if (why === "ended") this.end("kicked", "The host ended this stream", false);
    else this.end("shutdown", "The server ends", true);
  }

  end(reason: EndReason, message: string, retry: boolean): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#timer);
    clearInterval(this.#stateTimer);
    this.#endRights();
    const stream = this.#stream;
    this.#stream = undefined;
    // Who breaks the protocol or was sent away is not waited for.
    stream?.close(reason === "protocol" || reason === "kicked" || reason === "forbidden");
    const said = message.slice(0, MAX_ENDED_TEXT);
    farewell(this.#options, { type: "ended", reason, message: said, retry }).finally(() => {
      this.#receiver = undefined;
      this.#ended.resolve(reason);
    });
  }

  #begin(stream: ProducerStream): void {
    const { connection } = this.#options;
    const { streamId } = stream;
    this.#stream = stream;
    const isReliable = connection.transport === "tcp";
    this.#receiver = new MediaReceiver({ streamId, isReliable });
    this.#send({
      type: "welcome",
      version: WIRE_VERSION,
      sessionId: this.id,
      role: this.role,
      permissions: this.#options.rights.permissions,
      heartbeatMs: HEARTBEAT_MS,
      streamId,
    });
    this.onChange();
    if (stream.rate !== undefined) this.onRate(stream.rate);
    this.#stateTimer = setInterval(() => {
      if (this.#stream?.state.viewers !== this.#toldViewers) this.onChange();
    }, STATE_INTERVAL_MS);
    this.#guard(this.#readControl());
    this.#guard(this.#readDatagrams());
    this.#guard(this.#refuseStreams(() => connection.acceptUnidirectional()));
    this.#guard(this.#refuseStreams(() => connection.acceptBidirectional()));
  }

  #forbid(): void {
    this.end("forbidden", "You may not publish on this host", false);
  }

  #send(message: Parameters<typeof encodeServerMessage>[0]): void {
    // Of wishes and states only the newest counts.
    const replaces = message.type === "welcome" ? undefined : message.type;
    this.#options.control.send(encodeServerMessage(message), replaces);
  }

  #guard(loop: Promise<void>): void {
    loop.catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof ProtocolError) {
        this.#options.log.warn("Producer broke the protocol", { session: this.id, message });
        this.end("protocol", message, false);
      } else {
        this.end("quit", message, true);
      }
    });
  }

  async #readControl(): Promise<void> {
    const { control, clock } = this.#options;
    for (let next = await control.next(); next !== undefined; next = await control.next()) {
      if (this.#isEnding) return;
      if (!this.#messages.take(clock.nowUs())) refuse("too_large", "that many control messages");
      this.#handle(next);
    }
    this.end("quit", "The control stream ended", true);
  }

  #handle(message: ClientMessage): void {
    if (!PRODUCER_MESSAGES.has(message.type)) refuse("unexpected", `${message.type} of a producer`);
    const verdict = judgeMessage(this.#options.rights, message.type);
    if (verdict === "late") this.#stats.messagesLate++;
    if (verdict !== "allowed") return;
    switch (message.type) {
      case "publish_start": {
        const { type: _type, ...start } = message;
        return this.#stream?.describe(start);
      }
      case "publish_stats": {
        const { type: _type, ...said } = message;
        this.#said = said;
        return;
      }
      case "publish_stop": {
        this.#stream?.close(true);
        this.#stream = undefined;
        return this.end("quit", "The stream is over", false);
      }
      default:
        return this.end("quit", "The producer left", false);
    }
  }

  async #readDatagrams(): Promise<void> {
    const { connection, clock } = this.#options;
    for (;;) {
      const datagram = await connection.readDatagram();
      if (datagram === undefined || this.#isEnding) return;
      const nowUs = clock.nowUs();
      const bytes = datagram.byteLength;
      if (!this.#flood.take(nowUs, bytes)) refuse("too_large", "that many datagrams");
      if (!this.#bytes.take(nowUs, bytes) || !this.#take(datagram, nowUs)) {
        this.#stats.datagramsRefused++;
      }
    }
  }

  /** False when a datagram is refused: datagrams are lossy, so a bad one is counted and gone. */
  #take(datagram: Uint8Array, nowUs: number): boolean {
    const name = datagramClass(datagram);
    if (name === undefined) return false;
    if (judgeProducerDatagram(this.#options.rights, name) !== "allowed") return false;
    try {
      if (name === "media") {
        this.#receiver?.push(datagram, nowUs);
        this.#pump(nowUs);
        return true;
      }
      if (name === "audio") return this.#stream?.sound(datagram) ?? false;
      return this.#answerProbe(datagram, nowUs);
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }

  #answerProbe(datagram: Uint8Array, receivedUs: number): boolean {
    const { connection, host, clock } = this.#options;
    if (!this.#probes.take(receivedUs)) return false;
    const times = { receivedUs, sentUs: clock.nowUs() };
    connection.sendDatagram(probeAnswer(datagram, host, times));
    this.#stats.probes++;
    return true;
  }

  /** Moves what can move, and says what arrived. */
  #pump(nowUs: number): void {
    const receiver = this.#receiver;
    if (receiver === undefined || this.#isEnding) return;
    for (let frame = receiver.pull(nowUs); frame !== undefined; frame = receiver.pull(nowUs)) {
      // What is of no use here is as good as lost: what refers to it must not come.
      if (this.#stream?.frame(frame) === false) receiver.noteDamage(frame.frameId, 0);
    }
    const feedback = receiver.pullFeedback(nowUs);
    if (feedback !== undefined) this.#options.connection.sendDatagram(feedback);
    this.#arm(receiver, nowUs);
  }

  /** One timer, left alone while it fires early enough: most packets move the deadline. */
  #arm({ deadline }: MediaReceiver, nowUs: number): void {
    if (deadline === undefined || deadline >= this.#timerUs) return;
    clearTimeout(this.#timer);
    this.#timerUs = deadline;
    this.#timer = setTimeout(() => {
      this.#timerUs = Infinity;
      this.#pump(this.#options.clock.nowUs());
    }, Math.max(0, (deadline - nowUs) / 1000));
  }

  /** A producer opens no stream but the one for control. */
  async #refuseStreams(accept: () => Promise<unknown>): Promise<void> {
    if (await accept() !== undefined) refuse("unexpected", "a stream of a producer");
  }
}

function refuse(reason: ProtocolError["reason"], what: string): never {
  throw new ProtocolError(`Cannot accept ${what}`, { reason });
}
