/**
 * WebRtcSession: one session of WebRTC at the server's end of the link: its answer, the streams that it
 * gets, what the gateway says of its path, and its end. Players and viewers of ours have one each.
 */

import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { GatewayPeer, GatewayPeerHandlers } from "../../gateway/gateway_peer.ts";
import type { SenderSettings } from "../../session/session_host.ts";
import { UNKNOWN_PATH, WebRtcFrames } from "./webrtc_frames.ts";
import type { RtcPath } from "./webrtc_frames.ts";
import type { WebRtcStreams } from "./webrtc_streams.ts";

/** The answer to an offer. */
export type RtcAnswer = Omit<Extract<GatewayControl, { type: "rtc_answer" }>, "type">;

/** What a session is made of. */
export interface WebRtcSessionOptions {
  readonly streams: WebRtcStreams;
  readonly settings: Pick<SenderSettings, "limits">;
  /** The streams' sound goes to it as RTP. */
  readonly withSound: boolean;
  /** Its transport is up; nothing else of its peer is heard before this returns. */
  readonly onConnected?: ((session: WebRtcSession) => void) | undefined;
}

interface Watched {
  readonly frames: WebRtcFrames;
  readonly keyframeNeeded: () => void;
  readonly release: () => void;
}

/** One session. */
export class WebRtcSession {
  readonly #options: WebRtcSessionOptions;
  readonly #watched = new Map<number, Watched>();
  readonly #answer = Promise.withResolvers<RtcAnswer>();
  readonly #connected = Promise.withResolvers<string>();
  readonly #ended = Promise.withResolvers<string>();
  #peer: GatewayPeer | undefined;
  #path: RtcPath = UNKNOWN_PATH;
  #remoteAddress = "";
  #hasAudio = false;
  #isEnded = false;

  constructor(options: WebRtcSessionOptions) {
    this.#options = options;
    this.#answer.promise.catch(() => {});
    this.#connected.promise.catch(() => {});
  }

  /** The answer. Rejects with an Error that says why there is none. */
  get answer(): Promise<RtcAnswer> {
    return this.#answer.promise;
  }

  /** Its address, when its transport is up. Rejects when it ends before. */
  get connected(): Promise<string> {
    return this.#connected.promise;
  }

  /** Why it ended; never rejects. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Its address; empty before its transport is up. */
  get remoteAddress(): string {
    return this.#remoteAddress;
  }

  /** What the gateway last said of its path. */
  get path(): RtcPath {
    return this.#path;
  }

  /** Its peer of the link; undefined before it was opened. */
  get peer(): GatewayPeer | undefined {
    return this.#peer;
  }

  /** What its peer of the link is to be heard by, unless somebody else passes these on. */
  get handlers(): GatewayPeerHandlers {
    return {
      control: (message) => this.onControl(message),
      ended: (reason) => this.onEnded(reason),
    };
  }

  /** The peer was opened. */
  begin(peer: GatewayPeer): void {
    this.#peer = peer;
  }

  /** A control message of the gateway. */
  onControl(message: GatewayControl): void {
    switch (message.type) {
      case "rtc_answer": {
        const { type: _type, ...answer } = message;
        this.#hasAudio = answer.hasAudio;
        this.#answer.resolve(answer);
        return;
      }
      case "rtc_connected":
        this.#remoteAddress = message.remoteAddress;
        this.#connected.resolve(message.remoteAddress);
        this.#options.onConnected?.(this);
        return;
      case "rtc_path": {
        const { type: _type, ...path } = message;
        this.#path = path;
        return;
      }
      case "rtc_keyframe": {
        const watched = this.#watched.get(message.streamId);
        watched?.frames.noteKeyframe();
        watched?.keyframeNeeded();
        return;
      }
    }
  }

  /** The gateway ended it, or is gone. */
  onEnded(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    for (const { frames } of [...this.#watched.values()]) frames.close();
    this.#answer.reject(new Error(reason));
    this.#connected.reject(new Error(reason));
    this.#ended.resolve(reason);
  }

  /** Ends it; idempotent. */
  close(reason: string): void {
    this.#peer?.close(reason);
    this.onEnded(reason);
  }

  /** Begins with a stream; `keyframeNeeded` hears when it can go on with nothing else. */
  openFrames(streamId: number, keyframeNeeded: () => void): WebRtcFrames {
    this.#watched.get(streamId)?.frames.close();
    const { streams, settings, withSound } = this.#options;
    const release = streams.use(streamId, withSound && this.#hasAudio);
    const frames: WebRtcFrames = new WebRtcFrames({
      path: () => this.#path,
      startBps: settings.limits.startBps,
      push: (frame) => streams.push(frame),
      setLayers: (layers) => this.#peer?.sendControl({ type: "rtc_layers", layers }),
      close: () => {
        release();
        if (this.#watched.get(streamId)?.frames !== frames) return;
        this.#watched.delete(streamId);
        this.#peer?.sendControl({ type: "rtc_watch", streamId, isWatching: false });
      },
    });
    this.#watched.set(streamId, { frames, keyframeNeeded, release });
    this.#peer?.sendControl({ type: "rtc_watch", streamId, isWatching: true });
    return frames;
  }
}
