/**
 * RtcSession: one session that gets pictures and sound, between its transport (RtcPeer) and the server
 * process (its peer of the link). It joins what a player reports with what is sent to it, and tells the
 * server some times a second how its path is.
 */

import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { GatewayPeer } from "../../gateway/gateway_peer.ts";
import type { GatewaySound } from "../../gateway/gateway_frame.ts";
import type { EncodedFrame } from "../../wire/frame.ts";
import type { FrameLayers } from "../../wire/control.ts";
import { PeerSound } from "./peer_sound.ts";
import { PeerVideo } from "./peer_video.ts";
import { readOffer, RtcPeer, RTP_EXTENSIONS } from "./rtc_peer.ts";
import type { RtcAddresses } from "./rtc_peer.ts";
import { parseRtcp } from "./rtcp_reports.ts";
import type { RtcpHandlers } from "./rtcp_reports.ts";
import { RtpStream } from "./rtp_stream.ts";
import type { ExtensionIds } from "./rtp_stream.ts";
import { ViewerChannels } from "./viewer_channels.ts";

/** How often the server hears of a path. */
export const PATH_REPORT_US = 250_000;
/** How often a player hears of a stream, so that it can tell times of picture and sound together. */
const SENDER_REPORT_US = 1_000_000;
const VIDEO_CLOCK = 90_000;
const SOUND_CLOCK = 48_000;
const LAYER_RANK: Readonly<Record<FrameLayers, number>> = { keyframes: 0, base: 1, all: 2 };

/** The message that opens a session. */
export type OpenRtc = Extract<GatewayControl, { type: "open_rtc" }>;

/** What a session is made of. */
export interface RtcSessionOptions {
  readonly open: OpenRtc;
  readonly peer: GatewayPeer;
  readonly addresses: RtcAddresses;
  readonly port: number | undefined;
  readonly nowUs: () => number;
  /** The session watches a stream, or no longer. */
  readonly onWatch: (streamId: number, isWatching: boolean) => void;
  /** It has ended, whoever ended it; called once. */
  readonly onEnded: () => void;
}

/** One session. */
export class RtcSession {
  readonly #options: RtcSessionOptions;
  readonly #rtc: RtcPeer | undefined;
  readonly #watched = new Set<number>();
  #video: PeerVideo | undefined;
  #sound: PeerSound | undefined;
  #streams: readonly RtpStream[] = [];
  #layers: FrameLayers = "all";
  /** Of the source's clock, from that of this process; known with the first frame. */
  #clockOffsetUs: number | undefined;
  #reportedUs = 0;
  #toldUs = 0;
  #isEnded = false;

