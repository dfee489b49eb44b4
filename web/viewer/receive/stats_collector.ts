/**
 * StatsCollector: sums over the last interval, for the overlay and the report to the host. It keeps
 * running sums and one map of some hundred frames whose host timing is still to come; nothing grows.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";
import type { FrameTiming } from "../../../src/wire/frame.ts";
import type { ClockOffset } from "./clock_offset.ts";
import type { FrameRecord } from "./frame_record.ts";

/** What the overlay shows; durations in milliseconds, undefined where nothing was measured. */
export interface StatsSnapshot {
  readonly width: number;
  readonly height: number;
  readonly codec: string;
  readonly streamFps: number;
  readonly receivedFps: number;
  readonly decodedFps: number;
  readonly renderedFps: number;
  readonly bitrateBps: number;
  readonly hostMsMin: number | undefined;
  readonly hostMsMax: number | undefined;
  readonly hostMsMean: number | undefined;
  /** Shares of all frames, 0-1. */
  readonly networkDropShare: number;
  readonly jitterDropShare: number;
  readonly rttMs: number | undefined;
  readonly rttMsDeviation: number | undefined;
  readonly decodeMsMean: number | undefined;
  readonly queueMsMean: number | undefined;
  readonly renderMsMean: number | undefined;
  readonly captureToShownMsMean: number | undefined;
  readonly captureToShownMsMax: number | undefined;
  readonly encoder: string;
  readonly transport: string;
  readonly renderer: string;
}

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

/** Collects one connection's figures. */
export class StatsCollector {
  readonly totals: FrameTotals = {
    received: 0,
    decoded: 0,
    rendered: 0,
    droppedNetwork: 0,
    droppedLate: 0,
  };
  readonly #clockOffset: ClockOffset;
  #before: FrameTotals = { ...this.totals };
  #sinceUs: number;
  #lastFrameId: number | undefined;
  #bytes = 0;
  #host = new Sum();
  #decode = new Sum();
  #queue = new Sum();
  #render = new Sum();
  #shown = new Sum();

  /** Starts at `nowUs` of pageClock; `clockOffset` turns host times into page times. */
  constructor(clockOffset: ClockOffset, nowUs: number) {
    this.#clockOffset = clockOffset;
    this.#sinceUs = nowUs;
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
  }

  /** A picture came out of the decoder. */
  decoded(record: FrameRecord): void {
    this.totals.decoded++;
    this.#decode.add(record.decodedUs - record.decodeSubmitUs);
  }

  /** A picture was drawn. */
  presented(record: FrameRecord): void {
    this.totals.rendered++;
    this.#queue.add(record.decodeSubmitUs - record.readyUs + (record.drawUs - record.decodedUs));
    this.#render.add(record.presentedUs - record.drawUs);
    const offsetUs = this.#clockOffset.offsetUs;
    if (offsetUs !== undefined) {
      this.#shown.add(record.presentedUs + offsetUs - record.captureTimeUs);
    }
  }

  /** The host told where the time of a frame went. */
  timing(timing: FrameTiming): void {
    this.#host.add(timing.sendUs);
  }

  /** The figures since the last snapshot; starts a new interval. */
  snapshot(
    nowUs: number,
    description: StreamDescription,
    renderer: string,
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
      hostMsMin: this.#host.minMs,
      hostMsMax: this.#host.maxMs,
      hostMsMean: this.#host.meanMs,
      networkDropShare: offered === 0 ? 0 : delta("droppedNetwork") / offered,
      jitterDropShare: offered === 0 ? 0 : delta("droppedLate") / offered,
      rttMs: rtt === undefined ? undefined : rtt.meanUs / 1000,
      rttMsDeviation: rtt === undefined ? undefined : rtt.deviationUs / 1000,
      decodeMsMean: this.#decode.meanMs,
      queueMsMean: this.#queue.meanMs,
      renderMsMean: this.#render.meanMs,
      captureToShownMsMean: this.#shown.meanMs,
      captureToShownMsMax: this.#shown.maxMs,
      encoder: description.encoder,
      transport: "WebTransport (QUIC)",
      renderer,
    };
    this.#before = { ...totals };
    this.#sinceUs = nowUs;
    this.#bytes = 0;
    this.#host = new Sum();
    this.#decode = new Sum();
    this.#queue = new Sum();
    this.#render = new Sum();
    this.#shown = new Sum();
    return snapshot;
  }
}
