/**
 * StreamRate: what one encoder is asked for, and which frames each viewer gets, from what the paths of
 * all viewers of a stream carry; part of send. The rule for slow viewers: the encoder follows the
 * slowest viewer down to half of what the fastest has room for, and no further; who cannot follow gets
 * every other frame, and who cannot follow that either gets keyframes.
 */

import type { FrameLayers } from "../wire/control.ts";

/** What is known of one viewer. */
export interface ViewerBudget {
  /** Room for the picture, without sound and repairs. */
  readonly videoBps: number;
  /** Share of the full frame rate that its path carries smoothly. */
  readonly frameRateShare: number;
}

/** What the encoder is asked for. */
export interface StreamTarget {
  readonly bitrateBps: number;
  readonly fps: number;
  /** Share of the full width and height. */
  readonly scale: 1 | 0.75 | 0.5;
  readonly temporalLayers: 1 | 2;
}

/** What a stream is at its best. */
export interface StreamRateOptions {
  readonly maxBitrateBps: number;
  readonly minBitrateBps: number;
  readonly fps: number;
  /** Of a full picture. */
  readonly pixels: number;
}

/** Steps of quality below the full one: the frame rate first, then the size. */
const STEPS = [
  { frameRateShare: 1, scale: 1 },
  { frameRateShare: 0.75, scale: 1 },
  { frameRateShare: 0.5, scale: 1 },
  { frameRateShare: 0.5, scale: 0.75 },
  { frameRateShare: 0.5, scale: 0.5 },
] as const;
/** Bits that a pixel of each frame needs: below, fewer or smaller frames look better. */
export const BITS_PER_PIXEL_MIN = 0.02;
/** Of the configured rate, this much is taken to be enough for the configured picture. */
const CONFIGURED_SHARE = 0.5;
/** A step up must have this much more than it needs. */
const STEP_UP_ROOM = 1.3;
/** How long it must have been too little, or plenty, before a step down or up. */
const STEP_DOWN_AFTER_US = 2_000_000;
const STEP_UP_AFTER_US = 12_000_000;
/** The encoder's rate, of what the fastest viewer has room for, at least. */
const FASTEST_SHARE = 0.5;
/** A viewer with room for this share of the encoder's rate still gets all frames. */
const ALL_SHARE = 0.9;
/** Bytes of every other frame, of those of all. */
const BASE_SHARE = 0.6;
/** A rate that differs by less is not worth a command. */
const RATE_STEP = 0.02;
/** Most viewers of one stream. */
const VIEWERS_MAX = 1024;

interface Viewer {
  videoBps: number;
  frameRateShare: number;
  layers: FrameLayers;
  /** Since when it has had room for more layers. */
  roomSinceUs: number | undefined;
}

/** The rate of one stream; `Id` names its viewers. */
export class StreamRate<Id> {
  readonly #options: StreamRateOptions;
  readonly #viewers = new Map<Id, Viewer>();
  #pixels: number;
  #step = 0;
  /** Since when the step has been too high or could be higher. */
  #shortSinceUs: number | undefined;
  #plentySinceUs: number | undefined;
  #target: StreamTarget;

