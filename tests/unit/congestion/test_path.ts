/**
 * A path for tests of the controllers: frames of a source that follows the target cross a simulated
 * bottleneck as packets without contents; the real recorder answers with feedback, the real SentPackets
 * reads it. Virtual time only.
 */

import { LinkModel, type LinkOptions } from "../../../bench/simulator/link_model.ts";
import { type EventTarget, SimulatedClock } from "../../../bench/simulator/simulated_clock.ts";
import { randomProcess, type SplitMix64 } from "../../../bench/simulator/split_mix.ts";
import { ArrivalRecorder } from "../../../src/congestion/arrival_recorder.ts";
import type {
  CongestionController,
  ControllerName,
} from "../../../src/congestion/congestion_controller.ts";
import { createController } from "../../../src/congestion/controllers.ts";
import { SentPackets } from "../../../src/congestion/sent_packets.ts";
import type { Feedback } from "../../../src/wire/feedback.ts";

const PACKET_BYTES = 1200;
const FRAME_US = 16_667;
const TICK_US = 10_000;
const U32 = 0x1_0000_0000;
/** The source uses this part of the target on average, as the encoder does. */
const UTILISATION = 0.9;

/** What a flow is like. */
export interface FlowOptions {
  readonly controller: ControllerName;
  readonly startBps?: number;
  readonly maxBps?: number;
  /** Most bits a second of the source; none: it uses all of the target. */
  readonly sourceBps?: (nowUs: number) => number;
  /** Sizes vary by this share. */
  readonly variation?: number;
  /** Frames start this much later than those of others. */
  readonly phaseUs?: number;
  /** The viewer's clock at the start, modulo 2^32. */
  readonly viewerStartUs?: number;
}

/** Queue waits of packets, and what a flow did. */
export interface FlowTrace {
  readonly atUs: number[];
  readonly targetBps: number[];
  readonly queueUs: number[];
  deliveredBytes: number;
  sentBytes: number;
}

/** Everything of one simulation. */
export class TestPath {
  readonly clock = new SimulatedClock();
  readonly link: LinkModel;
  readonly flows: TestFlow[] = [];
  readonly #delayUs: number;
  readonly #seed: number;

  constructor(options: LinkOptions, seed = 1) {
    this.link = new LinkModel(options, { seed, name: "there" });
    this.#delayUs = options.delayUs;
    this.#seed = seed;
  }

