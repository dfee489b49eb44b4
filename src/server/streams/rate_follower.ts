/**
 * RateFollower: makes one encoder follow the paths of its stream's viewers: rate, frame rate, size and
 * layers by the rule of StreamRate, and tells each sender which frames its viewer gets. It decides with
 * each frame, so that it needs no timer.
 */

import { StreamRate } from "../../congestion/stream_rate.ts";
import type { StreamTarget } from "../../congestion/stream_rate.ts";
import type { ScaleQuarters } from "../../ipc/media_command.ts";
import type { EncoderRate } from "../../ipc/media_command.ts";
import type { StreamViewer } from "./stream_viewers.ts";

/** The lowest rate that an encoder is asked for. */
export const MIN_BITRATE_BPS = 200_000;

/** What a follower is made of. */
export interface RateFollowerOptions {
  /** Rate and frames a second at best. */
  readonly bitrateBps: number;
  readonly fps: number;
  readonly senders: () => Iterable<StreamViewer>;
  /** Tells the encoder. */
  readonly setRate: (rate: EncoderRate) => void;
}

/** What is known of the encoder. */
export interface EncoderFacts {
  /** Size of what is captured. */
  readonly screenWidth: number;
  readonly screenHeight: number;
  readonly temporalLayersMax: 1 | 2;
}

/** Follows the viewers of one stream. */
export class RateFollower {
  readonly #options: RateFollowerOptions;
  readonly #rate: StreamRate<StreamViewer>;
  /** What the viewers' paths carry, before the limit of size. */
  #wanted: StreamTarget;
  #told: StreamTarget;
  #scaleMax: StreamTarget["scale"] = 1;
  #temporalLayersMax: 1 | 2 = 1;
  #changes = 0;

  constructor(options: RateFollowerOptions) {
    this.#options = options;
    const { bitrateBps, fps } = options;
    this.#rate = new StreamRate({
      maxBitrateBps: bitrateBps,
      minBitrateBps: Math.min(MIN_BITRATE_BPS, bitrateBps),
      // Until the encoder says how large its pictures are, they are as large as most screens.
      ...{ fps, pixels: 1920 * 1080 },
    });
    this.#wanted = this.#rate.target;
    this.#told = this.#wanted;
  }

  /** What the encoder is asked for. */
  get target(): StreamTarget {
    return this.#told;
  }

  /** Share of the full size that the picture stays below, whatever the paths carry. */
  get scaleMax(): StreamTarget["scale"] {
    return this.#scaleMax;
  }

  /** Times that the encoder was told. */
  get changes(): number {
    return this.#changes;
  }

  /** A viewer came or left, or what is known of them has changed. */
  update(nowUs: number): void {
    const senders = this.#options.senders();
    for (const sender of senders) this.#rate.setViewer(sender, sender);
    const target = this.#rate.update(nowUs);
    if (target !== this.#wanted) this.#tell(target);
    for (const sender of senders) sender.layers = this.#layersOf(sender);
  }

  /** Keeps the picture at or below a share of its size, whatever the paths carry. */
  limitScale(scaleMax: StreamTarget["scale"]): void {
    if (scaleMax === this.#scaleMax) return;
    this.#scaleMax = scaleMax;
    this.#tell(this.#wanted);
  }

  /** The viewer left. */
  remove(sender: StreamViewer): void {
    this.#rate.removeViewer(sender);
  }

  /** The encoder runs, perhaps anew: it is told what it is to do. */
  start(facts: EncoderFacts): void {
    this.#temporalLayersMax = facts.temporalLayersMax;
    this.#rate.setPixels(facts.screenWidth * facts.screenHeight);
    this.#tell(this.#wanted);
  }

  /** An encoder without layers has nothing between all frames and keyframes. */
  #layersOf(sender: StreamViewer): StreamViewer["layers"] {
    const layers = this.#rate.layersOf(sender);
    return layers === "base" && this.#temporalLayersMax === 1 ? "keyframes" : layers;
  }

  #tell(target: StreamTarget): void {
    const scale = Math.min(target.scale, this.#scaleMax) as StreamTarget["scale"];
    this.#wanted = target;
    this.#told = scale === target.scale ? target : { ...target, scale };
    this.#changes++;
    const { bitrateBps, fps, temporalLayers } = target;
    this.#options.setRate({
      ...{ bitrateBps, fps },
      scaleQuarters: 4 * scale as ScaleQuarters,
      temporalLayers: temporalLayers > this.#temporalLayersMax ? 1 : temporalLayers,
    });
  }
}
