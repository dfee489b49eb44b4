/**
 * TrendController: the controller "trend": grows until the queue on the path grows or stands, then goes
 * below what arrived and lets the queue drain. Part of send. Detection is that of GCC
 * (draft-ietf-rmcat-gcc-02) and, beyond it, of a queue that stands; chance losses do not count.
 *
 * Growth: 2 to 10 % a second near the rate of the last cuts, far from it 15 % doubling up to 50 % a
 * second, because whatever it builds up is seen and drained within some 100 ms. A source that does not
 * use the target lets it stay; probes tell then what the path carries.
 */

import { CapacityProber } from "./capacity_prober.ts";
import {
  type CongestionController,
  type ControllerLimits,
  limitedRate,
  type PathReport,
} from "./congestion_controller.ts";
import { DelayTrend } from "./delay_trend.ts";
import { DeliveryRate } from "./delivery_rate.ts";
import { LossWatch } from "./loss_watch.ts";
import { QueueDelay } from "./queue_delay.ts";

/** What is left of the rate that arrived, after a cut. */
export const CUT = 0.85;
/** Cuts in a row do not go below this share of it. */
const CUT_MIN = 0.6;
/** Most of the target over what arrived. */
const GROWTH_CAP = 1.5;
/**
 * Growth a second near the last cuts: the same for all who share a path, so that their rates become
 * alike, within these shares of the target.
 */
const NEAR_GROWTH_BPS = 500_000;
const NEAR_GROWTH_MIN = 0.02;
const NEAR_GROWTH_MAX = 0.1;
/** Growth in shares of the target a second far from the last cuts, at first, and at most. */
const FAR_GROWTH = 0.15;
const FAR_GROWTH_MAX = 0.5;
/** Growth doubles in this time of calm. */
const FAR_DOUBLING_US = 1_000_000;
const NEAR_DOUBLING_US = 4_000_000;
/**
 * A queue in the first moments may be the transport's own, which has yet to learn the path: after the
 * first cut in this time, the rate doubles in that time up to what it was, unless another cut follows.
 */
const STARTING_US = 3_000_000;
const RESTORE_DOUBLING_US = 250_000;
const RESTORE_CAP = 4;
/** Above this many times the average rate of the last cuts, that average is of another path. */
const NEAR_FACTOR = 1.05;
/** Below this part of it, a silence or the ladder has halved the target, and it is known to be low. */
const NEAR_FROM = 0.8;
const CUT_WEIGHT = 0.3;
/** A trend counts when the queue is longer than what frames of a path that is used well leave in it. */
const OVERUSE_QUEUE_US = 4_000;
const OVERUSE_QUEUE_FRAMES = 0.8;
/** A queue that stands above this plus one frame counts, after a time. */
const STANDING_US_MAX = 20_000;
const STANDING_AFTER_US = 100_000;
/** The rate grows only while the queue is shorter than this plus one frame. */
const CALM_US_MAX = 8_000;
/** After a cut: time until the next one beyond a round trip, and until it grows again. */
const CUT_INTERVAL_US = 150_000;
/** The same for losses, which are known late and told over about a second. */
const LOSS_CUT_INTERVAL_US = 1_500_000;
const GROW_AFTER_US = 400_000;
/** The queue is to drain within about this time; what is sent meanwhile, and for how long at most. */
const DRAIN_US = 300_000;
const DRAIN_SHARE_MIN = 0.25;
const DRAIN_US_MAX = 1_500_000;
/** Cuts after which a queue that does not get shorter is not ours. */
const CUTS_IN_VAIN = 3;
const SHORTER_SHARE = 0.8;
/** Who fills the queue takes whatever is given up: for this long, cuts are small. */
const OTHERS_US = 10_000_000;
const CUT_BESIDE_OTHERS = 0.98;
const PATIENCE_BESIDE_OTHERS = 3;
/** Longest time between reports that growth is counted over. */
const REPORT_US_MAX = 100_000;

/** Target from delay trend and loss. */
export class TrendController implements CongestionController {
  readonly name = "trend";
  readonly frameRateShare = 1;
  readonly #limits: ControllerLimits;
  readonly #trend = new DelayTrend();
  readonly #queue = new QueueDelay();
  readonly #loss = new LossWatch();
  readonly #delivery = new DeliveryRate();
  readonly #prober = new CapacityProber();
  /** Not rounded, so that slow growth between quick reports is not lost. */
  #rateBps: number;
  #drainShare = 1;
  #queueDelayUs = 0;
  #isCongested = false;
  #cuts = 0;
  #cutUs = -Infinity;
  /** Cuts of one congestion, when it began, and the queue then. */
  #episodeCuts = 0;
  #episodeUs = 0;
  #episodeQueueUs = 0;
  #episodeBps = 0;
  #othersUntilUs = -Infinity;
  #cutAverageBps: number | undefined;
  #startedUs: number | undefined;
  /** Where the rate was before a cut that may have been the transport's fault. */
  #restoreBps: number | undefined;
  #standingSinceUs: number | undefined;
  #calmSinceUs: number | undefined;
  #lastUs: number | undefined;

