/**
 * A publisher of WHIP for tests: another stack of WebRTC (werift) that sends access units of a real
 * encoder, and silence in Opus. It is what OBS is to a host.
 */

import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RTCRtpHeaderExtensionParameters,
  RtpHeader,
  RtpPacket,
  useTransportWideCC,
} from "werift";
import { packetizeH264 } from "../../src/transport/webrtc/h264_packetizer.ts";

/** 20 ms of silence on two channels. */
const SILENCE = Uint8Array.from([0xfc, 0xff, 0xfe]);
const PICTURE_TYPE = 96;
const SOUND_TYPE = 97;

/** What it sends. */
export interface WhipSenderOptions {
  /** Access units, again and again; the first is a keyframe. */
  readonly video: readonly Uint8Array[];
  readonly fps: number;
  readonly hasSound: boolean;
  /** Packets that are lost on the way, by what is drawn for each. */
  readonly isLost?: (() => boolean) | undefined;
}

/** Gives an answer to an offer. */
export type Signalling = (offer: string) => Promise<string>;

/** A publisher. */
export class WhipSender {
  /** Keyframes that were asked for. */
  keyframeRequests = 0;
  /** Reports of arrivals. */
  arrivalReports = 0;
  sent = 0;
  /** Frame from which it goes on. */
  next = 0;
  readonly #options: WhipSenderOptions;
  readonly #connection: RTCPeerConnection;
  readonly #picture = new MediaStreamTrack({ kind: "video" });
  readonly #sound = new MediaStreamTrack({ kind: "audio" });
  #timer: ReturnType<typeof setInterval> | undefined;
  #sequence = 65_000;
  #soundSequence = 100;
  #frames = 0;
  #sounds = 0;

  constructor(options: WhipSenderOptions) {
    this.#options = options;
    const feedback = [{ type: "nack" }, { type: "nack", parameter: "pli" }, {
      type: "transport-cc",
    }];
    this.#connection = new RTCPeerConnection({
      iceServers: [],
      iceUseIpv6: false,
      iceAdditionalHostAddresses: ["127.0.0.1"],
      bundlePolicy: "max-bundle",
      headerExtensions: { video: [useTransportWideCC() as RTCRtpHeaderExtensionParameters] },
      codecs: {
        video: [
          new RTCRtpCodecParameters({
            ...{ mimeType: "video/H264", clockRate: 90_000, payloadType: PICTURE_TYPE },
            parameters: "packetization-mode=1;profile-level-id=42e01f;level-asymmetry-allowed=1",
            rtcpFeedback: feedback,
          }),
        ],
        audio: [
          new RTCRtpCodecParameters({
            ...{ mimeType: "audio/opus", clockRate: 48_000, channels: 2, payloadType: SOUND_TYPE },
          }),
        ],
      },
    });
    const { sender } = this.#connection.addTransceiver(this.#picture, { direction: "sendonly" });
    if (options.hasSound) {
      this.#connection.addTransceiver(this.#sound, { direction: "sendonly" });
    }
    sender.onPictureLossIndication.subscribe(() => this.keyframeRequests++);
    sender.onRtcp.subscribe((packet) => {
      if (packet.type === 205) this.arrivalReports++;
    });
  }

  /** Its state, such as `connected`. */
  get state(): string {
    return this.#connection.connectionState;
  }

  /** Makes its offer, takes the answer and begins to send when the transport is up. */
  async open(signal: Signalling): Promise<void> {
    await this.#connection.setLocalDescription(await this.#connection.createOffer());
    const offer = this.#connection.localDescription?.sdp ?? "";
    const sdp = await signal(offer);
    await this.#connection.setRemoteDescription({ type: "answer", sdp });
    this.#connection.connectionStateChange.subscribe((state) => {
      if (state === "connected") {
        this.#lose();
        this.#begin();
      }
      if (state !== "connecting" && state !== "connected") clearInterval(this.#timer);
    });
  }

  /** Stops sending, as a program that is stopped does. */
  freeze(): void {
    clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#connection.close();
  }

  /** Packets of media are lost below the library, which keeps them to send them again. */
  #lose(): void {
    const { isLost } = this.#options;
    const connection = this.#connection.iceTransports[0]?.connection;
    if (isLost === undefined || connection === undefined) return;
    const send = connection.send.bind(connection);
    connection.send = (data) => {
      const isMedia = data[0]! >> 6 === 2 && ((data[1]! & 0x7f) < 64 || (data[1]! & 0x7f) >= 96);
      return isMedia && isLost() ? Promise.resolve() : send(data);
    };
  }

  #begin(): void {
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      const elapsedMs = performance.now() - startMs;
      while (this.#frames * 1000 / this.#options.fps <= elapsedMs) this.#sendFrame();
      while (this.#options.hasSound && this.#sounds * 20 <= elapsedMs) this.#sendSound();
    }, 5);
  }

  #sendFrame(): void {
    const { video, fps } = this.#options;
    const frame = video[this.next % video.length]!;
    this.next++;
    const timestamp = Math.round(this.#frames++ * 90_000 / fps) + 12_345;
    const payloads = packetizeH264(frame);
    payloads.forEach((payload, index) => {
      const header = new RtpHeader({
        payloadType: PICTURE_TYPE,
        sequenceNumber: this.#sequence,
        timestamp,
        marker: index === payloads.length - 1,
      });
      this.#sequence = (this.#sequence + 1) & 0xffff;
      this.sent++;
      this.#picture.writeRtp(new RtpPacket(header, Buffer.from(payload)));
    });
  }

  #sendSound(): void {
    const header = new RtpHeader({
      payloadType: SOUND_TYPE,
      sequenceNumber: this.#soundSequence++ & 0xffff,
      timestamp: (this.#sounds++ * 960) >>> 0,
      marker: false,
    });
    this.#sound.writeRtp(new RtpPacket(header, Buffer.from(SILENCE)));
  }
}
