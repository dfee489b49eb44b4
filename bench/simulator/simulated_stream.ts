/**
 * SimulatedStream: one stream with its viewers in virtual time: a simulated encoder, the real
 * MediaFanout, and for each viewer the real sender and receiver over links. It makes a frame each
 * interval, pushes it, and runs until told; the whole is a function of its options and the seed.
 */

import { MediaFanout } from "../../src/pipeline/media_fanout.ts";
import { EventLog } from "./event_log.ts";
import { type EventTarget, SimulatedClock } from "./simulated_clock.ts";
import { SimulatedEncoder, type SimulatedEncoderOptions } from "./simulated_encoder.ts";
import { SimulatedViewer, type SimulatedViewerOptions } from "./simulated_viewer.ts";

/** What a stream is made of. */
export interface SimulatedStreamOptions extends SimulatedEncoderOptions {
  readonly frameIntervalUs: number;
  /** Default: its own; streams and flows of one simulation share one. */
  readonly clock?: SimulatedClock;
  readonly log?: EventLog;
  /** Frames to make; default: as long as it runs. */
  readonly frames?: number;
  /** Called before each frame is made: the place to follow the viewers' rates. */
  readonly onFrameDue?: (nowUs: number) => void;
}

/** One stream and its viewers. */
export class SimulatedStream implements EventTarget {
  readonly clock: SimulatedClock;
  readonly log: EventLog;
  readonly encoder: SimulatedEncoder;
  readonly fanout: MediaFanout;
  readonly viewers: SimulatedViewer[] = [];
  readonly #options: SimulatedStreamOptions;
  /** Interval of the frames; may be changed while it runs. */
  frameIntervalUs: number;

  constructor(options: SimulatedStreamOptions) {
    this.#options = options;
    this.clock = options.clock ?? new SimulatedClock();
    this.log = options.log ?? new EventLog();
    this.encoder = new SimulatedEncoder(options);
    this.frameIntervalUs = options.frameIntervalUs;
    this.fanout = new MediaFanout({
      streamId: options.streamId ?? 0,
      onFault: (error) => {
        throw error;
      },
    });
    this.clock.schedule(this.clock.nowUs(), this);
  }

  /** A viewer comes; it gets a keyframe with the next frame. */
  addViewer(options: SimulatedViewerOptions): SimulatedViewer {
    const viewer = new SimulatedViewer({
      clock: this.clock,
      log: this.log,
      streamId: this.#options.streamId ?? 0,
      index: this.viewers.length,
      frameIntervalUs: this.#options.frameIntervalUs,
      invalidate: (firstLostFrameId) => this.encoder.invalidate(firstLostFrameId),
      requestKeyframe: () => this.encoder.requestKeyframe(),
    }, options);
    this.viewers.push(viewer);
    this.fanout.add(viewer.sender);
    this.encoder.requestKeyframe();
    return viewer;
  }

  /** A viewer goes. */
  removeViewer(viewer: SimulatedViewer): void {
    this.fanout.remove(viewer.sender);
    viewer.close();
  }

  /** Runs until `untilUs` of the clock. */
  run(untilUs: number): void {
    this.clock.run(untilUs);
  }

  /** A frame is due. */
  onEvent(_argument: number, nowUs: number): void {
    if (this.encoder.newestFrameId >= (this.#options.frames ?? Infinity)) return;
    this.clock.schedule(nowUs + this.frameIntervalUs, this);
    this.#options.onFrameDue?.(nowUs);
    const frame = this.encoder.next(nowUs);
    if (frame === undefined) return;
    this.log.add(nowUs, "frame", frame.frameId, frame.payload.byteLength, frame.referenceDistance);
    this.fanout.push(frame, nowUs);
    for (const viewer of this.viewers) viewer.settle();
  }
}
