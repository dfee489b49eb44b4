/**
 * Receive worker: the entry of the viewer's second thread. It joins the browser's network, the
 * receiving half of the sentence, the decoder and the canvas, away from the page's event loop. It
 * lives as long as the page; each connection is new.
 */

import { TransportError } from "../../src/core/errors.ts";
import type { StreamDescription } from "../../src/wire/codec.ts";
import type { ServerMessage } from "../../src/wire/control.ts";
import { mediaStreamId } from "../../src/wire/packet.ts";
import { pageClock } from "../shared/page_clock.ts";
import type { ConnectInfo } from "../shared/connect_info.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { dialHost } from "../transport/dial_host.ts";
import { PicturePath } from "./picture_path.ts";
import { mayInput, rightsOf } from "./people/people_rights.ts";
import { PlaybackGate } from "./playback_gate.ts";
import { featureLink } from "./features/feature_link.ts";
import { WorkerFeatures } from "./features/worker_features.ts";
import { firstPictureOf, newAttempt, recordingOf, selectStream } from "./receive/attempt.ts";
import type { Attempt } from "./receive/attempt.ts";
import { FrameLog } from "./receive/frame_log.ts";
import type { FrameRecord } from "./receive/frame_record.ts";
import type { PlayingView } from "./receive/stats_reporter.ts";
import { StreamPlayer } from "./receive/stream_player.ts";
import { framesOf, RtcGate } from "./receive/rtc_gate.ts";
import { RungKeeper } from "./receive/rung_keeper.ts";
import { TRANSPORT_NAMES } from "./receive/transport_words.ts";
import { ViewerLink } from "./receive/viewer_link.ts";
import type { PageMessage, WorkerMessage } from "./worker_messages.ts";

/** Frames may wait this many intervals between decoder and screen before they count as late. */
const LATE_INTERVALS = 2;

type WelcomeMessage = Extract<ServerMessage, { type: "welcome" }>;

/** The worker's state. */
class ReceiveWorker {
  readonly #post: (message: WorkerMessage, transfer?: Transferable[]) => void;
  readonly #log = new FrameLog();
  readonly #pictures: PicturePath;
  readonly #playback: PlaybackGate;
  readonly #features: WorkerFeatures;
  readonly #rungs: RungKeeper;
  readonly #rtc = new RtcGate((request) => this.#post({ type: "rtc", request }));
  #attempt: Attempt | undefined;
  #openCanvas: (() => void) | undefined;
  #description: StreamDescription | undefined;
  #wantsTimings = false;

