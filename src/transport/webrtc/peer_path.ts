/**
 * PeerPath: what is known of the path to one player from its transport-wide reports, and what follows
 * from it: round trip, loss, the controller's target and how much may be in flight. The glue between
 * RTCP and src/congestion; its memory is fixed, and it owns no clock.
 */

import type {
  CongestionController,
  ControllerLimits,
} from "../../congestion/congestion_controller.ts";
import type { ControllerName } from "../../congestion/congestion_controller.ts";
import { createController } from "../../congestion/controllers.ts";
import { SentPackets } from "../../congestion/sent_packets.ts";
import { distance16 } from "../../core/sequence.ts";
import { MAX_FEEDBACK_BITMAP_BYTES } from "../../wire/feedback.ts";
import type { ArrivalMark, Feedback } from "../../wire/feedback.ts";
import type { TransportReport } from "./rtcp_reports.ts";

/** Packets that are remembered; a power of two. */
const PACKETS = 4096;
/** Packets before the newest that a report can tell of: the bitmap of feedback. */
const REACH = 8 * MAX_FEEDBACK_BITMAP_BYTES;
/** What is always allowed in flight, and how much time of the target. */
const FLIGHT_BYTES_MIN = 64 * 1024;
const FLIGHT_BYTES_MAX = 1024 * 1024;
const FLIGHT_US_MIN = 150_000;
const FLIGHT_PRODUCTS = 2;
/** Browsers report each 50 to 250 ms; what is in flight is known that much later. */
const REPORT_US = 250_000;
/** How fast the largest frame is forgotten, per frame: half of it in half a second at 60. */
const LARGEST_FRAME_FADE = 0.977;
/** A probe is made up for frame by frame: about as long as one takes. */
const PROBE_US = 16_000;
/** Without any report for this long, with packets in flight, the path counts as broken. */
const SILENCE_US = 1_000_000;

/** The path of one player. */
export class PeerPath {
  readonly #sent = new SentPackets(PACKETS);
  readonly #controller: CongestionController;
  /** 1 for a packet that arrived, by sequence modulo its size. */
  readonly #arrived = new Uint8Array(2 * REACH);
  /** 1 for a packet that ends a frame. */
  readonly #ends = new Uint8Array(PACKETS);
  #sequence = 0;
  #newest: number | undefined;
  #reports = 0;
  #received = 0;
  #reportCount: number | undefined;
  /** When the first packet was sent that no report followed. */
  #unreportedUs: number | undefined;
  #isSilent = false;
  #largestFrameBytes = 0;

  constructor(options: { readonly controller: ControllerName; readonly limits: ControllerLimits }) {
    this.#controller = createController(options.controller, options.limits);
    this.#sent.allowedBps = this.#controller.targetBps;
  }

  get targetBps(): number {
    return this.#controller.targetBps;
  }

