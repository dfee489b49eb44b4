/**
 * StatsCollector: sums over the last interval, for the overlay and the report to the host. It keeps
 * running sums and one map of some hundred frames whose host timing is still to come; nothing grows.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { FrameTiming } from "../../../src/wire/frame.ts";
import type { ClockOffset } from "../../shared/clock_offset.ts";
import type { FrameRecord } from "./frame_record.ts";
import { HitchDetector } from "./hitch_detector.ts";
import type { Hitch } from "./hitch_detector.ts";
import type { PathReportMessage, StatsSnapshot } from "./stats_snapshot.ts";

/** What the receiving half counts since it began; see MediaReceiver. */
export interface ReceiverCounts {
  /** Packets of all kinds that arrived, and those of them that were repairs. */
  readonly datagrams: number;
  readonly repairsReceived: number;
  /** Packets that repairs brought back, and those that nothing brought back. */
  readonly recovered: number;
  readonly packetsLost: number;
}

/** Hitches remembered, to tell how many there were in the last minute. */
const HITCHES_KEPT = 64;
const HITCHES_SHOWN_US = 60_000_000;
/** A path report is out of date after this time without another one. */
const PATH_REPORT_MAX_AGE_US = 3_000_000;
/** So are timings of the host: at 10 frames a second a batch takes three. */
const TIMINGS_MAX_AGE_US = 4_000_000;

/** Counts since the connection began, as the host's viewer_report has them. */
export interface FrameTotals {
  received: number;
  decoded: number;
  rendered: number;
  droppedNetwork: number;
  droppedLate: number;
}

/** Running mean with its extremes. */
class Sum {
  count = 0;
  total = 0;
  min = Infinity;
  max = -Infinity;

  add(value: number): void {
    this.count++;
    this.total += value;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
  }

  get meanMs(): number | undefined {
    return this.count === 0 ? undefined : this.total / this.count / 1000;
  }

  get minMs(): number | undefined {
    return this.count === 0 ? undefined : this.min / 1000;
  }

  get maxMs(): number | undefined {
    return this.count === 0 ? undefined : this.max / 1000;
  }
}

const NOTHING_RECEIVED: ReceiverCounts = {
  datagrams: 0,
  repairsReceived: 0,
  recovered: 0,
  packetsLost: 0,
};

/** Collects one connection's figures. */
export class StatsCollector {
  readonly totals: FrameTotals = {
    received: 0,
    decoded: 0,
    rendered: 0,
    droppedNetwork: 0,
    droppedLate: 0,
  };
  /** Finds pictures that stood still, and why. */
  readonly hitches = new HitchDetector();
  readonly #clockOffset: ClockOffset;
  readonly #recentHitches: Hitch[] = [];
  #receiver: () => ReceiverCounts = () => NOTHING_RECEIVED;
  #receiverBefore: ReceiverCounts = NOTHING_RECEIVED;
  #path: PathReportMessage | undefined;
  #pathUs = 0;
  #before: FrameTotals = { ...this.totals };
  #sinceUs: number;
  #lastFrameId: number | undefined;
  #bytes = 0;
  #host = new Sum();
  /** The last figures of the host, whose timings come in batches. */
  #hostShown = new Sum();
  #hostShownUs = 0;
  #decode = new Sum();
  #queue = new Sum();
  #render = new Sum();
  #shown = new Sum();

  /** Starts at `nowUs` of pageClock; `clockOffset` turns host times into page times. */
  constructor(clockOffset: ClockOffset, nowUs: number) {
    this.#clockOffset = clockOffset;
    this.#sinceUs = nowUs;
  }

  /** Asks `counts` for losses and what was recovered. */
  watch(counts: () => ReceiverCounts): void {
    this.#receiver = counts;
    this.#receiverBefore = counts();
  }

  /** Another stream follows: its first frame is no gap, and what stood meanwhile no hitch. */
  restart(): void {
    this.#lastFrameId = undefined;
    this.#path = undefined;
    this.hitches.interrupt();
  }

  /** The host told how the path is. */
  pathReport(report: PathReportMessage, nowUs: number): void {
    this.#path = report;
    this.#pathUs = nowUs;
    this.hitches.noteQueueDelay(report.queueDelayUs);
  }

