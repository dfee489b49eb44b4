/**
 * One run of the congestion benchmark: streams with one viewer each over a shared bottleneck in virtual
 * time, the real sender, receiver and rate control at work, and what is seen of queue, rate and loss.
 */

import type { ControllerName } from "../../src/congestion/congestion_controller.ts";
import { RateFollower } from "../../src/server/streams/rate_follower.ts";
import {
  LinkModel,
  type LinkOptions,
  PACKET_OVERHEAD_BYTES,
  type RateStep,
} from "../simulator/link_model.ts";
import type { LossSpec } from "../simulator/loss_process.ts";
import { LossBasedFlow } from "../simulator/loss_based_flow.ts";
import { RatedSource } from "../simulator/rated_source.ts";
import { type EventTarget, SimulatedClock } from "../simulator/simulated_clock.ts";
import { SimulatedStream } from "../simulator/simulated_stream.ts";
import type { SimulatedViewer } from "../simulator/simulated_viewer.ts";

/** One way of the path. */
export const ONE_WAY_US = 20_000;
export const FRAMES_PER_SECOND = 60;
/** Datagrams as Chromium and Deno agree on them at the least. */
export const DATAGRAM_BYTES = 1150;
const FRAME_US = Math.round(1e6 / FRAMES_PER_SECOND);
const SAMPLE_US = 50_000;
const LIMITS = { startBps: 8e6, minBps: 300_000, maxBps: 60e6 };

/** Share of the link that datagrams of the size used here can fill. */
export const PAYLOAD_SHARE = DATAGRAM_BYTES / (DATAGRAM_BYTES + PACKET_OVERHEAD_BYTES);

/** What is simulated. */
export interface CongestionRunOptions {
  readonly seed: number;
  readonly controller: ControllerName;
  readonly seconds: number;
  readonly rates: readonly RateStep[];
  readonly losses?: readonly LossSpec[];
  readonly queueBytes?: number;
  /** Start of each viewer with a stream of its own. */
  readonly viewersAtUs: readonly number[];
  /** Start of a loss-based flow on the same link. */
  readonly otherFlowAtUs?: number;
  readonly needBps?: (nowUs: number) => number;
}

/** What one viewer had, sample by sample. */
export interface ViewerTrace {
  readonly startUs: number;
  readonly targetBps: number[];
  /** Bytes that arrived, in all. */
  readonly arrivedBytes: number[];
  readonly viewer: SimulatedViewer;
  frames: number;
  keyframes: number;
}

/** What a run gave. Samples are `SAMPLE_US` apart, from 0 on. */
export interface CongestionTrace {
  readonly options: CongestionRunOptions;
  readonly sampleUs: number;
  readonly viewers: readonly ViewerTrace[];
  /** Of the loss-based flow, in all. */
  readonly otherBytes: readonly number[];
  /** Packets of viewers: when sent, and what they waited at the bottleneck. */
  readonly sentAtUs: readonly number[];
  readonly waitedUs: readonly number[];
  readonly packetsLost: number;
  readonly packetsSent: number;
  readonly digest: string;
}

/** Runs it. */
export function runCongestion(options: CongestionRunOptions): CongestionTrace {
  return new CongestionRun(options).run();
}

class CongestionRun implements EventTarget {
  readonly #options: CongestionRunOptions;
  readonly #clock = new SimulatedClock();
  readonly #forward: LinkModel;
  readonly #streams: SimulatedStream[] = [];
  readonly #viewers: ViewerTrace[] = [];
  readonly #otherBytes: number[] = [];
  readonly #sentAtUs: number[] = [];
  readonly #waitedUs: number[] = [];
  readonly #other: LossBasedFlow | undefined;
  #samples = 0;