  constructor(limits: ControllerLimits) {
    this.#limits = limits;
    this.#rateBps = limitedRate(limits.startBps, limits);
  }

  get targetBps(): number {
    return limitedRate(this.#rateBps * this.#drainShare, this.#limits);
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  get queueDelayUs(): number {
    return this.#queueDelayUs;
  }

  get wantedProbeBps(): number | undefined {
    return this.#prober.wantedBps;
  }

  get cuts(): number {
    return this.#cuts;
  }

  observe(report: PathReport): void {
    this.#startedUs ??= report.nowUs;
    for (const arrival of report.arrivals) {
      this.#trend.push(arrival);
      this.#queue.push(arrival);
    }
    this.#delivery.push(report, this.#queue.queueUs);
    this.#queueDelayUs = Math.max(0, report.rttUsSmoothed - report.rttUsMin);
    const loss = this.#loss.push(report);
    const isFull = report.arrivals.length > 0 && this.#isFull(report.nowUs);
    if (isFull || loss === "caused") this.#cut(report, isFull);
    this.#drain(report.nowUs);
    // Frames of different sizes look like over-use and under-use of a path that is not full: only a
    // queue that stands as well takes the calm away.
    const isCalm = !isFull && !this.#isCongested && loss !== "caused" &&
      this.#queue.standingUs <= this.#calmUs;
    if (isCalm) this.#calmSinceUs ??= report.nowUs;
    else this.#calmSinceUs = undefined;
    if (isCalm && loss === "fine" && this.#trend.state !== "overuse") this.#grow(report);
    this.#probe(report, isCalm);
    this.#lastUs = report.nowUs;
  }

  onSilence(nowUs: number): void {
    this.#setRate(this.#rateBps / 2);
    this.#cuts++;
    this.#cutUs = nowUs;
    this.#calmSinceUs = undefined;
    this.#prober.postpone(nowUs);
  }

  get #calmUs(): number {
    return CALM_US_MAX * this.#patience + this.#queue.intervalUs;
  }

  /** Beside who fills the queue, a longer one is borne. */
  get #patience(): number {
    return (this.#lastUs ?? 0) < this.#othersUntilUs ? PATIENCE_BESIDE_OTHERS : 1;
  }

  #setRate(rateBps: number): void {
    const { minBps, maxBps } = this.#limits;
    this.#rateBps = Math.min(maxBps, Math.max(minBps, rateBps));
  }

  /** The queue grows, or stands and does not shrink. */
  #isFull(nowUs: number): boolean {
    const { standingUs, intervalUs } = this.#queue;
    const stands = standingUs > STANDING_US_MAX * this.#patience + intervalUs;
    this.#standingSinceUs = stands ? this.#standingSinceUs ?? nowUs : undefined;
    if (this.#trend.state === "overuse") {
      return standingUs > OVERUSE_QUEUE_US + OVERUSE_QUEUE_FRAMES * intervalUs;
    }
    return this.#trend.state === "normal" && this.#standingSinceUs !== undefined &&
      nowUs - this.#standingSinceUs >= STANDING_AFTER_US;
  }