  get queueDelayUs(): number {
    return Math.max(0, this.#controller.queueDelayUs);
  }

  get cuts(): number {
    return this.#controller.cuts;
  }

  /** Smoothed round trip, the player's wait for its next report included. */
  get rttUs(): number {
    return this.#sent.rtt.smoothedUs;
  }

  get bytesInFlight(): number {
    return this.#sent.bytesInFlight;
  }

  /** Packets that arrived and that did not. */
  get counts(): { readonly acked: number; readonly lost: number } {
    return this.#sent.stats;
  }

  /** True once a report has come: without any, nothing is known of what is in flight. */
  get isKnown(): boolean {
    return this.#reports > 0;
  }

  /** The player was not heard for so long that nothing but a keyframe will help it. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Bytes in flight above which no frame is begun. */
  get flightBytesMax(): number {
    const flightUs = Math.max(FLIGHT_US_MIN, FLIGHT_PRODUCTS * this.#sent.rtt.minUs) + REPORT_US;
    const bytes = Math.max(FLIGHT_BYTES_MIN, this.targetBps / 8e6 * flightUs);
    return Math.min(FLIGHT_BYTES_MAX, bytes + this.#largestFrameBytes);
  }

  /** A frame of `bytes` is to be sent: it may be in flight beside what always may. */
  noteFrame(bytes: number): void {
    this.#largestFrameBytes = Math.max(bytes, this.#largestFrameBytes * LARGEST_FRAME_FADE);
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#sent.bufferBytes + this.#arrived.byteLength + this.#ends.byteLength;
  }

  /** The sequence of the next packet. */
  get nextSequence(): number {
    return this.#sequence;
  }

  /** The packet of `nextSequence` was sent. */
  noteSent(bytes: number, endsFrame: boolean, nowUs: number): void {
    const sequence = this.#sequence;
    this.#sent.push(sequence, bytes, nowUs);
    this.#unreportedUs ??= nowUs;
    this.#ends[sequence % PACKETS] = endsFrame ? 1 : 0;
    this.#sequence = (sequence + 1) & 0xffff;
  }

  /** Bytes that the controller wants sent beside the last frame, to see what more the path carries. */
  probeBytes(nowUs: number): number {
    const wantedBps = this.#controller.wantedProbeBps;
    if (wantedBps === undefined) return 0;
    const missing = wantedBps - this.#sent.sentBps(nowUs);
    return Math.max(0, missing / 8e6 * PROBE_US);
  }

  /** Takes a report of the player; false when it says nothing new. */
  observe(report: TransportReport, nowUs: number): boolean {
    const last = report.arrivals.at(-1);
    if (last === undefined || !this.#take(report)) return false;
    const newest = this.#newest!;
    const path = this.#sent.onFeedback(this.#feedbackOf(report, last.arrivalUs, newest), nowUs);
    if (path === undefined) return false;
    this.#unreportedUs = undefined;
    this.#isSilent = false;
    this.#controller.observe(path);
    this.#sent.allowedBps = this.targetBps;
    return true;
  }

  /** Gives up what nobody reported for long; true when the path has become silent now. */
  pull(nowUs: number): boolean {
    this.#sent.expire(nowUs);
    const sinceUs = this.#unreportedUs;
    if (this.#isSilent || !this.isKnown || sinceUs === undefined) return false;
    if (nowUs - sinceUs < SILENCE_US) return false;
    this.#isSilent = true;
    this.#sent.lossAll();
    this.#controller.onSilence(nowUs);
    this.#sent.allowedBps = this.targetBps;
    return true;
  }

  /** The path may take something again, although nobody said so. */
  endSilence(): void {
    this.#isSilent = false;
    this.#unreportedUs = undefined;
  }

  /** Notes arrivals; false when all of them are older than what can be told of. */
  #take({ count, first, packets, arrivals }: TransportReport): boolean {
    const newest = arrivals.at(-1)!.sequence;
    const step = this.#newest === undefined ? 1 : distance16(this.#newest, newest);
    if (step <= -REACH || distance16(newest, this.#sequence) <= 0) return false;
    // Reports that were lost told of packets that mostly arrived: they do not count as lost.
    const isGap = this.#reportCount !== undefined &&
      ((count - this.#reportCount) & 0xff) !== 1 && step > 0;
    for (let i = 0; i < Math.min(step, REACH); i++) {
      const sequence = (newest - i) & 0xffff;
      const isUntold = isGap && distance16(sequence, first) > 0;
      this.#arrived[sequence % this.#arrived.length] = isUntold ? 1 : 0;
    }
    if (packets > 0) this.#reportCount = count;
    for (const { sequence } of arrivals) {
      if (distance16(sequence, newest) < REACH) this.#arrived[sequence % this.#arrived.length] = 1;
    }
    if (step > 0) this.#newest = newest;
    this.#received += arrivals.length;
    return true;
  }

  #feedbackOf(report: TransportReport, newestArrivalUs: number, newest: number): Feedback {
    const bitmap = new Uint8Array(MAX_FEEDBACK_BITMAP_BYTES);
    for (let i = 0; i < REACH; i++) {
      const sequence = (newest - 1 - i) & 0xffff;
      if (this.#arrived[sequence % this.#arrived.length] === 1) bitmap[i >> 3]! |= 1 << (i & 7);
    }
    const arrivals: ArrivalMark[] = report.arrivals
      .filter(({ sequence }) => this.#ends[sequence % PACKETS] === 1)
      .map(({ sequence, arrivalUs }) => ({
        transportSequence: sequence,
        arrivalUs: modulo(arrivalUs),
      }));
    return {
      ...{ streamId: 0, epoch: 0, sequence: this.#reports++ & 0xffff },
      newestSequence: newest,
      // The player does not say how long it waited with the report.
      newestArrivalUs: modulo(newestArrivalUs),
      sentUs: modulo(newestArrivalUs),
      packetsReceived: this.#received >>> 0,
      ...{ firstMissingId: 0, missingLength: 0, deficit: 0, loss: 0, burstLength: 1 },
      ...{ lastCompleteFrameId: 0, damagedFrameId: 0, presentedFrameId: 0, presentedUs: 0 },
      ...{ recovered: 0, decodeQueue: 0, bitmap, arrivals },
    };
  }
}

function modulo(us: number): number {
  return ((us % 2 ** 32) + 2 ** 32) % 2 ** 32;
}