  /** A frame came out of reorder; gaps between frame ids are losses. */
  received(record: FrameRecord): void {
    this.totals.received++;
    this.#bytes += record.bytes;
    if (this.#lastFrameId !== undefined) {
      const missing = ((record.frameId - this.#lastFrameId) >>> 0) - 1;
      // A gap this long is a stream that started again, not loss.
      if (missing > 0 && missing < 1000) this.totals.droppedNetwork += missing;
    }
    this.#lastFrameId = record.frameId;
    const { recovered, packetsLost } = this.#receiver();
    this.hitches.received(record, recovered + packetsLost);
  }

  /** A picture came out of the decoder. */
  decoded(record: FrameRecord): void {
    this.totals.decoded++;
    this.#decode.add(record.decodedUs - record.decodeSubmitUs);
  }

  /** A picture was drawn; the hitch that it ended, or undefined. */
  presented(record: FrameRecord): Hitch | undefined {
    this.totals.rendered++;
    this.#queue.add(record.decodeSubmitUs - record.readyUs + (record.drawUs - record.decodedUs));
    this.#render.add(record.presentedUs - record.drawUs);
    const offsetUs = this.#clockOffset.offsetUs;
    if (offsetUs !== undefined) {
      this.#shown.add(record.presentedUs + offsetUs - record.captureTimeUs);
    }
    const hitch = this.hitches.presented(record);
    if (hitch === undefined) return undefined;
    this.#recentHitches.push(hitch);
    if (this.#recentHitches.length > HITCHES_KEPT) this.#recentHitches.shift();
    return hitch;
  }

  /** The host told where the time of a frame went. */
  timing(timing: FrameTiming): void {
    this.#host.add(timing.sendUs);
    this.hitches.timing(timing);
  }

  /** The figures since the last snapshot; starts a new interval. */
  snapshot(
    nowUs: number,
    description: StreamDescription,
    view: Pick<StatsSnapshot, "renderer" | "decodeQueue" | "transport">,
  ): StatsSnapshot {
    const { totals } = this;
    const seconds = Math.max(0.001, (nowUs - this.#sinceUs) / 1e6);
    const delta = (key: keyof FrameTotals) => totals[key] - this.#before[key];
    const rtt = this.#clockOffset.rtt;
    const offered = delta("received") + delta("droppedNetwork");
    const snapshot: StatsSnapshot = {
      width: description.codedWidth,
      height: description.codedHeight,
      codec: description.codec,
      streamFps: description.framerate,
      receivedFps: delta("received") / seconds,
      decodedFps: delta("decoded") / seconds,
      renderedFps: delta("rendered") / seconds,
      bitrateBps: this.#bytes * 8 / seconds,
      ...this.#hostFigures(nowUs),
      networkDropShare: offered === 0 ? 0 : delta("droppedNetwork") / offered,
      jitterDropShare: offered === 0 ? 0 : delta("droppedLate") / offered,
      rttMs: rtt === undefined ? undefined : rtt.meanUs / 1000,
      rttMsDeviation: rtt === undefined ? undefined : rtt.deviationUs / 1000,
      decodeMsMean: this.#decode.meanMs,
      queueMsMean: this.#queue.meanMs,
      renderMsMean: this.#render.meanMs,
      captureToShownMsMean: this.#shown.meanMs,
      captureToShownMsMax: this.#shown.maxMs,
      ...this.#repairFigures(seconds),
      ...this.#hitchFigures(nowUs),
      path: nowUs - this.#pathUs <= PATH_REPORT_MAX_AGE_US ? this.#path : undefined,
      encoder: description.encoder,
      transport: view.transport,
      decodeQueue: view.decodeQueue,
      renderer: view.renderer,
    };
    this.#startInterval(nowUs);
    return snapshot;
  }

  #repairFigures(seconds: number) {
    const counts = this.#receiver();
    const before = this.#receiverBefore;
    this.#receiverBefore = counts;
    const { datagrams, repairsReceived, recovered, packetsLost } = counts;
    const back = recovered - before.recovered;
    const lost = packetsLost - before.packetsLost;
    const came = datagrams - before.datagrams - (repairsReceived - before.repairsReceived);
    const sent = Math.max(1, came + back + lost);
    return {
      recoveredPerSecond: back / seconds,
      recoveredShare: back + lost === 0 ? undefined : back / (back + lost),
      lossBefore: (back + lost) / sent,
      lossAfter: lost / sent,
    };
  }

  #hostFigures(nowUs: number) {
    if (this.#host.count > 0) {
      this.#hostShown = this.#host;
      this.#hostShownUs = nowUs;
    } else if (nowUs - this.#hostShownUs > TIMINGS_MAX_AGE_US) {
      this.#hostShown = this.#host;
    }
    const { minMs, maxMs, meanMs } = this.#hostShown;
    return { hostMsMin: minMs, hostMsMax: maxMs, hostMsMean: meanMs };
  }

  #hitchFigures(nowUs: number) {
    this.hitches.settle();
    const hitch = this.#recentHitches.at(-1);
    return {
      hitch: hitch === undefined ? undefined : { ...hitch },
      hitchAgeMs: hitch === undefined ? 0 : (nowUs - hitch.atUs) / 1000,
      hitchesLastMinute:
        this.#recentHitches.filter(({ atUs }) => nowUs - atUs <= HITCHES_SHOWN_US).length,
    };
  }

  #startInterval(nowUs: number): void {
    this.#before = { ...this.totals };
    this.#sinceUs = nowUs;
    this.#bytes = 0;
    this.#host = new Sum();
    this.#decode = new Sum();
    this.#queue = new Sum();
    this.#render = new Sum();
    this.#shown = new Sum();
  }
}
