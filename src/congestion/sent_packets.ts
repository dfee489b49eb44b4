/**
 * SentPackets: what was sent to one viewer and is not known to have arrived; joins feedback to it and
 * says what the feedback means: round trip, losses, bursts, rates, bytes in flight. Part of send. Holds
 * the last `capacity` packets in typed arrays; feedback about anything older is worth nothing.
 *
 * A packet counts as lost when enough newer ones arrived or enough time passed (RFC 9002, section 6.1);
 * both thresholds grow when a packet arrives that had been given up.
 */

import { distance16, unwrap32 } from "../core/sequence.ts";
import type { Feedback } from "../wire/feedback.ts";
import type { PacketArrival, PathReport } from "./congestion_controller.ts";
import { ArrivalJitter } from "./arrival_jitter.ts";
import { LossRuns } from "./loss_runs.ts";
import { RateMeter } from "./rate_meter.ts";
import { RttEstimator } from "./rtt_estimator.ts";
import { PACKET_FATES, SentRing } from "./sent_ring.ts";

/** Packets that are remembered: 10 MB of full ones. */
export const SENT_PACKETS_CAPACITY = 8192;
/** Packets that must arrive past a missing one before it is lost, at first and at most. */
export const PACKET_THRESHOLD = 3;
const PACKET_THRESHOLD_MAX = 256;
/** Round trips after which a packet that newer ones overtook is lost, at first and at most. */
const TIME_FACTOR = 9 / 8;
const TIME_FACTOR_MAX = 3;
const TIME_MARGIN_US = 1_000;
/** Packets without any news are lost after this many round trips, and not before this time. */
const EXPIRY_ROUND_TRIPS = 4;
const EXPIRY_US_MIN = 500_000;
/** Below this share of what was allowed, the source had too little to send to try the path. */
const APPLICATION_LIMITED_SHARE = 0.7;
const { none: NONE, inFlight: IN_FLIGHT, acked: ACKED, lost: LOST, writtenOff: WRITTEN_OFF } =
  PACKET_FATES;

/** Counters since the start. */
export interface SentPacketsStats {
  packets: number;
  acked: number;
  lost: number;
  /** Given up because nothing came back at all. */
  writtenOff: number;
  /** Counted as lost, and arrived after all. */
  spurious: number;
  /** Feedback that was older than the last, or the same again. */
  stale: number;
  /** Feedback about packets that were never sent or are forgotten, and times that cannot be. */
  refused: number;
}

/** The packets of one viewer. */
export class SentPackets {
  readonly stats: SentPacketsStats = {
    packets: 0,
    acked: 0,
    lost: 0,
    writtenOff: 0,
    spurious: 0,
    stale: 0,
    refused: 0,
  };
  readonly rtt = new RttEstimator();
  readonly jitter = new ArrivalJitter();
  /** What the sender may send, so that reports can say whether it did. */
  allowedBps = 0;
  readonly #ring: SentRing;
  readonly #runs = new LossRuns();
  readonly #sentRate = new RateMeter();
  readonly #ackedRate = new RateMeter();
  /** Indices of the ring: first whose fate is not told yet, newest known to have arrived. */
  #frontier = 0;
  #newestAcked = -1;
  #newestMark = -1;
  #packetThreshold = PACKET_THRESHOLD;
  #timeFactor = TIME_FACTOR;
  #feedbackSequence: number | undefined;
  #packetsReceived = 0;
  /** Index of the first packet of the stream of now. */
  #streamStart = 0;
  #viewerUs: number | undefined;
  #ackedBytes = 0;
  #ackedPackets = 0;

  /** Remembers `capacity` packets, a power of two from 1024 to 32768. */
  constructor(capacity: number = SENT_PACKETS_CAPACITY) {
    this.#ring = new SentRing(capacity);
  }

  /** Bytes that it holds for ever. */
  get bufferBytes(): number {
    return this.#ring.bufferBytes;
  }

  /** Bytes sent whose fate is not known. */
  get bytesInFlight(): number {
    return this.#ring.bytesInFlight;
  }

  /** Packets sent whose fate is not known. */
  get packetsInFlight(): number {
    return this.#ring.packetsInFlight;
  }

  /** When the oldest packet in flight was sent, or undefined without any. */
  get oldestUnackedSentUs(): number | undefined {
    const index = this.#ring.oldestInFlight;
    return index === undefined ? undefined : this.#ring.sentUs(index);
  }

  /** Bits a second sent over the last half second. */
  sentBps(nowUs: number): number {
    return this.#sentRate.bps(nowUs);
  }

