/**
 * Canvas2dRenderer: draws with the 2D context, the path that every browser has. It cannot lose its
 * context for good, and it holds nothing but the canvas.
 */

import { fitCanvas } from "./renderer.ts";
import type { Renderer } from "./renderer.ts";

/** The 2D drawing path. */
export class Canvas2dRenderer implements Renderer {
  readonly name = "2D canvas";
  readonly isSoftware: boolean;
  readonly #canvas: OffscreenCanvas;
  readonly #context: OffscreenCanvasRenderingContext2D;

  private constructor(
    canvas: OffscreenCanvas,
    context: OffscreenCanvasRenderingContext2D,
    isSoftware: boolean,
  ) {
    this.#canvas = canvas;
    this.#context = context;
    this.isSoftware = isSoftware;
  }

  /** Undefined when the canvas has another kind of context already. */
  static open(canvas: OffscreenCanvas, isSoftware: boolean): Canvas2dRenderer | undefined {
    const context = canvas.getContext("2d", { alpha: false, desynchronized: true });
    return context === null ? undefined : new Canvas2dRenderer(canvas, context, isSoftware);
  }

  get isLost(): boolean {
    return this.#context.isContextLost();
  }

  draw(frame: VideoFrame): void {
    fitCanvas(this.#canvas, frame);
    this.#context.drawImage(frame, 0, 0);
  }

  close(): void {
    this.#context.reset();
  }
}
