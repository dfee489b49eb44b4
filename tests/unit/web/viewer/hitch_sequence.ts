/**
 * HitchSequence: made-up frames on their way through a viewer, for tests of the hitch detector: each
 * step takes what the test says, and nothing overtakes.
 */

import { HitchDetector } from "../../../../web/viewer/receive/hitch_detector.ts";
import type { Hitch } from "../../../../web/viewer/receive/hitch_detector.ts";
import type { FrameOutcome, FrameRecord } from "../../../../web/viewer/receive/frame_record.ts";
import { frameRecord } from "./frame_record_fixture.ts";

/** Time between two frames. */
export const INTERVAL_US = 16_667;
/** The two clocks differ by something that no one knows. */
const CLOCK_US = 7_000_000_000;

/** Durations of the steps of a frame, microseconds, and what befell it. */
export interface Steps {
  grab: number;
  encode: number;
  /** From encoded to the first packet in the viewer. */
  path: number;
  /** From the first packet to whole and in order. */
  whole: number;
  decode: number;
  present: number;
  /** Packets that were found lost since the frame before, and those of it that were recovered. */
  losses: number;
  recovered: number;
  outcome: FrameOutcome;
  keyframe: boolean;
}

const USUAL: Steps = {
  grab: 1_500,
  encode: 2_500,
  path: 11_000,
  whole: 500,
  decode: 1_800,
  present: 900,
  losses: 0,
  recovered: 0,
  outcome: "presented",
  keyframe: false,
};

/** Plays frames as a viewer would see them. */
export class HitchSequence {
  readonly detector = new HitchDetector();
  readonly hitches: Hitch[] = [];
  hasTimings = true;
  #captureUs = 5_000_000;
  #frameId = 100;
  #losses = 0;
  #readyUs = 0;

  /** One frame, captured `afterUs` after the one before. */
  frame(steps: Partial<Steps> = {}, afterUs = INTERVAL_US): void {
    this.#show(this.#receive({ ...USUAL, ...steps }, afterUs));
  }

  frames(count: number, steps: Partial<Steps> = {}, afterUs = INTERVAL_US): this {
    for (let frame = 0; frame < count; frame++) this.frame(steps, afterUs);
    return this;
  }

  /** Frames that were captured and never came; `losses` packets were found lost meanwhile. */
  missing(count: number, losses = 0): this {
    this.#frameId += count;
    this.#captureUs += count * INTERVAL_US;
    this.#losses += losses;
    return this;
  }

  /** A gap holds the first of `count` frames for `waitUs` and with it all others. */
  held(count: number, waitUs: number, steps: Partial<Steps> = {}): this {
    const first = { ...USUAL, whole: waitUs, losses: 1, ...steps };
    const records = [this.#receive(first, INTERVAL_US)];
    while (records.length < count) records.push(this.#receive(USUAL, INTERVAL_US));
    records.forEach((record, index) => {
      // The first is drawn at once, the newest at the next tick.
      if (index === 0 || index === count - 1) return this.#show(record);
      record.outcome = "superseded";
      record.presentedUs = 0;
    });
    return this;
  }

  #receive(steps: Steps, afterUs: number): FrameRecord {
    this.#captureUs += afterUs;
    this.#frameId++;
    this.#losses += steps.losses;
    const hostUs = steps.grab + steps.encode;
    const firstDatagramUs = this.#captureUs + CLOCK_US + hostUs + steps.path;
    // Nothing overtakes: what comes after a frame that waited waits with it.
    const readyUs = Math.max(firstDatagramUs + steps.whole, this.#readyUs);
    this.#readyUs = readyUs;
    const decodedUs = readyUs + steps.decode;
    const record: FrameRecord = {
      ...frameRecord(this.#frameId),
      captureTimeUs: this.#captureUs % 0x1_0000_0000,
      keyframe: steps.keyframe,
      firstDatagramUs,
      lastDatagramUs: Math.min(readyUs, firstDatagramUs + 400),
      readyUs,
      decodeSubmitUs: readyUs,
      decodedUs,
      drawUs: decodedUs,
      presentedUs: decodedUs + steps.present,
      outcome: steps.outcome,
      recovered: steps.recovered,
    };
    this.detector.received(record, this.#losses);
    if (this.hasTimings) {
      this.detector.timing({
        frameId: record.frameId,
        captureTimeUs: this.#captureUs,
        grabUs: steps.grab - 500,
        convertUs: 500,
        firstSliceUs: steps.encode,
        encodeUs: steps.encode,
        emitUs: hostUs,
        sendUs: hostUs + 300,
        bytes: 1000,
        qp: 24,
      });
    }
    return record;
  }

  #show(record: FrameRecord): void {
    if (record.outcome !== "presented") {
      record.presentedUs = 0;
      return;
    }
    const hitch = this.detector.presented(record);
    if (hitch !== undefined) this.hitches.push(hitch);
  }
}