  /** Bits a second known to have arrived over the last half second. */
  ackedBps(nowUs: number): number {
    return this.#ackedRate.bps(nowUs);
  }

  /** A packet of `bytes` was given to the transport. Sequences rise; gaps were never sent. */
  push(transportSequence: number, bytes: number, nowUs: number): void {
    const ring = this.#ring;
    if (ring.first < 0) {
      ring.begin(transportSequence);
      this.#frontier = transportSequence;
    }
    const gap = distance16(ring.next & 0xffff, transportSequence);
    if (gap < 0 || gap >= ring.capacity) {
      throw new RangeError(`Cannot send packet ${transportSequence} after ${ring.next - 1}`);
    }
    for (let step = 0; step < gap; step++) this.#append(NONE, 0, nowUs);
    this.#append(IN_FLIGHT, bytes, nowUs);
    this.stats.packets++;
    this.#sentRate.push(bytes, nowUs);
  }

  /** What one feedback says; undefined when it says nothing: stale, doubled, or not to be believed. */
  onFeedback(feedback: Feedback, nowUs: number): PathReport | undefined {
    const last = this.#feedbackSequence;
    if (last !== undefined && distance16(last, feedback.sequence) <= 0) {
      this.stats.stale++;
      return undefined;
    }
    const newest = this.#ring.indexOf(feedback.newestSequence);
    if (newest === undefined || newest < this.#streamStart) {
      this.stats.refused++;
      return undefined;
    }
    this.#feedbackSequence = feedback.sequence;
    this.#ackedBytes = 0;
    this.#ackedPackets = 0;
    if (this.#ring.fate(newest) === IN_FLIGHT) this.#sampleRtt(feedback, newest, nowUs);
    this.#acknowledge(newest, nowUs);
    this.#acknowledgeBitmap(feedback.bitmap, newest, nowUs);
    this.#newestAcked = Math.max(this.#newestAcked, newest);
    const arrivals = this.#arrivals(feedback);
    const unseen = this.#unseenArrivals(feedback);
    this.#decide(newest - 8 * feedback.bitmap.byteLength, { unseen, nowUs });
    this.#ackedRate.push(this.#ackedBytes, nowUs);
    return this.rtt.samples === 0 ? undefined : this.#report(arrivals, nowUs);
  }

  /**
   * The packets to come are of another stream, whose feedback counts anew. Feedback about those before
   * is of the other one, and refused.
   */
  beginStream(): void {
    this.#feedbackSequence = undefined;
    this.#packetsReceived = 0;
    this.#streamStart = this.#ring.next;
  }

  /** Packets that no feedback followed for long are lost; returns how many became so now. */
  expire(nowUs: number): number {
    const { smoothedUs, varianceUs } = this.rtt;
    const waitUs = Math.max(EXPIRY_US_MIN, EXPIRY_ROUND_TRIPS * (smoothedUs + 4 * varianceUs));
    let expired = 0;
    for (;;) {
      const index = this.#ring.oldestInFlight;
      if (index === undefined || this.#ring.sentUs(index) > nowUs - waitUs) return expired;
      this.#giveUp(index, LOST);
      expired++;
    }
  }

  /** The path broke: all in flight is lost, but does not count as loss of the path. Returns how many. */
  lossAll(): number {
    let lost = 0;
    for (;;) {
      const index = this.#ring.oldestInFlight;
      if (index === undefined) return lost;
      this.#giveUp(index, WRITTEN_OFF);
      lost++;
    }
  }

  #append(fate: typeof NONE | typeof IN_FLIGHT, bytes: number, nowUs: number): void {
    const oldest = this.#ring.next - this.#ring.capacity;
    if (oldest >= this.#ring.first) {
      if (this.#ring.fate(oldest) === IN_FLIGHT) this.#giveUp(oldest, LOST);
      if (this.#frontier === oldest) this.#pass(oldest);
    }
    this.#ring.append(fate, bytes, nowUs);
  }

  #sampleRtt(feedback: Feedback, newest: number, nowUs: number): void {
    const heldUs = (feedback.sentUs - feedback.newestArrivalUs) >>> 0;
    const rttUs = nowUs - this.#ring.sentUs(newest) - heldUs;
    if (rttUs > 0) this.rtt.observe(rttUs, nowUs);
    else this.stats.refused++;
  }

  #acknowledgeBitmap(bitmap: Uint8Array, newest: number, nowUs: number): void {
    for (let at = 0; at < bitmap.byteLength; at++) {
      const byte = bitmap[at]!;
      if (byte === 0) continue;
      for (let bit = 0; bit < 8; bit++) {
        const index = newest - 1 - 8 * at - bit;
        if (index < this.#ring.first) return;
        if ((byte >> bit) & 1) this.#acknowledge(index, nowUs);
      }
    }
  }

  #acknowledge(index: number, nowUs: number): void {
    const fate = this.#ring.fate(index);
    if (fate === NONE || fate === ACKED) return;
    this.#ring.settle(index, ACKED);
    this.#ackedBytes += this.#ring.bytes(index);
    this.#ackedPackets++;
    this.stats.acked++;
    if (fate !== LOST) return;
    this.#learnReordering(index, nowUs);
    if (index < this.#frontier) this.#runs.correct();
    this.stats.lost--;
    this.stats.spurious++;
  }

  #learnReordering(index: number, nowUs: number): void {
    const distance = this.#newestAcked - index;
    const threshold = Math.min(PACKET_THRESHOLD_MAX, distance + 1);
    this.#packetThreshold = Math.max(this.#packetThreshold, threshold);
    const roundTrips = (nowUs - this.#ring.sentUs(index)) / this.#roundTripUs;
    const factor = Math.min(TIME_FACTOR_MAX, roundTrips + TIME_FACTOR - 1);
    this.#timeFactor = Math.max(this.#timeFactor, factor);
  }

  get #roundTripUs(): number {
    return Math.max(this.rtt.smoothedUs, this.rtt.latestUs);
  }

  /** Arrivals that the counter knows of and the bitmap, which reaches back 512 packets, does not. */
  #unseenArrivals({ packetsReceived }: Feedback): number {
    const arrived = (packetsReceived - this.#packetsReceived) | 0;
    this.#packetsReceived = packetsReceived;
    return Math.max(0, arrived - this.#ackedPackets);
  }

  /** Decides fates in order, up to the first packet that may still come. */
  #decide(reach: number, known: { unseen: number; readonly nowUs: number }): void {
    const patienceUs = this.#timeFactor * this.#roundTripUs + TIME_MARGIN_US;
    while (this.#frontier <= this.#newestAcked) {
      const index = this.#frontier;
      if (this.#ring.fate(index) === IN_FLIGHT) {
        if (index < reach && known.unseen > 0) {
          known.unseen--;
          this.#acknowledge(index, known.nowUs);
        } else {
          const isOvertaken = this.#newestAcked - index >= this.#packetThreshold;
          if (!isOvertaken && known.nowUs - this.#ring.sentUs(index) <= patienceUs) return;
          this.#giveUp(index, LOST);
        }
      }
      this.#pass(index);
    }
  }

  /** Counts the decided packet at the frontier. */
  #pass(index: number): void {
    const fate = this.#ring.fate(index);
    if (fate === ACKED) this.#runs.pushArrived();
    else if (fate === LOST) this.#runs.pushLost();
    this.#frontier = index + 1;
  }

  #giveUp(index: number, fate: typeof LOST | typeof WRITTEN_OFF): void {
    this.#ring.settle(index, fate);
    if (fate === LOST) this.stats.lost++;
    else this.stats.writtenOff++;
  }

