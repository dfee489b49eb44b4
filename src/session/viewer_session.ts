/**
 * ViewerSession: one authenticated viewer on one connection. It reads the control stream, the input
 * stream and the datagrams, each in its own loop and each bounded by a rate; whatever one of them
 * meets ends this session and no other. On its way out every held key is raised.
 */

import { ProtocolError } from "../core/errors.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { MediaSenderStats } from "../pipeline/sender_report.ts";
import type {
  ConnectionStats,
  IncomingConnection,
  TransportKind,
} from "../transport/connection.ts";
import { encodeServerMessage, HEARTBEAT_MS, WIRE_VERSION } from "../wire/control.ts";
import type { ClientMessage, EndReason, Role } from "../wire/control.ts";
import { parseFeedback } from "../wire/feedback.ts";
import { INPUT_RECORD_BYTES } from "../wire/input.ts";
import { datagramClass } from "../wire/packet.ts";
import type { Permission } from "../wire/permission.ts";
import { encodeProbeReply, parseProbeRequest } from "../wire/probe.ts";
import type { ControlChannel } from "./control_channel.ts";
import { farewell } from "./farewell.ts";
import { mapPads } from "./input_gate.ts";
import { InputReceiver } from "./input_receiver.ts";
import type { InputStats } from "./input_receiver.ts";
import type { MediaFeed } from "./media_feed.ts";
import { judgeDatagram, judgeMessage } from "./permissions.ts";
import { SessionFeatures } from "./session_feature.ts";
import type { FeatureSession } from "./session_feature.ts";
import type { SessionHost } from "./session_host.ts";
import type { LiveSession } from "./session_registry.ts";
import type { SessionRights } from "./session_rights.ts";
import { SessionStreams } from "./session_streams.ts";
import { TokenBucket } from "./token_bucket.ts";
import { newSessionStats, noteReport } from "./viewer_session_stats.ts";
import type { ViewerSessionStats } from "./viewer_session_stats.ts";
import { unknownStream, WatchedStreams } from "./watched_streams.ts";
import type { StreamRefusal } from "./watched_streams.ts";

/** Control messages: a viewer's own pace is a few a second. */
const MESSAGE_LIMIT = { perSecond: 100, burst: 200 };
/** Datagrams: a mouse that reports 1,000 times a second, feedback for each frame, and probes. */
const DATAGRAM_LIMIT = { perSecond: 2000, burst: 1000 };
/** Probes; each is answered with one datagram. */
const PROBE_LIMIT = { perSecond: 100, burst: 100 };
/** Input records: everything a hand can do, with room for what a bad network held back. */
const RECORD_LIMIT = { perSecond: 2000, burst: 4000 };
const MAX_ENDED_TEXT = 256;

/** What a session is made of. */
export interface ViewerSessionOptions {
  readonly id: string;
  readonly browserSessionId: string;
  readonly rights: SessionRights;
  /** Name or id of the stream that the viewer asks for; default: the usual one. */
  readonly stream?: string | undefined;
  readonly connection: IncomingConnection;
  readonly control: ControlChannel;
  readonly host: SessionHost;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One viewer. */
export class ViewerSession implements LiveSession, FeatureSession {
  readonly id: string;
  readonly browserSessionId: string;
  readonly rights: SessionRights;
  readonly #options: ViewerSessionOptions;
  readonly #wantedStreamId: number | undefined;
  readonly #input: InputReceiver;
  readonly #startedUs: number;
  readonly #watched: WatchedStreams;
  readonly #features: SessionFeatures;
  readonly #streams: SessionStreams;
  readonly #messages = new TokenBucket(MESSAGE_LIMIT);
  readonly #datagrams = new TokenBucket(DATAGRAM_LIMIT);
  readonly #probes = new TokenBucket(PROBE_LIMIT);
  readonly #records = new TokenBucket(RECORD_LIMIT);
  readonly #ended = Promise.withResolvers<EndReason>();
  readonly #stats = newSessionStats();
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #isEnding = false;

