/**
 * Renderer: the render step's one interface, with one file per drawing path. A renderer owns the
 * context of one canvas and no picture: the caller closes what it gave to `draw`.
 */

/** Draws pictures on one canvas. */
export interface Renderer {
  /** Name of the path, for people. */
  readonly name: string;
  /** True when pictures are drawn by the processor, not by a graphics card. */
  readonly isSoftware: boolean;
  /** True while the drawing context is lost; `draw` then does nothing. */
  readonly isLost: boolean;
  /** Draws `frame` over the whole canvas, whose size follows the frame's. */
  draw(frame: VideoFrame): void;
  /** Lets go of the context; idempotent. */
  close(): void;
}

/** Sets the canvas to the size of the frame; true when it changed. */
export function fitCanvas(canvas: OffscreenCanvas, frame: VideoFrame): boolean {
  if (canvas.width === frame.displayWidth && canvas.height === frame.displayHeight) return false;
  canvas.width = frame.displayWidth;
  canvas.height = frame.displayHeight;
  return true;
}