  #cut(report: PathReport, isQueue: boolean): void {
    const { nowUs } = report;
    const arrivedBps = this.#delivery.bps(report);
    if (arrivedBps === undefined) return;
    if (nowUs - this.#cutUs < report.rttUsSmoothed + CUT_INTERVAL_US) return;
    if (!isQueue && nowUs - this.#cutUs < LOSS_CUT_INTERVAL_US) return;
    this.#calmSinceUs = undefined;
    if (this.#prober.fail(report) || nowUs < this.#prober.blamedUntilUs) return;
    this.#cutUs = nowUs;
    const isFirst = this.#cuts === 0 || (this.#isCongested && this.#restoreBps !== undefined);
    const isStarting = isFirst && nowUs - (this.#startedUs ?? nowUs) < STARTING_US;
    this.#restoreBps = isStarting ? this.#restoreBps ?? this.#rateBps : undefined;
    if (!this.#isCongested) {
      this.#episodeCuts = 0;
      this.#episodeUs = nowUs;
      this.#episodeQueueUs = this.#queue.standingUs;
      this.#episodeBps = arrivedBps * CUT;
    }
    this.#cuts++;
    this.#isCongested = isQueue;
    const cut = this.#patience > 1 ? CUT_BESIDE_OTHERS : CUT;
    // A source that sends more than it may must be told less; but the path carries what arrived.
    const cutBps = Math.max(Math.min(this.#rateBps, arrivedBps) * cut, arrivedBps * CUT_MIN);
    this.#setRate(Math.min(this.#rateBps, cutBps));
    if (!isStarting) this.#learnCut(arrivedBps);
    this.#episodeCuts++;
    this.#judgeEpisode(nowUs);
  }

  #learnCut(arrivedBps: number): void {
    const average = this.#cutAverageBps ?? arrivedBps;
    const isFar = arrivedBps < average / NEAR_FACTOR ** 2;
    this.#cutAverageBps = isFar ? arrivedBps : average + (arrivedBps - average) * CUT_WEIGHT;
  }

  /** A queue that does not get shorter although less is sent is not ours, or is a longer path. */
  #judgeEpisode(nowUs: number): void {
    if (this.#episodeCuts < CUTS_IN_VAIN) return;
    const { standingUs } = this.#queue;
    if (standingUs > this.#episodeQueueUs * SHORTER_SHARE) {
      this.#queue.rebase();
      this.#setRate(Math.max(this.#rateBps, Math.min(this.#episodeBps, 2 * this.#rateBps)));
      this.#othersUntilUs = nowUs + OTHERS_US;
    }
    this.#episodeCuts = 0;
    this.#episodeQueueUs = standingUs;
  }

  /** Sends less than arrives until the queue is gone. */
  #drain(nowUs: number): void {
    const { standingUs } = this.#queue;
    if (!this.#isCongested) return;
    if (standingUs <= this.#calmUs && this.#trend.state !== "overuse") {
      this.#isCongested = false;
      this.#drainShare = 1;
      return;
    }
    const isOver = nowUs - this.#episodeUs > DRAIN_US_MAX;
    this.#drainShare = isOver ? 1 : Math.max(DRAIN_SHARE_MIN, 1 - standingUs / DRAIN_US);
  }

  #grow(report: PathReport): void {
    const { nowUs, ackedBps } = report;
    const elapsedUs = Math.min(REPORT_US_MAX, nowUs - (this.#lastUs ?? nowUs));
    if (nowUs - this.#cutUs < GROW_AFTER_US) return;
    // What is sent follows a rate that doubles late, so that it looks limited by its source.
    if (this.#restoreBps !== undefined) return this.#restore(this.#restoreBps, ackedBps, elapsedUs);
    if (report.isApplicationLimited) return;
    const average = this.#cutAverageBps;
    if (average !== undefined && this.#rateBps > average * NEAR_FACTOR) {
      this.#cutAverageBps = undefined;
      this.#calmSinceUs = nowUs;
    }
    const calmUs = nowUs - (this.#calmSinceUs ?? nowUs);
    const near = this.#cutAverageBps;
    const growth = near === undefined || this.#rateBps < near * NEAR_FROM
      ? Math.min(FAR_GROWTH_MAX, FAR_GROWTH * 2 ** (calmUs / FAR_DOUBLING_US))
      : this.#nearGrowth(calmUs);
    const grown = this.#rateBps * (1 + growth * elapsedUs / 1e6);
    this.#setRate(Math.min(grown, Math.max(this.#rateBps, ackedBps * GROWTH_CAP)));
  }

  #restore(upToBps: number, ackedBps: number, elapsedUs: number): void {
    const doubled = this.#rateBps * 2 ** (elapsedUs / RESTORE_DOUBLING_US);
    const believed = Math.max(this.#rateBps, ackedBps * RESTORE_CAP);
    this.#setRate(Math.min(upToBps, doubled, believed));
    if (this.#rateBps >= upToBps) this.#restoreBps = undefined;
  }

  #nearGrowth(calmUs: number): number {
    const alike = NEAR_GROWTH_BPS * 2 ** (calmUs / NEAR_DOUBLING_US) / this.#rateBps;
    return Math.min(NEAR_GROWTH_MAX, Math.max(NEAR_GROWTH_MIN, alike));
  }

  #probe(report: PathReport, isCalm: boolean): void {
    const shownBps = this.#prober.push(report, {
      targetBps: this.#rateBps,
      maxBps: this.#limits.maxBps,
      isCalm,
    });
    if (shownBps !== undefined && shownBps > this.#rateBps) this.#setRate(shownBps);
  }
}