  constructor(options: CongestionRunOptions) {
    this.#options = options;
    this.#forward = this.#link("forward", options);
    const { otherFlowAtUs } = options;
    if (otherFlowAtUs !== undefined) {
      this.#other = new LossBasedFlow({
        ...{ clock: this.#clock, forward: this.#forward },
        ...{ backDelayUs: ONE_WAY_US, startUs: otherFlowAtUs },
      });
    }
    options.viewersAtUs.forEach((startUs, index) => {
      this.#clock.schedule(startUs, { onEvent: () => this.#addViewer(index, startUs) });
    });
    this.#clock.schedule(0, this);
  }

  run(): CongestionTrace {
    this.#clock.run(this.#options.seconds * 1e6);
    let packetsSent = 0;
    let packetsLost = 0;
    for (const { viewer } of this.#viewers) {
      packetsSent += viewer.stats.packetsSent;
      packetsLost += viewer.stats.packetsLost;
    }
    return {
      ...{ options: this.#options, sampleUs: SAMPLE_US, viewers: this.#viewers },
      ...{ otherBytes: this.#otherBytes, sentAtUs: this.#sentAtUs, waitedUs: this.#waitedUs },
      ...{ packetsLost, packetsSent },
      digest: this.#streams.map(({ log }) => log.digest).join(" "),
    };
  }

  /** A sample is due. */
  onEvent(_argument: number, nowUs: number): void {
    this.#clock.schedule(nowUs + SAMPLE_US, this);
    for (const trace of this.#viewers) {
      // Samples from before the viewer came keep the indices of all viewers equal.
      while (trace.targetBps.length < this.#samples) {
        trace.targetBps.push(0);
        trace.arrivedBytes.push(0);
      }
      trace.targetBps.push(trace.viewer.sender.stats.targetBps);
      trace.arrivedBytes.push(this.#arrived.get(trace) ?? 0);
    }
    this.#otherBytes.push(this.#other?.deliveredBytes ?? 0);
    this.#samples++;
  }

  readonly #arrived = new Map<ViewerTrace, number>();

  #link(name: string, options: Partial<LinkOptions>): LinkModel {
    const { rates, losses, queueBytes } = options;
    return new LinkModel({
      delayUs: ONE_WAY_US,
      ...rates === undefined ? {} : { rates },
      ...losses === undefined ? {} : { losses },
      ...queueBytes === undefined ? {} : { queueBytes },
    }, { seed: this.#options.seed, name });
  }

  #addViewer(index: number, startUs: number): void {
    const { seed, controller, needBps } = this.#options;
    const fps = FRAMES_PER_SECOND;
    const source = new RatedSource({
      ...{ seed, name: `${index}`, bitrateBps: LIMITS.startBps, fps },
      ...needBps === undefined ? {} : { needBps },
    });
    const follower = new RateFollower({
      ...{ bitrateBps: LIMITS.maxBps, fps },
      senders: () => [viewer.sender],
      setRate: (rate) => {
        source.setRate(rate.bitrateBps, rate.fps);
        stream.frameIntervalUs = Math.round(1e6 / rate.fps);
      },
    });
    const stream = new SimulatedStream({
      ...{ seed, clock: this.#clock, frameIntervalUs: FRAME_US },
      frameBytes: (request) => source.frameBytes(request),
      onFrameDue: (nowUs) => follower.update(nowUs),
    });
    const viewer = stream.addViewer({
      ...{ forward: this.#forward, backward: this.#link(`backward ${index}`, {}) },
      ...{ limits: LIMITS, controller, maxDatagramBytes: DATAGRAM_BYTES },
      clockAheadUs: 4_294_000_000 + index * 1_000_003,
      onSent: () => {
        this.#sentAtUs.push(this.#clock.nowUs());
        this.#waitedUs.push(this.#forward.queueDelayUs);
      },
      onArrived: (packet) => {
        this.#arrived.set(trace, (this.#arrived.get(trace) ?? 0) + packet.byteLength);
      },
      onYielded: () => {
        trace.frames++;
      },
      onKeyframeNeeded: () => {
        trace.keyframes++;
        stream.encoder.requestKeyframe();
      },
    });
    const trace: ViewerTrace = {
      ...{ startUs, targetBps: [], arrivedBytes: [], viewer, frames: 0, keyframes: 0 },
    };
    follower.start({ screenWidth: 1280, screenHeight: 720, temporalLayersMax: 1 });
    this.#viewers.push(trace);
    this.#streams.push(stream);
  }
}
