/**
 * SenderPath: what a sender knows of the path to its viewer, and what follows from it: round trip,
 * loss, redundancy, the controller's target, its share for the picture, and how much may be in flight.
 * It joins the parts of src/congestion with the redundancy of src/fec; their memory is fixed.
 */

import type {
  CongestionController,
  ControllerLimits,
  ControllerName,
} from "../congestion/congestion_controller.ts";
import { createController } from "../congestion/controllers.ts";
import { allocateRate } from "../congestion/rate_allocator.ts";
import { RateMeter } from "../congestion/rate_meter.ts";
import { SentPackets } from "../congestion/sent_packets.ts";
import { RedundancyPolicy } from "../fec/redundancy.ts";
import type { MinRepairs } from "../fec/repair_schedule.ts";
import type { Feedback } from "../wire/feedback.ts";

/** What is always allowed in flight: less than any path holds for a moment. */
const FLIGHT_BYTES_MIN = 64 * 1024;
/** Bandwidth-delay products that may be in flight beside one large frame. */
const FLIGHT_PRODUCTS = 2;
/** The most in flight: QUIC itself holds back up to 1 MiB of datagrams, and says nothing of it. */
export const FLIGHT_BYTES_MAX = 768 * 1024;
/** Frames that are in flight besides those of the round trip: one is sent, one is reported. */
const FLIGHT_FRAMES = 2;
/** A round trip above the shortest by more than this is a queue, and says nothing of the path. */
const QUEUE_US_MAX = 20_000;
/** Time of the target that may always be in flight: a viewer may stall for a moment. */
const FLIGHT_US_MIN = 120_000;
/** Steps of the frame rate when keyframes do not help, and how long they last. */
const SLOW_SHARE_STEP = 0.25;
const SLOW_SHARE_MIN = 0.5;
const SLOW_US = 12_000_000;
/** How fast the largest frame is forgotten, per frame: half of it in half a second at 60. */
const LARGEST_FRAME_FADE = 0.977;
/** Packets of a frame: what is assumed first, and the weight of one frame in their average. */
const FIRST_FRAME_PACKETS = 16;
const FRAME_PACKETS_WEIGHT = 1 / 16;
/** Recent loss from which on each frame gets a repair of its own, so that it is in time. */
const LOSSY = 0.0015;
/** The same from which on it gets two. */
const VERY_LOSSY = 0.01;

/** What a path is made of. */
export interface SenderPathOptions {
  readonly controller: ControllerName;
  readonly limits: ControllerLimits;
  readonly frameIntervalUs: number;
  /** See RedundancyPolicy. */
  readonly redundancyFactor?: number | undefined;
  readonly fixedRedundancy?: number | undefined;
}

/** The path of one viewer. */
export class SenderPath {
  readonly sent = new SentPackets();
  readonly #controller: CongestionController;
  readonly #policy: RedundancyPolicy;
  readonly #frameIntervalUs: number;
  /** Most repairs that a frame is sure of: what is to be measured decides alone. */
  readonly #minRepairsMax: MinRepairs;
  #largestFrameBytes = 0;
  #framePackets = FIRST_FRAME_PACKETS;
  #congestedUs = -Infinity;
  #slowShare = 1;
  #slowUs = -Infinity;
  readonly #other = new RateMeter();
  #otherBps = 0;