  /** Marks newer than those of earlier reports, with the viewer's clock unwrapped. */
  #arrivals(feedback: Feedback): PacketArrival[] {
    const reference = this.#viewerUs ?? feedback.newestArrivalUs;
    this.#viewerUs = unwrap32(reference, feedback.newestArrivalUs);
    const arrivals: PacketArrival[] = [];
    for (const { transportSequence, arrivalUs } of feedback.arrivals) {
      const index = this.#ring.indexOf(transportSequence);
      if (index === undefined || index <= this.#newestMark) continue;
      if (this.#ring.fate(index) !== ACKED) continue;
      this.#newestMark = index;
      const sentUs = this.#ring.sentUs(index);
      const arrival = { sentUs, arrivalUs: unwrap32(this.#viewerUs, arrivalUs) };
      this.jitter.observe(arrival);
      arrivals.push(arrival);
    }
    return arrivals;
  }

  #report(arrivals: readonly PacketArrival[], nowUs: number): PathReport {
    const { packets, lost, bursts } = this.#runs.take();
    const { latestUs, smoothedUs, minUs } = this.rtt;
    const sentBps = this.sentBps(nowUs);
    return {
      nowUs,
      rttUs: latestUs,
      rttUsSmoothed: smoothedUs,
      rttUsMin: minUs,
      arrivals,
      packets,
      lost,
      bursts,
      ackedBytes: this.#ackedBytes,
      ackedBps: this.ackedBps(nowUs),
      bytesInFlight: this.bytesInFlight,
      isApplicationLimited: sentBps < this.allowedBps * APPLICATION_LIMITED_SHARE,
    };
  }
}
