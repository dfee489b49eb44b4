/**
 * RatedSource: sizes of frames of a seeded moving picture under the real rate control: what the encode
 * step of a simulation gives when it follows a target. Bytes are complexity x 2^(-qp/6); the complexity
 * wanders, jumps at cuts, and a keyframe costs several times as much.
 */

import { DEFAULT_RATE_LIMITS, RateControl } from "../../src/encode/rate_control.ts";
import { randomProcess, type SplitMix64 } from "./split_mix.ts";
import type { FrameRequest } from "./simulated_encoder.ts";

/** Quantiser 24 gives this rate at 60 frames a second, so that targets of 2 to 50 Mbit/s are in reach. */
const COMFORT_BPS = 26e6;
const COMFORT_QP = 24;
const REFERENCE_FPS = 60;
/** Coarser than the product goes, so that the source can follow down to 2 Mbit/s whatever it shows. */
const LIMITS = { ...DEFAULT_RATE_LIMITS, qpMax: 51 };
const PIXELS = 1280 * 720;
/** Of what a frame before costs, a keyframe, a cut, and a frame that refers further back. */
const KEYFRAME_FACTOR = 6;
const CUT_FACTOR = 3;
const REPAIR_FACTOR = 1.5;
/** Time between cuts, on average. */
const CUT_EVERY_US = 7_000_000;
/** The logarithm of the complexity: how much of it stays, and the spread of what comes to it. */
const STEADINESS = 0.98;
const WANDER = 0.04;
const NOISE = 0.15;

/** What a source is made of. */
export interface RatedSourceOptions {
  readonly seed: number;
  readonly name: string;
  readonly bitrateBps: number;
  readonly fps: number;
  /** Most bits a second that the picture needs at a time; default: it uses all that it may. */
  readonly needBps?: (nowUs: number) => number;
}

/** The picture of one stream. */
export class RatedSource {
  readonly #options: RatedSourceOptions;
  readonly #control: RateControl;
  readonly #random: SplitMix64;
  #fps: number;
  #wander = 0;

  constructor(options: RatedSourceOptions) {
    this.#options = options;
    const { bitrateBps, fps } = options;
    this.#control = new RateControl({ bitrateBps, fps, pixels: PIXELS, limits: LIMITS });
    this.#random = randomProcess(options.seed, `source ${options.name}`);
    this.#fps = fps;
  }

  /** What the encoder is told. */
  setRate(bitrateBps: number, fps: number): void {
    this.#control.setRate(bitrateBps, fps);
    this.#fps = fps;
  }

  /** Bytes of the next frame. */
  frameBytes(request: FrameRequest): number {
    const { nowUs, isKeyframe, referenceDistance } = request;
    this.#wander = this.#wander * STEADINESS + WANDER * this.#random.normal();
    const noise = Math.exp(this.#wander + NOISE * this.#random.normal());
    const isCut = this.#random.next() < 1e6 / this.#fps / CUT_EVERY_US;
    const qp = isKeyframe ? this.#control.keyframeQp : this.#control.qp;
    let bytes = COMFORT_BPS / 8 / REFERENCE_FPS * noise * 2 ** ((COMFORT_QP - qp) / 6);
    if (isKeyframe) bytes *= KEYFRAME_FACTOR;
    else if (isCut) bytes *= CUT_FACTOR;
    else if (referenceDistance > 1) bytes *= REPAIR_FACTOR;
    const needBps = this.#options.needBps?.(nowUs) ?? Infinity;
    const bounded = Math.max(64, Math.round(Math.min(bytes, needBps / 8 / this.#fps)));
    this.#control.push({
      bytes: bounded,
      qp,
      isKeyframe,
      isUnchanged: false,
      captureTimeUs: nowUs,
    });
    return bounded;
  }
}
