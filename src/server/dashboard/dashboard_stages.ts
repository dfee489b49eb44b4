/**
 * DashboardStages: how long the stages of a frame take, over the last few hundred frames of a stream:
 * the times as they come in rings of fixed size, sorted when somebody asks. It takes nothing while
 * nobody looks.
 */

import type { DashboardStage } from "../../wire/dashboard.ts";

/** Frames that percentiles are made of: eight seconds at 60 a second. */
const WINDOW_FRAMES = 480;

/** Times of one frame, each from the end of the stage before, microseconds. */
export interface StageTimes {
  readonly captureUs: number;
  readonly convertUs: number;
  readonly encodeUs: number;
  readonly ipcUs: number;
  readonly sendUs: number;
}

/** The stages of one stream. */
export class DashboardStages {
  readonly #rings = {
    capture: new Uint32Array(WINDOW_FRAMES),
    convert: new Uint32Array(WINDOW_FRAMES),
    encode: new Uint32Array(WINDOW_FRAMES),
    ipc: new Uint32Array(WINDOW_FRAMES),
    send: new Uint32Array(WINDOW_FRAMES),
  };
  #frames = 0;

  /** Takes the times of a frame. */
  push(times: StageTimes): void {
    const slot = this.#frames % WINDOW_FRAMES;
    this.#rings.capture[slot] = times.captureUs;
    this.#rings.convert[slot] = times.convertUs;
    this.#rings.encode[slot] = times.encodeUs;
    this.#rings.ipc[slot] = times.ipcUs;
    this.#rings.send[slot] = times.sendUs;
    this.#frames++;
  }

  /** Percentiles of each stage; nothing before the first frame. */
  read(): DashboardStage[] {
    const length = Math.min(this.#frames, WINDOW_FRAMES);
    if (length === 0) return [];
    return (["capture", "convert", "encode", "ipc", "send"] as const).map((stage) => {
      const sorted = this.#rings[stage].slice(0, length).sort();
      return { stage, p50Us: at(sorted, 0.5), p99Us: at(sorted, 0.99) };
    });
  }

  /** Forgets what it knows: it may be old when somebody looks again. */
  clear(): void {
    this.#frames = 0;
  }
}

function at(sorted: Uint32Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