  /** Reads the offer; one that cannot be answered ends the session at once. */
  constructor(options: RtcSessionOptions) {
    this.#options = options;
    const { open, peer, addresses, port } = options;
    const profileIdc = open.profileIdc === 0 ? undefined : open.profileIdc;
    const offer = readOffer(open.offer, profileIdc);
    const channels = open.use === "viewer"
      ? new ViewerChannels({ peer, end: (reason) => this.end(reason) })
      : undefined;
    peer.listen({
      message: (kind, payload) => channels?.take(kind, payload) ?? true,
      control: (message) => this.#onControl(message),
      ended: (reason) => this.end(reason),
    });
    if (typeof offer === "string") {
      queueMicrotask(() => this.end(offer));
      return;
    }
    this.#rtc = new RtcPeer(offer, { addresses, port, direction: "sendonly" }, {
      connected: () => this.#connected(),
      ended: (reason) => this.end(reason),
      rtcp: (bytes) => this.#onRtcp(bytes),
      channel: (channel) => channels?.add(channel),
    });
  }

  get peer(): GatewayPeer {
    return this.#options.peer;
  }

  /** When to call `pull`; undefined while nothing waits. */
  get deadline(): number | undefined {
    return this.#video?.deadline;
  }

  /** Answers the offer, or ends the session; never rejects. */
  async answer(): Promise<void> {
    const rtc = this.#rtc;
    if (rtc === undefined || this.#isEnded) return;
    const { addresses, port, peer } = this.#options;
    try {
      const sdp = await rtc.answer({ addresses, port, direction: "sendonly" });
      if (this.#isEnded) return;
      const hasVideo = rtc.section("video") !== undefined;
      const hasAudio = rtc.section("audio") !== undefined;
      peer.sendControl({ type: "rtc_answer", sdp, hasVideo, hasAudio });
    } catch (error) {
      this.end(error instanceof Error ? error.message : String(error));
    }
  }

  /** A frame of a stream that it watches, with its payloads. */
  push(frame: EncodedFrame, payloads: readonly Uint8Array<ArrayBuffer>[], nowUs: number): void {
    if (!this.#isInLayers(frame)) return;
    this.#noteClock(frame.captureTimeUs, nowUs);
    this.#video?.push(frame, payloads, nowUs);
  }

  pushSound(sound: GatewaySound, payload: Uint8Array<ArrayBuffer>, nowUs: number): void {
    this.#noteClock(sound.captureTimeUs, nowUs);
    const bytes = this.#sound?.push(sound, payload) ?? 0;
    if (bytes > 0) this.#video?.noteOther(bytes, nowUs);
  }

  /** Sends what waits for its time, and reports that are due. */
  pull(nowUs: number): void {
    this.#video?.pull(nowUs);
    if (!(this.#rtc?.isConnected ?? false)) return;
    if (nowUs - this.#reportedUs >= SENDER_REPORT_US) this.#sendReports(nowUs);
    if (nowUs - this.#toldUs >= PATH_REPORT_US) this.#tellPath(nowUs);
  }

  /** Ends the session at both ends; idempotent. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const streamId of this.#watched) this.#options.onWatch(streamId, false);
    this.#watched.clear();
    this.#video?.close();
    this.#sound?.close();
    this.#rtc?.end(reason);
    this.peer.close(reason);
    this.#options.onEnded();
  }

  #onControl(message: GatewayControl): void {
    if (message.type === "rtc_layers") this.#layers = message.layers;
    if (message.type !== "rtc_watch") return;
    const { streamId, isWatching } = message;
    if (isWatching === this.#watched.has(streamId)) return;
    if (isWatching) this.#watched.add(streamId);
    else this.#watched.delete(streamId);
    this.#options.onWatch(streamId, isWatching);
    if (isWatching) this.#video?.begin(streamId, this.#options.nowUs());
    else this.#video?.leave(streamId);
  }

  #connected(): void {
    const rtc = this.#rtc!;
    let sequence = 0;
    const transportSequence = () => this.#video?.path.nextSequence ?? sequence++ & 0xffff;
    this.#video = this.#makeVideo(rtc, transportSequence);
    this.#sound = this.#makeSound(rtc, transportSequence);
    this.#streams = [this.#video?.stream, this.#sound?.stream].filter((one) => one !== undefined);
    this.peer.sendControl({ type: "rtc_connected", remoteAddress: rtc.remoteAddress });
    const nowUs = this.#options.nowUs();
    for (const streamId of this.#watched) this.#video?.begin(streamId, nowUs);
  }

  #makeVideo(rtc: RtcPeer, transportSequence: () => number): PeerVideo | undefined {
    const section = rtc.section("video");
    const ssrcs = rtc.ssrcs("video");
    if (section?.payloadType === undefined || ssrcs === undefined) return undefined;
    const extensions = idsOf(section.extensions);
    const { startBps, minBps, maxBps, controller } = this.#options.open;
    return new PeerVideo({
      stream: new RtpStream({
        ...{ ssrc: ssrcs.ssrc, payloadType: section.payloadType, mid: section.mid, extensions },
        repair: section.repairPayloadType === undefined
          ? undefined
          : { ssrc: ssrcs.repairSsrc, payloadType: section.repairPayloadType },
        ...{ clockRate: VIDEO_CLOCK, name: this.#name, transportSequence },
        send: (payload, header) => rtc.sendRtp(payload, header),
      }),
      ...{ controller, limits: { startBps, minBps, maxBps } },
      hasTransportReports: extensions.transportSequence !== undefined,
      onKeyframeNeeded: (streamId) => this.peer.sendControl({ type: "rtc_keyframe", streamId }),
      wallMs: Date.now,
    });
  }

  #makeSound(rtc: RtcPeer, transportSequence: () => number): PeerSound | undefined {
    const section = rtc.section("audio");
    const ssrcs = rtc.ssrcs("audio");
    if (section?.payloadType === undefined || ssrcs === undefined) return undefined;
    return new PeerSound(
      new RtpStream({
        ...{ ssrc: ssrcs.ssrc, payloadType: section.payloadType, mid: section.mid },
        ...{ repair: undefined, extensions: idsOf(section.extensions), clockRate: SOUND_CLOCK },
        ...{ name: this.#name, transportSequence },
        send: (payload, header) => rtc.sendRtp(payload, header),
      }),
    );
  }

  get #name(): string {
    return `wavry-${this.peer.id}`;
  }

  #onRtcp(bytes: Uint8Array): void {
    const { open } = this.#options;
    const nowUs = this.#options.nowUs();
    const video = this.#video;
    const isVideo = (ssrc: number) => ssrc === video?.stream.ssrc;
    const handlers: RtcpHandlers = {
      reception: (report) => {
        if (isVideo(report.ssrc)) video?.onReception(report);
      },
      missing: (ssrc, sequences) => {
        if (isVideo(ssrc)) video?.onMissing(sequences, nowUs);
      },
      transport: (report) => video?.onTransport(report, nowUs),
      pictureLost: (ssrc) => {
        // The browser's decoder gets nothing of a viewer of ours and asks for ever; that asks itself.
        if (isVideo(ssrc) && open.use !== "viewer") video?.onPictureLost(nowUs);
      },
    };
    parseRtcp(bytes, handlers);
  }

  #isInLayers({ referenceDistance, layer }: EncodedFrame): boolean {
    const rank = referenceDistance === 0 ? 0 : layer === 1 ? 2 : 1;
    return rank <= LAYER_RANK[this.#layers];
  }

  #noteClock(captureTimeUs: number, nowUs: number): void {
    const offsetUs = nowUs - captureTimeUs;
    this.#clockOffsetUs = Math.min(this.#clockOffsetUs ?? offsetUs, offsetUs);
  }

  #sendReports(nowUs: number): void {
    if (this.#clockOffsetUs === undefined) return;
    this.#reportedUs = nowUs;
    for (const stream of this.#streams) {
      const report = stream.report(Date.now(), nowUs - this.#clockOffsetUs);
      if (report !== undefined) this.#rtc?.sendRtcp(report);
    }
  }

  #tellPath(nowUs: number): void {
    const video = this.#video;
    if (video === undefined) return;
    this.#toldUs = nowUs;
    const { path, stats, stream } = video;
    this.peer.sendControl({
      type: "rtc_path",
      ...{ targetBps: video.targetBps, videoBps: video.videoBps, rttUs: path.rttUs },
      ...{ queueDelayUs: path.queueDelayUs, loss: video.loss, bytesInFlight: path.bytesInFlight },
      ...{ queuedBytes: video.queuedBytes, rateCuts: path.cuts, ...stats },
      ...{ packetsSent: stream.packets, packetsArrived: path.counts.acked },
      ...{ packetsLost: path.counts.lost, soundSent: this.#sound?.sent ?? 0 },
    });
  }
}

function idsOf(extensions: ReadonlyMap<string, number>): ExtensionIds {
  return {
    mid: extensions.get(RTP_EXTENSIONS.mid),
    sendTime: extensions.get(RTP_EXTENSIONS.sendTime),
    transportSequence: extensions.get(RTP_EXTENSIONS.transportSequence),
    playoutDelay: extensions.get(RTP_EXTENSIONS.playoutDelay),
  };
}