  constructor(options: ViewerSessionOptions) {
    this.id = options.id;
    this.browserSessionId = options.browserSessionId;
    this.rights = options.rights;
    this.#options = options;
    const { host, clock } = options;
    this.#startedUs = clock.nowUs();
    const { connection, control } = options;
    this.#watched = new WatchedStreams({
      ...{ connection, host },
      nowUs: () => this.nowUs(),
      send: (framed, replaces) => this.send(framed, replaces),
      sendIfFree: (framed, replaces) => {
        if (!control.isCongested) this.send(framed, replaces);
      },
    });
    this.#wantedStreamId = host.findStream(options.stream);
    this.#features = new SessionFeatures(host.features, this);
    const gate = this.#features.inputGate;
    this.#input = new InputReceiver(options.rights, (records, streamId) => {
      host.sendInput(streamId, mapPads(records, gate, this.nowUs()));
    }, { streamId: this.#wantedStreamId, gate });
    this.#streams = new SessionStreams({
      ...{ connection, rights: options.rights, features: this.#features },
      pushInput: (bytes) => this.#pushInput(bytes),
      onInputEnd: () => this.#input.release(),
      guard: (task) => this.#guard(task),
    });
  }

  get stats(): Readonly<ViewerSessionStats> {
    return this.#stats;
  }

  get inputStats(): Readonly<InputStats> {
    return this.#input.stats;
  }

  get connection(): IncomingConnection {
    return this.#options.connection;
  }

  /** What it may do now. */
  get role(): Role {
    return this.rights.role;
  }

  may(permission: Permission): boolean {
    return this.rights.may(permission);
  }

  /** Address of the viewer. */
  get remoteAddress(): string {
    return this.#options.connection.remoteAddress;
  }

  get transport(): TransportKind {
    return this.#options.connection.transport;
  }

  /** How long it has run. */
  get connectedSeconds(): number {
    return (this.nowUs() - this.#startedUs) / 1e6;
  }

  /** Bytes of control messages that wait to be written. */
  get queuedControlBytes(): number {
    return this.#options.control.queuedBytes;
  }

  /** Counters of the connection. */
  get connectionStats(): Readonly<ConnectionStats> {
    return this.#options.connection.stats;
  }

  /** Streams that the viewer played so far. */
  get streamIds(): Iterable<number> {
    return this.#watched.ids;
  }

  /** The feed of a stream, once the viewer played it. */
  feed(streamId: number): MediaFeed | undefined {
    return this.#watched.feed(streamId);
  }

  /** Why it cannot begin: the stream that it asks for is not there. */
  get refusal(): string | undefined {
    const { host, stream } = this.#options;
    if (this.#wantedStreamId !== undefined) return undefined;
    return unknownStream(stream ?? "", host).message;
  }

  /** The stream that it watches; undefined while it watches none. */
  get streamId(): number | undefined {
    return this.#watched.playing?.streamId;
  }

  /** Counters of what is sent to it, once it has played. */
  get sent(): MediaSenderStats | undefined {
    return this.#watched.sent;
  }

  /** True while the packets of a stream go to this viewer. */
  isWatching(streamId: number): boolean {
    return this.#watched.feed(streamId)?.isPlaying === true;
  }

  /** Runs until the session is over; resolves with why and never rejects. */
  async run(): Promise<EndReason> {
    const { connection, host, stream } = this.#options;
    const wanted = this.#wantedStreamId;
    this.send(encodeServerMessage({
      type: "welcome",
      version: WIRE_VERSION,
      sessionId: this.id,
      role: this.role,
      permissions: this.rights.permissions,
      heartbeatMs: HEARTBEAT_MS,
      // Said only to who asks: who does not may be older than this field.
      ...wanted === undefined || stream === undefined ? {} : { streamId: wanted },
    }));
    for (const framed of host.greeting()) this.send(framed);
    this.#features.start();
    this.#guard(this.#readControl());
    this.#guard(this.#streams.readUnidirectional());
    this.#guard(this.#streams.readBidirectional());
    this.#guard(this.#readDatagrams());
    connection.closed.then(() => this.end("quit", "The connection closed", true));
    return await this.#ended.promise;
  }

  /** Queues a framed server message; with `replaces` only the newest of that name is kept. */
  send(framed: Uint8Array, replaces?: string): void {
    this.#options.control.send(framed, replaces);
  }

  nowUs(): number {
    return this.#options.clock.nowUs();
  }

  /** Raises every key and button that this viewer holds on the device of a stream. */
  releaseInput(streamId: number): void {
    if (this.#input.streamId === streamId) this.#input.release();
  }

  end(reason: EndReason, message: string, retry: boolean): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    clearTimeout(this.#silenceTimer);
    this.#watched.pause();
    this.#input.close();
    this.#features.close();
    this.#farewell(reason, message.slice(0, MAX_ENDED_TEXT), retry).finally(() => {
      this.#ended.resolve(reason);
    });
  }

  async #farewell(reason: EndReason, message: string, retry: boolean): Promise<void> {
    const { host } = this.#options;
    const streams = reason === "unknown_stream" ? { streams: [...host.streamNames] } : {};
    await farewell(this.#options, { type: "ended", reason, message, retry, ...streams });
  }

  /** Ends the session when a loop fails: a peer's mistake or a path that died. */
  #guard(loop: Promise<void>): void {
    loop.catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof ProtocolError) {
        this.#options.log.warn("Viewer broke the protocol", { session: this.id, message });
        this.end("protocol", message, false);
      } else {
        this.end("quit", message, true);
      }
    });
  }

  async #readControl(): Promise<void> {
    const { control } = this.#options;
    for (let next = await control.next(); next !== undefined; next = await control.next()) {
      // What came with the end must not attach anything that nobody would detach.
      if (this.#isEnding) return;
      if (!this.#messages.take(this.nowUs())) tooMany("control messages");
      const verdict = judgeMessage(this.rights, next.type);
      if (verdict === "refused") {
        throw new ProtocolError(`Cannot accept ${next.type} from a ${this.role}`, {
          reason: "unexpected",
        });
      }
      if (verdict === "late") this.#stats.messagesLate++;
      else this.#handle(next);
    }
    this.end("quit", "The control stream ended", true);
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case "play":
        this.#unless(this.#watched.play(message.streamId));
        return this.#features.watched();
      case "pause":
        this.#watched.pause(message.streamId);
        return this.#features.watched();
      case "select_stream":
        this.#unless(this.#watched.select(message.streamId));
        return this.#features.watched();
      case "keyframe_request":
        return this.#watched.feed(message.streamId)?.requestKeyframe(this.nowUs());
      case "timings_request":
        return this.#watched.measure(message.enabled);
      case "viewer_report":
        return noteReport(this.#stats, message);
      case "quit":
        return this.end("quit", "The viewer left", false);
      case "hello":
        return;
      default:
        return this.#features.onMessage(message, this.nowUs());
    }
  }

  #unless(refusal: StreamRefusal | undefined): void {
    if (refusal !== undefined) this.end(refusal.reason, refusal.message, false);
  }

  /** Takes a piece of the input stream; false once the session ends. */
  #pushInput(bytes: Uint8Array): boolean {
    if (this.#isEnding) return false;
    const nowUs = this.nowUs();
    if (!this.#records.take(nowUs, bytes.byteLength / INPUT_RECORD_BYTES)) tooMany("input records");
    this.#input.push(bytes, nowUs);
    this.#watchSilence();
    return true;
  }

  async #readDatagrams(): Promise<void> {
    const { connection } = this.#options;
    for (;;) {
      const datagram = await connection.readDatagram();
      if (datagram === undefined || this.#isEnding) return;
      const nowUs = this.nowUs();
      const isAccepted = this.#datagrams.take(nowUs) && this.#takeDatagram(datagram, nowUs);
      if (!isAccepted) this.#stats.datagramsRefused++;
    }
  }

  /** False when a datagram is refused: datagrams are lossy, so a bad one is counted and gone. */
  #takeDatagram(datagram: Uint8Array, nowUs: number): boolean {
    const name = datagramClass(datagram);
    if (name === undefined || judgeDatagram(this.rights, name) !== "allowed") return false;
    try {
      if (name === "pointer") {
        this.#input.motion(datagram, nowUs);
        return true;
      }
      if (name === "feedback") return this.#takeFeedback(datagram, nowUs);
      if (name !== "probe") return this.#features.onDatagram(name, datagram, nowUs);
      if (!this.#probes.take(nowUs)) return false;
      this.#answerProbe(datagram, nowUs);
      return true;
    } catch (error) {
      if (error instanceof ProtocolError) return false;
      throw error;
    }
  }

  #takeFeedback(datagram: Uint8Array, nowUs: number): boolean {
    const feedback = parseFeedback(datagram);
    return this.#watched.feed(feedback.streamId)?.onFeedback(feedback, nowUs) ?? false;
  }

  #answerProbe(datagram: Uint8Array, receivedUs: number): void {
    const { host, connection } = this.#options;
    const request = parseProbeRequest(datagram);
    const serverReceiveUs = host.hostTimeUs(receivedUs) ?? receivedUs;
    const sentUs = this.nowUs();
    const serverSendUs = Math.max(serverReceiveUs, host.hostTimeUs(sentUs) ?? sentUs);
    connection.sendDatagram(encodeProbeReply({ ...request, serverReceiveUs, serverSendUs }));
    this.#stats.probes++;
  }

  /** Keeps one timer armed while keys are held; it raises them when the viewer goes silent. */
  #watchSilence(): void {
    if (this.#silenceTimer !== undefined || this.#isEnding) return;
    const deadlineUs = this.#input.deadlineUs;
    if (deadlineUs === undefined) return;
    const waitMs = Math.max(0, deadlineUs - this.nowUs()) / 1000;
    this.#silenceTimer = setTimeout(() => {
      this.#silenceTimer = undefined;
      this.#input.expire(this.nowUs());
      this.#watchSilence();
    }, waitMs);
  }
}

function tooMany(what: string): never {
  throw new ProtocolError(`Cannot accept that many ${what}`, { reason: "too_large" });
}