  constructor(options: StreamRateOptions) {
    this.#options = options;
    this.#pixels = options.pixels;
    this.#target = {
      bitrateBps: options.maxBitrateBps,
      fps: options.fps,
      scale: 1,
      temporalLayers: 1,
    };
  }

  /** What the encoder was asked for last. */
  get target(): StreamTarget {
    return this.#target;
  }

  /** The picture's full size changed. */
  setPixels(pixels: number): void {
    this.#pixels = pixels;
  }

  /** Adds a viewer or renews what is known of it. */
  setViewer(id: Id, budget: ViewerBudget): void {
    const viewer = this.#viewers.get(id);
    if (viewer !== undefined) {
      viewer.videoBps = budget.videoBps;
      viewer.frameRateShare = budget.frameRateShare;
      return;
    }
    if (this.#viewers.size >= VIEWERS_MAX) {
      throw new RangeError(`Cannot rate a stream of ${VIEWERS_MAX + 1} viewers`);
    }
    const { videoBps, frameRateShare } = budget;
    this.#viewers.set(id, { videoBps, frameRateShare, layers: "all", roomSinceUs: undefined });
  }

  /** The viewer left. */
  removeViewer(id: Id): void {
    this.#viewers.delete(id);
  }

  /** Frames that a viewer gets; all for one that is not known. */
  layersOf(id: Id): FrameLayers {
    return this.#viewers.get(id)?.layers ?? "all";
  }

  /** Decides anew, a few times a second; the same object as before when nothing changed. */
  update(nowUs: number): StreamTarget {
    if (this.#viewers.size === 0) return this.#unwatched();
    const bitrateBps = this.#bitrate();
    for (const viewer of this.#viewers.values()) this.#setLayers(viewer, { bitrateBps, nowUs });
    this.#setStep(bitrateBps, nowUs);
    const { frameRateShare, scale } = STEPS[this.#step]!;
    const share = Math.min(frameRateShare, this.#viewersFrameRate());
    const next: StreamTarget = {
      bitrateBps: this.#isNear(bitrateBps) ? this.#target.bitrateBps : bitrateBps,
      fps: Math.max(1, Math.round(this.#options.fps * share)),
      scale,
      temporalLayers: this.#hasBaseViewers() ? 2 : 1,
    };
    if (!isSame(next, this.#target)) this.#target = next;
    return this.#target;
  }

  /** A recording or a replay goes on: nobody's path holds it down any more. */
  #unwatched(): StreamTarget {
    this.#step = 0;
    this.#shortSinceUs = undefined;
    this.#plentySinceUs = undefined;
    const { maxBitrateBps: bitrateBps, fps } = this.#options;
    const full: StreamTarget = { bitrateBps, fps, scale: 1, temporalLayers: 1 };
    if (!isSame(full, this.#target)) this.#target = full;
    return this.#target;
  }

  #bitrate(): number {
    let slowest = Infinity;
    let fastest = 0;
    for (const { videoBps } of this.#viewers.values()) {
      slowest = Math.min(slowest, videoBps);
      fastest = Math.max(fastest, videoBps);
    }
    const { minBitrateBps, maxBitrateBps } = this.#options;
    const wanted = Math.max(slowest, fastest * FASTEST_SHARE);
    return Math.round(Math.min(maxBitrateBps, Math.max(minBitrateBps, wanted)));
  }

  /** Fewer layers at once; more only after the path has had room for them for long. */
  #setLayers(viewer: Viewer, at: { readonly bitrateBps: number; readonly nowUs: number }): void {
    const fitting = this.#viewers.size === 1
      ? "all"
      : fittingLayers(viewer.videoBps, at.bitrateBps);
    if (rank(fitting) <= rank(viewer.layers) || this.#viewers.size === 1) {
      viewer.layers = fitting;
      viewer.roomSinceUs = undefined;
      return;
    }
    viewer.roomSinceUs ??= at.nowUs;
    if (at.nowUs - viewer.roomSinceUs < STEP_UP_AFTER_US) return;
    viewer.layers = fitting;
    viewer.roomSinceUs = undefined;
  }

  #setStep(bitrateBps: number, nowUs: number): void {
    const isShort = this.#step < STEPS.length - 1 && bitrateBps < this.#floorBps(this.#step);
    const isPlenty = this.#step > 0 && bitrateBps >= this.#floorBps(this.#step - 1) * STEP_UP_ROOM;
    this.#shortSinceUs = isShort ? this.#shortSinceUs ?? nowUs : undefined;
    this.#plentySinceUs = isPlenty ? this.#plentySinceUs ?? nowUs : undefined;
    if (this.#shortSinceUs !== undefined && nowUs - this.#shortSinceUs >= STEP_DOWN_AFTER_US) {
      this.#step++;
      this.#shortSinceUs = undefined;
    }
    if (this.#plentySinceUs !== undefined && nowUs - this.#plentySinceUs >= STEP_UP_AFTER_US) {
      this.#step--;
      this.#plentySinceUs = undefined;
    }
  }

  #floorBps(step: number): number {
    const { frameRateShare, scale } = STEPS[step]!;
    const share = scale * scale * frameRateShare;
    const neededBps = this.#pixels * this.#options.fps * BITS_PER_PIXEL_MIN;
    // Who configures little for many pixels wants them all the same: only a path makes them fewer.
    return share * Math.min(neededBps, this.#options.maxBitrateBps * CONFIGURED_SHARE);
  }

  /** The viewer with the best path decides: another one's path must not make frames rarer for it. */
  #viewersFrameRate(): number {
    let share = 0;
    for (const viewer of this.#viewers.values()) share = Math.max(share, viewer.frameRateShare);
    return share;
  }

  #hasBaseViewers(): boolean {
    for (const { layers } of this.#viewers.values()) if (layers === "base") return true;
    return false;
  }

  #isNear(bitrateBps: number): boolean {
    const { bitrateBps: last } = this.#target;
    if (bitrateBps === this.#options.maxBitrateBps) return false;
    return Math.abs(bitrateBps - last) < last * RATE_STEP;
  }
}

function fittingLayers(videoBps: number, bitrateBps: number): FrameLayers {
  if (videoBps >= bitrateBps * ALL_SHARE) return "all";
  return videoBps >= bitrateBps * ALL_SHARE * BASE_SHARE ? "base" : "keyframes";
}

function rank(layers: FrameLayers): number {
  return layers === "all" ? 2 : layers === "base" ? 1 : 0;
}

function isSame(left: StreamTarget, right: StreamTarget): boolean {
  return left.bitrateBps === right.bitrateBps && left.fps === right.fps &&
    left.scale === right.scale && left.temporalLayers === right.temporalLayers;
}
