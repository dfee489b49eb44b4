/**
 * HitchDetector: finds pictures that stood still while the host's screen moved, and says which step
 * of the sentence was to blame: the one that took longest beyond its usual time. It looks back over
 * the last `FRAMES_TRACKED` frames; what the host did is known only where its timings come.
 */

import { distance32, unwrap32 } from "../../../src/core/sequence.ts";
import type { FrameTiming } from "../../../src/wire/frame.ts";
import type { FrameRecord } from "./frame_record.ts";
import { blameFor, median, sortHostDelay } from "./hitch_cause.ts";
import type { Hitch, TrackedFrame } from "./hitch_cause.ts";

export type { Hitch, HitchCause } from "./hitch_cause.ts";

/** Frames looked back on: a second at 120 a second, more than the host's timings are late. */
export const FRAMES_TRACKED = 128;
/** Pictures that must have been drawn before one can be late: a start is no hitch. */
export const PICTURES_BEFORE = 8;
/** A picture that stands for this many intervals, and for this long, is seen to stand. */
const HITCH_INTERVALS = 2.5;
const HITCH_US_MIN = 50_000;
/** Captures further apart than this are those of a still screen, and say nothing of its cadence. */
const CADENCE_US_MAX = 250_000;
/** Frames that the cadence is taken from: it follows within a quarter of a second. */
const CADENCE_FRAMES = 16;
/** Hitches whose host timings may be waited for at once. */
const UNSORTED_MAX = 8;

/** Watches the pictures of one connection. */
export class HitchDetector {
  readonly #frames: TrackedFrame[] = [];
  readonly #unsorted: { readonly hitch: Hitch; readonly frame: TrackedFrame }[] = [];
  #shown: TrackedFrame | undefined;
  #picturesShown = 0;
  #queueDelayUs = 0;

  /** What the stream's frame rate makes of the time between two frames. */
  frameIntervalUs = 16_667;

  /** A frame is whole; `losses` counts packets that did not come by themselves, so far. */
  received(record: FrameRecord, losses: number): void {
    const previous = this.#frames.at(-1);
    // Records start with the low 32 bits and have all of them once the clocks are matched.
    const captureUs = previous === undefined
      ? record.captureTimeUs
      : unwrap32(previous.captureUs, record.captureTimeUs % 0x1_0000_0000);
    this.#frames.push({ record, captureUs, losses });
    if (this.#frames.length > FRAMES_TRACKED) this.#frames.shift();
  }

  /** A picture was drawn; the hitch that it ended, or undefined. */
  presented(record: FrameRecord): Hitch | undefined {
    const frame = this.#frames.findLast((tracked) => tracked.record === record);
    if (frame === undefined) return undefined;
    const before = this.#shown;
    this.#shown = frame;
    if (before === undefined || ++this.#picturesShown <= PICTURES_BEFORE) return undefined;
    const durationUs = record.presentedUs - before.record.presentedUs;
    const excessUs = this.#excessUs(before, frame, durationUs);
    if (excessUs === undefined) return undefined;
    const blame = blameFor({
      before,
      frame,
      frames: this.#frames,
      excessUs,
      queueDelayUs: this.#queueDelayUs,
    });
    const hitch: Hitch = {
      frameId: record.frameId,
      atUs: record.presentedUs,
      durationUs,
      ...blame,
    };
    const isFromHost = hitch.cause === "host_or_network" || hitch.cause === "queue";
    if (isFromHost && hitch.delayUs > 0) {
      this.#unsorted.push({ hitch, frame });
      if (this.#unsorted.length > UNSORTED_MAX) this.#unsorted.shift();
    }
    return hitch;
  }

  /** The host told where the time of a frame went. */
  timing(timing: FrameTiming): void {
    const frame = this.#frames.findLast(({ record }) => record.frameId === timing.frameId);
    if (frame !== undefined) frame.record.host = timing;
  }

  /** The host measured how long packets wait on the path. */
  noteQueueDelay(queueDelayUs: number): void {
    this.#queueDelayUs = queueDelayUs;
  }

  /** Names the causes that only the host's timings could tell; call it when some have come. */
  settle(): void {
    for (let index = this.#unsorted.length - 1; index >= 0; index--) {
      const entry = this.#unsorted[index];
      if (entry?.frame.record.host === undefined) continue;
      sortHostDelay(entry.hitch, entry.frame, this.#frames);
      this.#unsorted.splice(index, 1);
    }
  }

  /** The picture stands for a reason that is known, such as a hidden page: begins anew. */
  interrupt(): void {
    this.#shown = undefined;
    this.#picturesShown = 0;
  }

  /** How much later than the source's own pace `frame` was drawn; undefined when it is no hitch. */
  #excessUs(
    before: TrackedFrame,
    frame: TrackedFrame,
    durationUs: number,
  ): number | undefined {
    if (durationUs <= Math.max(HITCH_INTERVALS * this.frameIntervalUs, HITCH_US_MIN)) {
      return undefined;
    }
    const steps = distance32(before.record.frameId, frame.record.frameId);
    const capturedUs = frame.captureUs - before.captureUs;
    if (steps <= 0 || capturedUs < 0) return undefined;
    const cadenceUs = this.#cadenceUs();
    const limitUs = Math.max(HITCH_INTERVALS * cadenceUs, HITCH_US_MIN);
    const stepUs = capturedUs / steps;
    // Captures this far apart: the screen stood still, and the picture with it.
    if (durationUs <= limitUs || stepUs > limitUs) return undefined;
    const excessUs = durationUs - stepUs;
    return excessUs >= cadenceUs ? excessUs : undefined;
  }

  /** Time between two frames as the screen moves at the moment. */
  #cadenceUs(): number {
    const gaps: number[] = [];
    for (let index = this.#frames.length - 1; index > 0; index--) {
      const newer = this.#frames[index];
      const older = this.#frames[index - 1];
      if (newer === undefined || older === undefined || gaps.length >= CADENCE_FRAMES) break;
      const gapUs = newer.captureUs - older.captureUs;
      if (gapUs > 0 && gapUs <= CADENCE_US_MAX) gaps.push(gapUs);
    }
    return Math.max(this.frameIntervalUs, median(gaps) ?? 0);
  }
}