  add(options: FlowOptions): TestFlow {
    const random = randomProcess(this.#seed, `flow ${this.flows.length}`);
    const flow = new TestFlow(options, { path: this, random, delayUs: this.#delayUs });
    this.flows.push(flow);
    return flow;
  }

  run(seconds: number): void {
    this.clock.run(this.clock.nowUs() + seconds * 1e6);
  }
}

interface FlowPlace {
  readonly path: TestPath;
  readonly random: SplitMix64;
  readonly delayUs: number;
}

/** One sender and its viewer. */
export class TestFlow {
  readonly controller: CongestionController;
  readonly sent = new SentPackets();
  readonly trace: FlowTrace = {
    atUs: [],
    targetBps: [],
    queueUs: [],
    deliveredBytes: 0,
    sentBytes: 0,
  };
  readonly #recorder = new ArrivalRecorder();
  readonly #options: FlowOptions;
  readonly #place: FlowPlace;
  readonly #onFrame: EventTarget;
  readonly #onArrival: EventTarget;
  readonly #onTick: EventTarget;
  readonly #onFeedback: EventTarget;
  readonly #feedbacks: Feedback[] = [];
  #sequence = 0;
  #frame = 0;
  #lastOfFrame = new Map<number, number>();
  #feedbackSequence = 0;
  #feedbackUs = 0;
  #reported = -1;

  constructor(options: FlowOptions, place: FlowPlace) {
    this.#options = options;
    this.#place = place;
    const { startBps = 4e6, maxBps = 50e6 } = options;
    this.controller = createController(options.controller, { startBps, minBps: 3e5, maxBps });
    this.#onFrame = { onEvent: (_, nowUs) => this.#sendFrame(nowUs) };
    this.#onArrival = { onEvent: (sequence, nowUs) => this.#arrive(sequence, nowUs) };
    this.#onTick = { onEvent: (_, nowUs) => this.#tick(nowUs) };
    this.#onFeedback = { onEvent: (_, nowUs) => this.#takeFeedback(nowUs) };
    const startUs = place.path.clock.nowUs() + (options.phaseUs ?? 0);
    place.path.clock.schedule(startUs, this.#onFrame);
    place.path.clock.schedule(startUs, this.#onTick);
  }

  #sendFrame(nowUs: number): void {
    const { controller } = this;
    const { sourceBps, variation = 0.25 } = this.#options;
    this.#frame++;
    const wantedBps = Math.min(
      controller.targetBps * UTILISATION,
      sourceBps?.(nowUs) ?? Infinity,
    );
    const factor = Math.max(0.2, 1 + variation * this.#place.random.normal());
    let bytes = wantedBps * FRAME_US / 8e6 * factor;
    const probeBps = controller.wantedProbeBps;
    if (probeBps !== undefined) bytes = Math.max(bytes, probeBps * FRAME_US / 8e6);
    while (bytes > 0) {
      this.#sendPacket(Math.max(100, Math.min(PACKET_BYTES, Math.round(bytes))), nowUs);
      bytes -= PACKET_BYTES;
    }
    this.#lastOfFrame.set(this.#sequence - 1, this.#frame);
    this.#place.path.clock.schedule(nowUs + FRAME_US, this.#onFrame);
  }

  #sendPacket(bytes: number, nowUs: number): void {
    const { path } = this.#place;
    this.sent.push(this.#sequence & 0xffff, bytes, nowUs);
    this.trace.sentBytes += bytes;
    path.link.push(bytes, nowUs);
    this.trace.queueUs.push(path.link.queueDelayUs);
    this.trace.atUs.push(nowUs);
    this.trace.targetBps.push(this.controller.targetBps);
    for (const atUs of path.link.deliveries) {
      this.trace.deliveredBytes += bytes;
      path.clock.schedule(atUs, this.#onArrival, this.#sequence);
    }
    this.#sequence++;
  }

  #arrive(sequence: number, nowUs: number): void {
    this.#recorder.note(sequence & 0xffff, this.#viewerUs(nowUs), sequence);
    if (this.#lastOfFrame.delete(sequence)) this.#sendFeedback(nowUs);
  }

  #viewerUs(nowUs: number): number {
    return (nowUs + (this.#options.viewerStartUs ?? 0)) % U32;
  }

  #tick(nowUs: number): void {
    if (nowUs - this.#feedbackUs >= TICK_US) this.#sendFeedback(nowUs);
    this.#place.path.clock.schedule(nowUs + TICK_US, this.#onTick);
  }

  #sendFeedback(nowUs: number): void {
    const { newestSequence, newestArrivalUs, packetsReceived } = this.#recorder;
    if (newestSequence === undefined || packetsReceived === this.#reported) return;
    this.#reported = packetsReceived;
    this.#feedbackUs = nowUs;
    this.#feedbackSequence = (this.#feedbackSequence + 1) & 0xffff;
    this.#feedbacks.push(feedbackOf({
      sequence: this.#feedbackSequence,
      newestSequence,
      newestArrivalUs,
      sentUs: this.#viewerUs(nowUs),
      packetsReceived,
      bitmap: this.#recorder.bitmap().slice(),
      arrivals: this.#recorder.takeMarks(),
    }));
    this.#place.path.clock.schedule(nowUs + this.#place.delayUs, this.#onFeedback);
  }

  #takeFeedback(nowUs: number): void {
    this.sent.allowedBps = this.controller.targetBps;
    const report = this.sent.onFeedback(this.#feedbacks.shift()!, nowUs);
    if (report !== undefined) this.controller.observe(report);
  }
}

/** A feedback with nothing wrong, but for what is given. */
export function feedbackOf(given: Partial<Feedback>): Feedback {
  return {
    streamId: 0,
    epoch: 0,
    sequence: 1,
    newestSequence: 0,
    newestArrivalUs: 0,
    sentUs: 0,
    packetsReceived: 1,
    firstMissingId: 0,
    missingLength: 0,
    deficit: 0,
    loss: 0,
    burstLength: 1,
    lastCompleteFrameId: 0,
    damagedFrameId: 0,
    presentedFrameId: 0,
    presentedUs: 0,
    recovered: 0,
    decodeQueue: 0,
    bitmap: new Uint8Array(),
    arrivals: [],
    ...given,
  };
}

/** The value below which `share` of the packets sent from `fromUs` to `toUs` waited, microseconds. */
export function queuePercentile(
  trace: FlowTrace,
  span: { readonly fromUs: number; readonly toUs: number; readonly share: number },
): number {
  const waits = trace.queueUs.filter((_, at) =>
    trace.atUs[at]! >= span.fromUs && trace.atUs[at]! < span.toUs
  ).sort((left, right) => left - right);
  return waits[Math.min(waits.length - 1, Math.floor(waits.length * span.share))] ?? 0;
}

/** The target's average over a time. */
export function averageTarget(trace: FlowTrace, fromUs: number, toUs: number): number {
  let sum = 0;
  let count = 0;
  trace.targetBps.forEach((bps, at) => {
    if (trace.atUs[at]! < fromUs || trace.atUs[at]! >= toUs) return;
    sum += bps;
    count++;
  });
  return sum / Math.max(1, count);
}
