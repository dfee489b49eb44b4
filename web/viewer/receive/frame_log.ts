/**
 * FrameLog: what happened to each frame on its way through the viewer, for benches that ask. Between
 * `start` and `take` it keeps the last `FRAMES_KEPT` frames and host timings, drops the oldest beyond
 * that and counts them; before `start` it keeps nothing.
 */

import { Ring } from "../../../src/core/ring.ts";
import type { FrameTiming } from "../../../src/wire/frame.ts";
import type { Marker } from "../decode/marker_reader.ts";
import type { ProbeSample } from "../../shared/clock_offset.ts";
import type { FrameRecord } from "./frame_record.ts";
import type { Hitch } from "./hitch_detector.ts";
import type { StatsSnapshot } from "./stats_snapshot.ts";

export type { FrameRecord };

/** Frames between two takes: over a minute at 120 a second. */
export const FRAMES_KEPT = 8192;
/** Probe samples between two takes, at one a second and eight at the start. */
const PROBES_LOGGED = 512;
/** Hitches between two takes: more than one a second in all of it. */
const HITCHES_LOGGED = 256;

/** All that was measured since the last take. */
export interface MeasurementReport {
  readonly frames: readonly FrameRecord[];
  /** Frames and timings that did not fit. */
  readonly framesForgotten: number;
  readonly markersRead: number;
  /** Pictures whose marker failed its checksum. */
  readonly markersMisread: number;
  readonly probes: readonly ProbeSample[];
  /** Pictures that stood still while the screen moved, each with its cause. */
  readonly hitches: readonly Hitch[];
  /** Host clock minus page clock in microseconds; undefined before the first probe came back. */
  readonly offsetUs: number | undefined;
  readonly rttUsMin: number | undefined;
  readonly stats: StatsSnapshot | undefined;
  readonly decoderAcceleration: string;
  readonly renderer: string;
}

/** Keeps frame records while a measurement runs. */
export class FrameLog {
  readonly #frames = new Ring<FrameRecord>(FRAMES_KEPT);
  readonly #timings = new Ring<FrameTiming>(FRAMES_KEPT);
  readonly #probes = new Ring<ProbeSample>(PROBES_LOGGED);
  readonly #hitches = new Ring<Hitch>(HITCHES_LOGGED);
  #isRunning = false;
  #forgottenBefore = 0;
  #lastMarkedFrame: number | undefined;
  #markersRead = 0;
  #markersMisread = 0;

  /** True between `start` and the end of the worker. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Begins, or begins again with nothing. */
  start(): void {
    this.#isRunning = true;
    this.#reset();
  }

  /** Keeps `frame`, which goes on changing until it is presented. */
  add(frame: FrameRecord): void {
    if (this.#isRunning) this.#frames.push(frame);
  }

  /** Keeps the host's part of a frame. */
  addTiming(timing: FrameTiming): void {
    if (this.#isRunning) this.#timings.push(timing);
  }

  /** Keeps a clock sample. */
  addProbe(sample: ProbeSample): void {
    if (this.#isRunning) this.#probes.push(sample);
  }

  /** Keeps a hitch, whose cause may still be made out. */
  addHitch(hitch: Hitch): void {
    if (this.#isRunning) this.#hitches.push(hitch);
  }

  /** Notes the marker of `frame`; undefined for one that could not be read. */
  noteMarker(frame: FrameRecord, marker: Marker | undefined): void {
    frame.marker = marker ?? null;
    if (marker === undefined) {
      this.#markersMisread++;
      return;
    }
    this.#markersRead++;
    frame.repeated = marker.frame === this.#lastMarkedFrame;
    this.#lastMarkedFrame = marker.frame;
  }

  /** Gives out what was kept and forgets it. */
  take(
    context: Pick<
      MeasurementReport,
      "offsetUs" | "rttUsMin" | "stats" | "decoderAcceleration" | "renderer"
    >,
  ): MeasurementReport {
    const timings = new Map(drain(this.#timings).map((timing) => [timing.frameId, timing]));
    const frames = drain(this.#frames);
    for (const frame of frames) {
      const host = timings.get(frame.frameId);
      if (host === undefined) continue;
      frame.host = host;
      frame.captureTimeUs = host.captureTimeUs;
    }
    const report: MeasurementReport = {
      ...context,
      frames,
      framesForgotten: this.#frames.dropped - this.#forgottenBefore,
      markersRead: this.#markersRead,
      markersMisread: this.#markersMisread,
      probes: drain(this.#probes),
      hitches: drain(this.#hitches),
    };
    this.#reset();
    return report;
  }

  #reset(): void {
    this.#frames.clear();
    this.#timings.clear();
    this.#probes.clear();
    this.#hitches.clear();
    this.#forgottenBefore = this.#frames.dropped;
    this.#markersRead = 0;
    this.#markersMisread = 0;
  }
}

function drain<T>(ring: Ring<T>): T[] {
  const entries: T[] = [];
  for (let entry = ring.shift(); entry !== undefined; entry = ring.shift()) entries.push(entry);
  return entries;
}
