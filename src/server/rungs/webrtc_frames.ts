/**
 * WebRtcFrames: one stream on its way to one session of WebRTC, as a Stream and a ViewerSession see it:
 * what the path allows, which frames are wanted, and figures in the words of a sender of packets. The
 * frames themselves go to the gateway once for all sessions (WebRtcStreams).
 */

import type { GatewayControl } from "../../gateway/gateway_control.ts";
import type { MediaSenderStats, SenderReport } from "../../pipeline/sender_report.ts";
import type { ConnectionFrames } from "../../session/frame_viewer.ts";
import type { HostFrame } from "../../session/session_host.ts";
import type { FrameLayers } from "../../wire/control.ts";

/** What the gateway last said of a path. */
export type RtcPath = Omit<Extract<GatewayControl, { type: "rtc_path" }>, "type">;

/** What is assumed before it has said anything. */
export const UNKNOWN_PATH: RtcPath = {
  ...{ targetBps: 0, videoBps: 0, rttUs: 0, queueDelayUs: 0, loss: 0, bytesInFlight: 0 },
  ...{ queuedBytes: 0, rateCuts: 0, framesSent: 0, framesDropped: 0, flightStops: 0 },
  ...{ bytesSent: 0, packetsSent: 0, packetsArrived: 0, packetsLost: 0, packetsMissing: 0 },
  ...{ repairsSent: 0, pictureLosses: 0, soundSent: 0 },
};

/** What frames need of their session. */
export interface WebRtcFramesOptions {
  readonly path: () => RtcPath;
  /** Before the path is known. */
  readonly startBps: number;
  readonly push: (frame: HostFrame) => void;
  readonly setLayers: (layers: FrameLayers) => void;
  readonly close: () => void;
}

/** One stream to one session. */
export class WebRtcFrames implements ConnectionFrames {
  share = 1;
  readonly frameRateShare = 1;
  readonly #options: WebRtcFramesOptions;
  #layers: FrameLayers = "all";
  #lastFrameId = 0;
  #keyframes = 0;
  #reportedUs = 0;
  #reportedBytes = 0;
  #reportedRepairs = 0;
  #isClosed = false;

  constructor(options: WebRtcFramesOptions) {
    this.#options = options;
  }

  get videoBps(): number {
    const { videoBps } = this.#options.path();
    return videoBps > 0 ? videoBps : this.#options.startBps;
  }

  get layers(): FrameLayers {
    return this.#layers;
  }

  set layers(layers: FrameLayers) {
    if (layers === this.#layers) return;
    this.#layers = layers;
    this.#options.setLayers(layers);
  }

  get lastFrameId(): number {
    return this.#lastFrameId;
  }

  /** The gateway knows, and drops what the path does not take. */
  readonly isSilent = false;

  get stats(): MediaSenderStats {
    const path = this.#options.path();
    return {
      ...{ framesSent: path.framesSent, framesSkipped: path.framesDropped },
      ...{ flightStops: path.flightStops, silences: 0, repairsSent: path.repairsSent },
      ...{ probesSent: 0, feedbacks: 0, missingReports: path.packetsMissing, feedbacksRefused: 0 },
      ...{ packetsSent: path.packetsSent, bytesSent: path.bytesSent, headerBytesSent: 0 },
      ...{ packetsDropped: 0, packetsPaced: 0, waitedUs: 0, reactiveRepairsSent: path.repairsSent },
      ladder: {
        ...{ repairs: 0, reactive: path.packetsMissing, reference: 0, keyframe: this.#keyframes },
        rate: path.rateCuts,
      },
      ...{ targetBps: path.targetBps, redundancy: 0, loss: path.loss, burstLength: 1 },
      ...{ rttUs: path.rttUs, rttLatestUs: path.rttUs, rttTotalUs: 0, rttSamples: 0, jitterUs: 0 },
      ...{ packetsArrived: path.packetsArrived, packetsLost: path.packetsLost },
      ...{ queueDelayUs: path.queueDelayUs, bytesInFlight: path.bytesInFlight },
      ...{ queuedBytes: path.queuedBytes, queuedUs: 0, rateCuts: path.rateCuts },
    };
  }

  /** The session needs a keyframe. */
  noteKeyframe(): void {
    this.#keyframes++;
  }

  push(frame: HostFrame): void {
    if (this.#isClosed) return;
    this.#lastFrameId = frame.frameId;
    this.#options.push(frame);
  }

  pathReport(nowUs: number): SenderReport {
    const path = this.#options.path();
    const elapsedUs = Math.max(1, nowUs - this.#reportedUs);
    const sentBps = Math.max(0, path.bytesSent - this.#reportedBytes) * 8e6 / elapsedUs;
    this.#reportedUs = nowUs;
    this.#reportedBytes = path.bytesSent;
    const isRepairing = path.repairsSent > this.#reportedRepairs;
    this.#reportedRepairs = path.repairsSent;
    return {
      ...{ targetBps: Math.round(path.targetBps), videoBps: Math.round(this.videoBps) },
      ...{
        sentBps: Math.round(sentBps),
        redundancy: 0,
        rung: isRepairing ? "reactive" : "none",
        rttUs: Math.round(path.rttUs),
      },
      ...{ queueDelayUs: Math.round(path.queueDelayUs), loss: path.loss, burstLength: 1 },
      ...{ layers: this.#layers, reactiveRepairs: path.repairsSent, referenceRepairs: 0 },
      ...{ keyframes: this.#keyframes, rateCuts: path.rateCuts },
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.close();
  }
}
