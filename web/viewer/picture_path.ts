/**
 * PicturePath: decode and render in one: the decoder, the drawing path and the presenter between
 * them. It outlives connections, so that the last picture stays while a new one is made. What it
 * holds is bounded by its parts.
 */

import type { Clock } from "../../src/core/clock.ts";
import { MarkerProbe } from "./decode/marker_probe.ts";
import { VideoFrameDecoder } from "./decode/video_frame_decoder.ts";
import type { FrameRecord } from "./receive/frame_record.ts";
import type { FrameLog } from "./receive/frame_log.ts";
import { Canvas2dRenderer } from "./render/canvas2d_renderer.ts";
import { Presenter } from "./render/presenter.ts";
import { isGraphicsEmulated } from "./render/renderer.ts";
import type { Renderer } from "./render/renderer.ts";
import { WebglRenderer } from "./render/webgl_renderer.ts";
import type { RendererChoice } from "./worker_messages.ts";

/** What a picture path tells. */
export interface PicturePathHandlers {
  decoded(record: FrameRecord): void;
  /** A picture of that size, in pixels, is on the canvas. */
  presented(record: FrameRecord, width: number, height: number): void;
  /** See DecoderHandlers.damage. */
  damage(firstFrameId: number, lastGoodFrameId: number): void;
  /** The drawing context is gone for good: another canvas is needed. */
  canvasLost(): void;
  /** This browser cannot decode or cannot draw. */
  cannotPlay(message: string): void;
}

/** From frames to the canvas. */
export class PicturePath {
  readonly #clock: Clock;
  readonly #log: FrameLog;
  readonly #handlers: PicturePathHandlers;
  readonly #markers = new MarkerProbe();
  readonly #presenter: Presenter<VideoFrame>;
  #decoder: VideoFrameDecoder | undefined;
  #renderer: Renderer | undefined;

  /** When true, the marker of each picture is read back into the log. */
  readsMarkers = false;

  constructor(clock: Clock, log: FrameLog, handlers: PicturePathHandlers) {
    this.#clock = clock;
    this.#log = log;
    this.#handlers = handlers;
    this.#presenter = new Presenter<VideoFrame>({
      clock,
      nextTick: (run) => requestAnimationFrame(run),
      presented: (record, frame) => {
        handlers.presented(record, frame.displayWidth, frame.displayHeight);
      },
    });
  }

  /** The decoder, once there is a canvas. */
  get decoder(): VideoFrameDecoder | undefined {
    return this.#decoder;
  }

  /** Name of the drawing path, for people. */
  get rendererName(): string {
    return this.#renderer?.name ?? "none";
  }

  /** Frames and pictures thrown away because they were late. */
  get droppedLate(): number {
    return (this.#decoder?.stats.framesSkipped ?? 0) + this.#presenter.stats.superseded;
  }

  /** Draws on `canvas` from now on. */
  openCanvas(canvas: OffscreenCanvas, choice: RendererChoice): void {
    const isEmulated = isGraphicsEmulated();
    const wantsWebgl = choice === "webgl" || (choice === "auto" && !isEmulated);
    const webgl = wantsWebgl
      ? WebglRenderer.open(canvas, () => this.#handlers.canvasLost())
      : undefined;
    const renderer = webgl ?? Canvas2dRenderer.open(canvas, isEmulated ? "put" : "draw");
    if (renderer === undefined) {
      this.#handlers.cannotPlay("This browser offers nothing to draw with");
      return;
    }
    this.#renderer = renderer;
    this.#presenter.use(renderer);
    // A browser without a graphics card has no hardware decoder either, only a slower way to software.
    this.#decoder ??= new VideoFrameDecoder(this.#clock, isEmulated, {
      picture: (frame, record) => this.#picture(frame, record),
      damage: (first, lastGood) => this.#handlers.damage(first, lastGood),
      unplayable: (reason) => this.#handlers.cannotPlay(reason),
    });
  }

  #picture(frame: VideoFrame, record: FrameRecord): void {
    this.#handlers.decoded(record);
    if (this.readsMarkers) {
      this.#markers.read(frame, (marker) => this.#log.noteMarker(record, marker));
    }
    this.#presenter.push(frame, record);
  }
}
