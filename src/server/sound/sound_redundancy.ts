/**
 * SoundRedundancy: how many older frames go with each frame of sound to one viewer: none where the
 * path loses nothing, up to two where it does, and never more than a share of the path. It rises at
 * once and falls one step at a time.
 */

import { MAX_SOUND_REDUNDANCY } from "../../wire/audio.ts";

/**
 * Loss from which on frames go twice, and three times: alone, one of 10,000 lost packets makes six
 * gaps in ten minutes; in pairs, 0.4 % of them make one.
 */
const LOSS_STEPS: readonly number[] = [0.0001, 0.004];
/** Losses that come in runs take a frame and its copy at once. */
const BURST_PACKETS = 1.5;
/** A step is taken back when less than this share of its loss was there for so long. */
const CALM_SHARE = 0.5;
const CALM_US = 10_000_000;
/** Share of what the path takes that sound may have with its copies. */
const SHARE_MAX = 0.25;

/** What is known of a path. */
export interface SoundPath {
  /** Share of packets that are lost. */
  readonly loss: number;
  /** Packets of a run of losses. */
  readonly burstLength: number;
  readonly targetBps: number;
}

/** The redundancy of one viewer. */
export class SoundRedundancy {
  /** A path of which nothing is known may lose some. */
  #depth = 1;
  #calmUs: number | undefined;

  /** Older frames that go with each frame, 0 to 2. */
  get depth(): number {
    return this.#depth;
  }

  /** Looks at the path, about some times a second; undefined while nothing is known of it. */
  observe(path: SoundPath | undefined, soundBps: number, nowUs: number): void {
    if (path === undefined) return;
    const room = Math.floor(path.targetBps * SHARE_MAX / Math.max(1, soundBps)) - 1;
    const depthMax = Math.max(0, Math.min(MAX_SOUND_REDUNDANCY, room));
    const wanted = Math.min(depthMax, depthFor(path, 1));
    if (wanted > this.#depth || depthMax < this.#depth) {
      this.#depth = wanted > this.#depth ? wanted : depthMax;
      this.#calmUs = undefined;
    } else if (depthFor(path, CALM_SHARE) >= this.#depth) {
      this.#calmUs = undefined;
    } else {
      this.#calmUs ??= nowUs;
      if (nowUs - this.#calmUs < CALM_US) return;
      this.#depth--;
      this.#calmUs = undefined;
    }
  }
}

/** The depth for a loss, with thresholds of `scale` of the usual ones. */
function depthFor({ loss, burstLength }: SoundPath, scale: number): number {
  const depth = LOSS_STEPS.filter((step) => loss >= step * scale).length;
  return depth > 0 && burstLength > BURST_PACKETS ? MAX_SOUND_REDUNDANCY : depth;
}
