/**
 * PicturePath: decode and render in one: the decoder, the drawing path and the presenter between
 * them. It outlives connections, so that the last picture stays while a new one is made. What it
 * holds is bounded by its parts.
 */

import type { Clock } from "../../src/core/clock.ts";
import type { MarkerProbe } from "./decode/marker_probe.ts";
import { VideoFrameDecoder } from "./decode/video_frame_decoder.ts";
import type { FrameRecord } from "./receive/frame_record.ts";
import type { FrameLog } from "./receive/frame_log.ts";
import { Canvas2dRenderer } from "./render/canvas2d_renderer.ts";
import { Presenter } from "./render/presenter.ts";
import { isGraphicsEmulated } from "./render/renderer.ts";
import type { Renderer } from "./render/renderer.ts";
import { WebglRenderer } from "./render/webgl_renderer.ts";
import type { RendererChoice } from "./worker_messages.ts";

/** What reads markers; only measurements need it. */
const MARKER_BUNDLE = "markers.js";

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

/** Takes live pictures, and owns them, while others are shown. */
export type LiveTaker = (frame: VideoFrame, record: FrameRecord) => void;

/** From frames to the canvas. */
export class PicturePath {
  readonly #clock: Clock;
  readonly #log: FrameLog;
  readonly #handlers: PicturePathHandlers;
  #markers: MarkerProbe | undefined;
  readonly #presenter: Presenter<VideoFrame>;
  #decoder: VideoFrameDecoder | undefined;
  #renderer: Renderer | undefined;
  #isEmulated = false;
  #cover: LiveTaker | undefined;
  #lastLiveFrameId: number | undefined;

  #readsMarkers = false;

  constructor(clock: Clock, log: FrameLog, handlers: PicturePathHandlers) {
    this.#clock = clock;
    this.#log = log;
    this.#handlers = handlers;
    this.#presenter = new Presenter<VideoFrame>({
      clock,
      nextTick: (run) => requestAnimationFrame(run),
      presented: (record, frame) => {
        if (record.isReplayed) return;
        this.#lastLiveFrameId = record.frameId;
        handlers.presented(record, frame.displayWidth, frame.displayHeight);
      },
    });
  }

  /** The decoder, once there is a canvas. */
  get decoder(): VideoFrameDecoder | undefined {
    return this.#decoder;
  }

  /** When true, the marker of each picture is read back into the log, once what reads it is loaded. */
  set readsMarkers(isOn: boolean) {
    this.#readsMarkers = isOn;
    if (isOn && this.#markers === undefined) void this.#loadMarkers();
  }

  /** Name of the drawing path, for people. */
  get rendererName(): string {
    return this.#renderer?.name ?? "none";
  }

  /** Software decodes faster here. */
  get prefersSoftware(): boolean {
    return this.#isEmulated;
  }

  /** The last live frame that was shown; undefined before the first. */
  get lastLiveFrameId(): number | undefined {
    return this.#lastLiveFrameId;
  }

  /** Frames and pictures thrown away because they were late. */
  get droppedLate(): number {
    return (this.#decoder?.stats.framesSkipped ?? 0) + this.#presenter.stats.superseded;
  }

  /** Draws on `canvas` from now on. */
  openCanvas(canvas: OffscreenCanvas, choice: RendererChoice): void {
    const isEmulated = isGraphicsEmulated();
    this.#isEmulated = isEmulated;
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

  /** Gives live pictures to `take` instead of showing them; undefined shows them again. */
  cover(take: LiveTaker | undefined): void {
    this.#cover = take;
  }

  /** Shows a picture, live or not, and owns it. */
  show(frame: VideoFrame, record: FrameRecord): void {
    if (record.isReplayed) {
      this.#log.add(record);
      this.#readMarker(frame, record);
    }
    this.#presenter.push(frame, record);
  }

  #picture(frame: VideoFrame, record: FrameRecord): void {
    this.#handlers.decoded(record);
    this.#readMarker(frame, record);
    if (this.#cover === undefined) return this.#presenter.push(frame, record);
    record.outcome = "covered";
    this.#cover(frame, record);
  }

  #readMarker(frame: VideoFrame, record: FrameRecord): void {
    if (!this.#readsMarkers) return;
    this.#markers?.read(frame, (marker) => this.#log.noteMarker(record, marker));
  }

  async #loadMarkers(): Promise<void> {
    try {
      const url = new URL(MARKER_BUNDLE, self.location.href).href;
      const { MarkerProbe } = await import(url) as typeof import("./decode/marker_probe.ts");
      this.#markers ??= new MarkerProbe();
    } catch {
      // A measurement without markers says so.
    }
  }
}