  constructor(post: (message: WorkerMessage, transfer?: Transferable[]) => void) {
    this.#post = post;
    this.#features = new WorkerFeatures({ clock: pageClock, post });
    this.#rungs = new RungKeeper({
      ...{ clock: pageClock, post },
      webrtc: (path) => this.#rtc.dial(path),
      current: () => this.#attempt,
      newAttempt: (info) => this.#newAttempt(info),
      open: (attempt, connection, hello) => this.#open(attempt, connection, hello),
      adopt: (attempt, messages) => this.#adopt(attempt, messages),
    });
    this.#pictures = new PicturePath(pageClock, this.#log, {
      decoded: (record) => this.#attempt?.stats.decoded(record),
      presented: (record, width, height) => this.#presented(record, width, height),
      damage: (first, lastGood) => this.#attempt?.player?.damaged(first, lastGood),
      canvasLost: () => post({ type: "canvas_lost" }),
      cannotPlay: (message) => post({ type: "cannot_play", missing: "codec", message }),
    });
    this.#playback = new PlaybackGate(this.#pictures, {
      post,
      wantLive: () => this.#attempt?.player?.requestKeyframe(),
      covered: () => this.#attempt?.stats.hitches.interrupt(),
      past: (event) => this.#features.onPast(event),
    });
  }

  /** Takes a message of the page. */
  handle(message: PageMessage): void {
    switch (message.type) {
      case "canvas":
        // Looking for a way to draw takes a while: what waits behind this message dials meanwhile.
        this.#openCanvas = () => {
          this.#openCanvas = undefined;
          this.#pictures.openCanvas(message.canvas, message.renderer);
          // A canvas in the place of a lost one is empty, and a still screen sends nothing.
          this.#attempt?.player?.requestKeyframe();
        };
        setTimeout(() => this.#openCanvas?.(), 0);
        return;
      case "connect":
        this.#rungs.plan = message.plan;
        this.#connect(message.info, message.stream);
        return;
      case "select_stream":
        return this.#select(message.streamId);
      case "input":
        return this.#rungs.input(message.record, message.datagram);
      case "input_moved":
        return void this.#rungs.moves?.inputMoved();
      case "timings":
        this.#wantsTimings = message.enabled;
        return this.#askTimings();
      case "visibility":
        // What stood while nobody could see it was no hitch.
        this.#attempt?.stats.hitches.interrupt();
        this.#rungs.isVisible = message.isVisible;
        return;
      case "measure":
        this.#pictures.readsMarkers = message.marker;
        this.#log.start();
        return this.#askTimings();
      case "take_measurements":
        return this.#takeMeasurements(message.requestId);
      case "playback":
        return this.#playback.handle(message.command);
      case "rtc":
        return this.#rtc.onEvent(message.event);
      case "disconnect":
        return this.#disconnect(message.quit);
      default:
        return this.#features.onPageMessage(message);
    }
  }

  async #connect(info: ConnectInfo, stream: string | undefined): Promise<void> {
    this.#endAttempt();
    const attempt = this.#newAttempt(info);
    this.#attempt = attempt;
    try {
      const { connection } = await dialHost(info, this.#rungs.dialOptions);
      if (this.#attempt !== attempt) return connection.close(0, "Superseded");
      await this.#open(attempt, connection, { stream });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isFinal = error instanceof TransportError && error.reason === "unavailable" &&
        attempt.link === undefined && attempt === this.#attempt;
      if (isFinal) this.#post({ type: "cannot_play", missing: "transport", message });
      else this.#closed(attempt, message);
    }
  }

  #newAttempt(info: ConnectInfo): Attempt {
    const lateBefore = this.#pictures.droppedLate;
    return newAttempt(info, {
      view: (attempt) => this.#view(attempt, lateBefore),
      post: this.#post,
    });
  }

  async #open(
    attempt: Attempt,
    connection: Connection,
    { stream, follows }: { stream: string | undefined; follows?: string | undefined },
  ): Promise<void> {
    attempt.connectedUs = pageClock.nowUs();
    if (connection.transport !== "loopback") attempt.rung = connection.transport;
    attempt.link = new ViewerLink(connection, pageClock, {
      message: (message) => this.#message(attempt, message),
      media: (datagram, atUs) => this.#media(attempt, datagram, atUs),
      probe: (reply, atUs) => {
        const sample = attempt.clockOffset.push(reply, atUs);
        if (sample !== undefined) this.#log.addProbe(sample);
      },
      other: (name, datagram, atUs) => {
        if (attempt === this.#attempt) this.#features.onDatagram(name, datagram, atUs);
      },
      closed: (close) => this.#closed(attempt, close.reason),
    });
    await attempt.link.start(attempt.info.ticket, stream, follows);
    // Asked for without waiting for the welcome: that saves a round trip.
    this.#watch(attempt, "play");
  }

  /** Another connection is the one in use from now on; see SessionMoves. */
  #adopt(attempt: Attempt, messages: readonly ServerMessage[]): void {
    this.#features.onDisconnected();
    this.#attempt?.reporter.stop();
    attempt.watchSinceUs = pageClock.nowUs();
    this.#attempt = attempt;
    for (const message of messages) this.#message(attempt, message);
  }

  #media(attempt: Attempt, datagram: Uint8Array, atUs: number): void {
    if (attempt !== this.#attempt && !this.#rungs.isNext(attempt)) return;
    const streamId = mediaStreamId(datagram);
    const isOther = streamId !== attempt.streamId;
    if (isOther && this.#features.onMedia(datagram, streamId, atUs)) return;
    attempt.player?.push(datagram, atUs);
  }

  #message(attempt: Attempt, message: ServerMessage): void {
    if (this.#rungs.isNext(attempt)) return this.#rungs.moves?.take(message);
    if (attempt !== this.#attempt) return;
    switch (message.type) {
      case "welcome":
        return this.#welcome(attempt, message);
      case "stream_list": {
        const { streams } = message;
        return this.#post({ type: "streams", streams, streamId: attempt.streamId });
      }
      case "catalog":
        attempt.catalog = message.streams;
        this.#configure(attempt);
        return;
      case "stream_state":
        attempt.states.set(message.streamId, message);
        return this.#postState(attempt, message.streamId);
      case "recording_state":
        return this.#post({ type: "recording", ...recordingOf(message) });
      case "cursor":
        if (message.streamId !== attempt.streamId) return;
        return this.#post({ type: "cursor", cursor: message });
      case "frame_timings":
        if (message.streamId !== attempt.streamId) return;
        for (const timing of message.frames) {
          attempt.stats.timing(timing);
          this.#log.addTiming(timing);
        }
        return;
      case "path_report":
        if (message.streamId !== attempt.streamId) return;
        if (attempt.sourceSize.report(message.scale)) this.#postSize(attempt);
        return attempt.reporter.pathReport(message);
      case "taken_over":
        return attempt.inputFree?.resolve();
      case "ended":
        attempt.ended = message;
        // The host waits for this, so that its last words are not lost with the connection.
        return attempt.link?.close(0, "The host ended the session");
      default:
        return this.#features.onServerMessage(message);
    }
  }

  /** Has the host send the stream that is to be watched. */
  #watch(attempt: Attempt, request: "play" | "select_stream"): void {
    const { link, streamId, clockOffset, stats } = attempt;
    this.#openCanvas?.();
    const { decoder } = this.#pictures;
    const isWanted = attempt === this.#attempt || this.#rungs.isNext(attempt);
    if (decoder === undefined || link === undefined || !isWanted) return;
    const player = new StreamPlayer({
      streamId,
      isReliable: link.connection.transport === "tcp",
      clock: pageClock,
      decoder: this.#rungs.moves?.decoderOf(attempt, decoder) ?? decoder,
      clockOffset,
      stats,
      log: this.#log,
      send: (control) => link.send(control),
      sendFeedback: (datagram) => link.sendFeedback(datagram),
      frames: framesOf(link.connection),
    });
    attempt.player = player;
    stats.watch(() => player.receiverStats);
    link.send({ type: request, streamId });
  }

  /** Goes on with another stream over the same connection; the old picture stays until then. */
  #select(streamId: number): void {
    const attempt = this.#attempt;
    if (attempt?.link === undefined || attempt.streamId === streamId) return;
    this.#rungs.moves?.drop();
    selectStream(attempt, streamId);
    // Until it is set up anew it takes nothing, so that no frame meets the other stream's decoder.
    this.#pictures.decoder?.close();
    this.#description = undefined;
    this.#watch(attempt, "select_stream");
    this.#configure(attempt);
    this.#postState(attempt, streamId);
  }

  #postState(attempt: Attempt, streamId: number): void {
    const known = attempt.states.get(streamId);
    if (known === undefined || streamId !== attempt.streamId) return;
    const { state, reason } = known;
    if (state !== "running") attempt.stats.hitches.interrupt();
    this.#post({ type: "stream_state", state, reason });
  }

  #welcome(attempt: Attempt, welcome: WelcomeMessage): void {
    const { heartbeatMs, sessionId, streamId: named } = welcome;
    attempt.sessionId = sessionId;
    const rights = rightsOf(welcome.role, welcome.permissions);
    const { link } = attempt;
    if (link === undefined) return;
    // The host knows by now which stream the name meant, should that have changed since the ticket.
    if (named !== undefined && named !== attempt.streamId) this.#select(named);
    const { streamId } = attempt;
    attempt.welcomeUs = pageClock.nowUs();
    link.startProbes();
    this.#askTimings();
    if (mayInput(rights)) link.openInput(attempt.inputFree?.promise);
    attempt.reporter.start();
    const takesOver = attempt.inputFree !== undefined;
    this.#post({ type: "connected", ...rights, heartbeatMs, streamId, takesOver });
    this.#features.onConnected(featureLink(attempt, link, rights.role));
  }

  /** Sets the decoder up for the stream that is watched, once the host has described it. */
  async #configure(attempt: Attempt): Promise<void> {
    const description = attempt.catalog.find((stream) => stream.id === attempt.streamId);
    const decoder = this.#pictures.decoder;
    if (description === undefined || decoder === undefined) return;
    this.#description = description;
    if (attempt.sourceSize.describe(description)) this.#postSize(attempt);
    attempt.stats.hitches.frameIntervalUs = 1e6 / description.framerate;
    await decoder.configure(description);
    if (attempt !== this.#attempt) return;
    attempt.player?.pump(pageClock.nowUs());
  }

  #presented(record: FrameRecord, width: number, height: number): void {
    const attempt = this.#attempt;
    // Drawn, but of the stream before.
    if (attempt !== undefined && record.readyUs < attempt.watchSinceUs) return;
    const intervalUs = 1e6 / (this.#description?.framerate ?? 60);
    record.late = record.drawUs - record.decodedUs > LATE_INTERVALS * intervalUs;
    attempt?.player?.presented(record.frameId, record.presentedUs);
    this.#features.onPresented(record);
    const hitch = attempt?.stats.presented(record);
    if (hitch !== undefined) this.#log.addHitch(hitch);
    if (attempt === undefined) return;
    if (attempt.sourceSize.picture(width, height)) this.#postSize(attempt);
    if (attempt.isSelecting) {
      attempt.isSelecting = false;
      this.#post({ type: "selected", streamId: attempt.streamId });
    }
    if (attempt.isShowing) return;
    attempt.isShowing = true;
    void this.#rungs.works(attempt);
    this.#post({ type: "first_picture", times: firstPictureOf(attempt, record) });
  }

  #postSize({ sourceSize }: Attempt): void {
    this.#post({ type: "picture", ...sourceSize.size });
  }

  #view({ rung = "quic", player }: Attempt, lateBefore: number): PlayingView | undefined {
    const decoder = this.#pictures.decoder;
    if (this.#description === undefined || decoder === undefined) return undefined;
    return {
      description: this.#description,
      decodeQueue: decoder.depth,
      droppedLate: this.#pictures.droppedLate - lateBefore,
      renderer: this.#pictures.rendererName,
      reorderPackets: player?.takeReorderPeak() ?? 0,
      transport: TRANSPORT_NAMES[rung],
    };
  }

  #askTimings(): void {
    this.#attempt?.link?.send({
      type: "timings_request",
      enabled: this.#wantsTimings || this.#log.isRunning,
    });
  }

  #takeMeasurements(requestId: number): void {
    this.#attempt?.stats.hitches.settle();
    const report = this.#log.take({
      offsetUs: this.#attempt?.clockOffset.offsetUs,
      rttUsMin: this.#attempt?.clockOffset.rttUsMin,
      stats: this.#attempt?.reporter.last,
      decoderAcceleration: this.#pictures.decoder?.acceleration ?? "none",
      renderer: this.#pictures.rendererName,
    });
    this.#post({ type: "measurements", requestId, report });
  }

  #disconnect(isQuit: boolean): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    if (isQuit) attempt.link?.send({ type: "quit" });
    else attempt.link?.close(0, "The viewer disconnects");
  }

  #closed(attempt: Attempt, message: string): void {
    if (attempt !== this.#attempt) return;
    this.#endAttempt();
    this.#post({ type: "disconnected", message, ended: attempt.ended });
  }

  #endAttempt(): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    this.#rungs.moves?.close();
    if (attempt !== undefined) this.#features.onDisconnected();
    attempt?.reporter.stop();
    attempt?.player?.close();
    attempt?.link?.close(0, "Superseded");
  }
}

const scope = self as unknown as {
  postMessage(message: WorkerMessage, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent<PageMessage>) => void) | null;
};
const worker = new ReceiveWorker((message, transfer = []) => scope.postMessage(message, transfer));
scope.onmessage = (event) => worker.handle(event.data);
