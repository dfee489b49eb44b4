/**
 * PictureStats: the pictures of one stream as they come from the encoder: how many, how large, how
 * long they took, and for how long they were smaller or fewer than they can be, and why. It holds
 * sums and the times of the last second's frames.
 */

import type { MediaFrame } from "../../ipc/media_handlers.ts";
import type { QualityLimitationReason } from "./stats_rtc_objects.ts";

/** What is looked at of a frame. */
export type PictureFrame = Pick<
  MediaFrame,
  "referenceDistance" | "width" | "height" | "encodeUs" | "qp" | "isUnchanged" | "droppedFrames"
>;

/** What the encoder may make at best, and what it is asked for. */
export interface PictureLimits {
  readonly fps: number;
  readonly fpsMax: number;
  readonly scale: number;
  /** What memory allows of `scale`, whatever the paths carry. */
  readonly scaleMax: number;
}

/** Figures of one stream. */
export interface PictureFigures {
  readonly framesEncoded: number;
  readonly keyFramesEncoded: number;
  readonly sourceFrames: number;
  readonly encodedPerSecond: number;
  readonly sourcePerSecond: number;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly qpSum: number;
  readonly encodeUsTotal: number;
  readonly limitation: QualityLimitationReason;
  /** Microseconds with each reason while frames came. */
  readonly limitationUs: Readonly<Record<QualityLimitationReason, number>>;
  readonly resolutionChanges: number;
}

const SECOND_US = 1_000_000;
/** More than the frames of a second at the highest rate, of which there are 240. */
const REMEMBERED = 256;

/** The pictures of one stream. */
export class PictureStats {
  readonly #encoded = new LastSecond();
  readonly #source = new LastSecond();
  readonly #limitationUs = { none: 0, cpu: 0, bandwidth: 0, other: 0 };
  #keyFrames = 0;
  #width: number | undefined;
  #height: number | undefined;
  #qpSum = 0;
  #encodeUsTotal = 0;
  #limitation: QualityLimitationReason = "none";
  #limitedSinceUs: number | undefined;
  #scale: number | undefined;
  #resolutionChanges = 0;

  /** Takes a frame that the encoder made while `limits` held. */
  push(frame: PictureFrame, limits: PictureLimits, nowUs: number): void {
    this.#encoded.push(1, nowUs);
    this.#source.push((frame.isUnchanged ? 0 : 1) + frame.droppedFrames, nowUs);
    if (frame.referenceDistance === 0) this.#keyFrames++;
    this.#width = frame.width;
    this.#height = frame.height;
    this.#qpSum += frame.qp;
    this.#encodeUsTotal += frame.encodeUs;
    if (this.#scale !== undefined && this.#scale !== limits.scale) this.#resolutionChanges++;
    this.#scale = limits.scale;
    this.#note(limitationOf(limits), nowUs);
  }

  /** Capture has ended: no reason holds any more. */
  pause(nowUs: number): void {
    this.#note("none", nowUs);
    this.#limitedSinceUs = undefined;
  }

  /** The figures of now. */
  figures(nowUs: number): PictureFigures {
    const limitationUs = { ...this.#limitationUs };
    limitationUs[this.#limitation] += nowUs - (this.#limitedSinceUs ?? nowUs);
    return {
      framesEncoded: this.#encoded.total,
      keyFramesEncoded: this.#keyFrames,
      sourceFrames: this.#source.total,
      encodedPerSecond: this.#encoded.count(nowUs),
      sourcePerSecond: this.#source.count(nowUs),
      width: this.#width,
      height: this.#height,
      qpSum: this.#qpSum,
      encodeUsTotal: this.#encodeUsTotal,
      limitation: this.#limitation,
      limitationUs,
      resolutionChanges: this.#resolutionChanges,
    };
  }

  #note(limitation: QualityLimitationReason, nowUs: number): void {
    this.#limitationUs[this.#limitation] += nowUs - (this.#limitedSinceUs ?? nowUs);
    this.#limitation = limitation;
    this.#limitedSinceUs = nowUs;
  }
}

/** Counts what came in the last second and in all. */
class LastSecond {
  readonly #timesUs = new Float64Array(REMEMBERED).fill(-Infinity);
  readonly #counts = new Uint32Array(REMEMBERED);
  #next = 0;
  #total = 0;

  get total(): number {
    return this.#total;
  }

  push(count: number, nowUs: number): void {
    this.#timesUs[this.#next] = nowUs;
    this.#counts[this.#next] = count;
    this.#next = (this.#next + 1) % REMEMBERED;
    this.#total += count;
  }

  count(nowUs: number): number {
    let sum = 0;
    for (let at = 0; at < REMEMBERED; at++) {
      if (this.#timesUs[at]! > nowUs - SECOND_US) sum += this.#counts[at]!;
    }
    return sum;
  }
}

/** The encoder's load lowers neither size nor rate here, so the reason is never `cpu`. */
function limitationOf({ fps, fpsMax, scale, scaleMax }: PictureLimits): QualityLimitationReason {
  if (scaleMax < 1 && scale === scaleMax) return "other";
  return fps < fpsMax || scale < 1 ? "bandwidth" : "none";
}