  constructor(options: SenderPathOptions) {
    this.#controller = createController(options.controller, options.limits);
    this.#policy = new RedundancyPolicy({
      burstFactor: options.redundancyFactor,
      fixed: options.fixedRedundancy,
    });
    this.#frameIntervalUs = options.frameIntervalUs;
    const { redundancyFactor, fixedRedundancy } = options;
    this.#minRepairsMax = fixedRedundancy !== undefined
      ? 0
      : redundancyFactor !== undefined
      ? 1
      : 2;
    this.sent.allowedBps = this.#controller.targetBps;
  }

  get controller(): Readonly<CongestionController> {
    return this.#controller;
  }

  /** Repair packets per source packet. */
  get redundancy(): number {
    return this.#policy.redundancy;
  }

  /** Loss before recovery, and packets of a burst, as averages. */
  get loss(): number {
    return this.#policy.loss;
  }

  get burstLength(): number {
    return this.#policy.burstLength;
  }

  /** Repairs that each frame gets at least. */
  get minRepairsPerFrame(): MinRepairs {
    const { redundancy, loss } = this.#policy;
    if (redundancy === 0 || loss <= LOSSY) return 0;
    // Of a small frame that has one repair, two lost packets are as likely as one lost repair.
    const wanted = loss > VERY_LOSSY && this.roundTripFrames > 1 ? 2 : 1;
    return wanted > this.#minRepairsMax ? this.#minRepairsMax : wanted;
  }

  /** Reactive repairs beyond a deficit: those of a burst and one, for they go together. */
  get reactiveSurplus(): number {
    return 1 + Math.ceil(this.#policy.burstLength);
  }

  /** The queue of the path is full of what was sent: more repairs would only make it longer. */
  get isCongested(): boolean {
    return this.#controller.isCongested;
  }

  /** Smoothed round trip. */
  get rttUs(): number {
    return this.sent.rtt.smoothedUs;
  }

  /** Round trip when no queue is on the path: the shortest, or longer when it has become so. */
  get emptyRttUs(): number {
    const { smoothedUs, minUs } = this.sent.rtt;
    return Math.min(smoothedUs, minUs + QUEUE_US_MAX);
  }

  get roundTripFrames(): number {
    return this.rttUs / this.#frameIntervalUs;
  }

  /** Share of the full frame rate that it carries smoothly. */
  get frameRateShare(): number {
    return Math.min(this.#slowShare, this.#controller.frameRateShare);
  }

  get targetBps(): number {
    return this.#controller.targetBps;
  }

  /** What of the target is for the picture. */
  get videoBps(): number {
    const { redundancy } = this;
    return allocateRate(this.targetBps, { soundBps: this.#otherBps, redundancy }).videoBps;
  }

  /**
   * Bytes in flight above which no frame is begun: two bandwidth-delay products of the empty path and
   * of the frames that are always under way, besides the largest frame of late. What exceeds that
   * waits in a queue, and would make every later frame late.
   */
  get flightBytesMax(): number {
    const emptyUs = this.sent.rtt.minUs + FLIGHT_FRAMES * this.#frameIntervalUs;
    const flightUs = Math.max(FLIGHT_US_MIN, FLIGHT_PRODUCTS * emptyUs);
    const bytes = Math.max(FLIGHT_BYTES_MIN, this.targetBps / 8e6 * flightUs);
    return Math.min(FLIGHT_BYTES_MAX, bytes + this.#largestFrameBytes);
  }

  /** Bytes that went the same way beside the picture. */
  noteOther(bytes: number, nowUs: number): void {
    this.#other.push(bytes, nowUs);
    this.#otherBps = this.#other.bps(nowUs);
  }

  /** A frame of `bytes`, repairs included, and `packets` without them was sent. */
  noteFrame(bytes: number, packets: number): void {
    this.#framePackets += (packets - this.#framePackets) * FRAME_PACKETS_WEIGHT;
    this.#policy.setFramePackets(Math.max(1, this.#framePackets));
    this.#largestFrameBytes = Math.max(bytes, this.#largestFrameBytes * LARGEST_FRAME_FADE);
  }

  /** Takes a report; false when it is of no use. `endsSilence`: its losses are those of an outage. */
  observe(feedback: Feedback, nowUs: number, endsSilence: boolean): boolean {
    const report = this.sent.onFeedback(feedback, nowUs);
    if (report === undefined) return false;
    this.#controller.observe(report);
    this.sent.allowedBps = this.targetBps;
    this.#otherBps = this.#other.bps(nowUs);
    this.#policy.setRoundTrip(this.roundTripFrames);
    if (nowUs - this.#slowUs > SLOW_US) this.#slowShare = 1;
    if (this.#controller.isCongested) this.#congestedUs = nowUs;
    // Neither a path that was gone nor a queue that overflowed says how the path loses otherwise, and
    // what is reported now was sent up to a round trip ago.
    const isOwnLoss = !endsSilence && nowUs - this.#congestedUs > 2 * this.rttUs;
    if (isOwnLoss) this.#policy.observe(report, this.#controller);
    return true;
  }

  /** Keyframes alone do not mend the picture: the rate is halved, and frames are fewer for a while. */
  slowDown(nowUs: number): void {
    this.cut(nowUs);
    this.#slowShare = Math.max(SLOW_SHARE_MIN, this.#slowShare - SLOW_SHARE_STEP);
    this.#slowUs = nowUs;
  }

  /** The path counts as broken. */
  cut(nowUs: number): void {
    this.#controller.onSilence(nowUs);
    this.sent.allowedBps = this.targetBps;
  }
}
