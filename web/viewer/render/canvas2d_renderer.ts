/**
 * Canvas2dRenderer: draws with the 2D context, the path that every browser has, in one of two ways:
 * the browser draws the picture, or, where no graphics card helps, the picture's pixels are converted
 * and put, which takes a third of the time. The second holds one picture of RGBA pixels.
 */

import { fitCanvas } from "./renderer.ts";
import type { Renderer } from "./renderer.ts";

/** How pixels get onto the canvas. */
export type Canvas2dMethod = "draw" | "put";

/** The 2D drawing path. */
export class Canvas2dRenderer implements Renderer {
  readonly name: string;
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;
  #method: Canvas2dMethod;
  #pixels: ImageData | undefined;

  private constructor(
    canvas: OffscreenCanvas,
    context: OffscreenCanvasRenderingContext2D,
    method: Canvas2dMethod,
  ) {
    this.#canvas = canvas;
    this.#context = context;
    this.#method = method;
    this.name = method === "put" ? "2D canvas (software)" : "2D canvas";
  }

  /** Undefined when the canvas has another kind of context already. */
  static open(canvas: OffscreenCanvas, method: Canvas2dMethod): Canvas2dRenderer | undefined {
    const context = canvas.getContext("2d", {
      alpha: false,
      desynchronized: method === "draw",
      // Keeps the canvas in the memory that the pixels are put to.
      willReadFrequently: method === "put",
    });
    return context === null ? undefined : new Canvas2dRenderer(canvas, context, method);
  }

  draw(frame: VideoFrame): Promise<boolean> | boolean {
    if (this.#method === "put") return this.#put(frame);
    this.#drawImage(frame);
    return true;
  }

  close(): void {
    this.#pixels = undefined;
  }

  async #put(frame: VideoFrame): Promise<boolean> {
    const { displayWidth: width, displayHeight: height } = frame;
    if (this.#pixels?.width !== width || this.#pixels.height !== height) {
      this.#pixels = new ImageData(width, height);
    }
    try {
      await frame.copyTo(this.#pixels.data, { format: "RGBA", colorSpace: "srgb" });
      // A canvas that changes its size is black: only now, when there is something to put on it.
      fitCanvas(this.#canvas, frame);
      this.#context.putImageData(this.#pixels, 0, 0);
    } catch {
      // A browser that cannot convert; it can still draw.
      this.#method = "draw";
      this.#drawImage(frame);
    }
    return true;
  }

  #drawImage(frame: VideoFrame): void {
    fitCanvas(this.#canvas, frame);
    this.#context.drawImage(frame, 0, 0);
  }
}
