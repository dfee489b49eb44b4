/**
 * Renderer: the render step's one interface, with one file per drawing path. A renderer owns the
 * context of one canvas and no picture: the caller closes what it gave to `draw`.
 */

/** Draws pictures on one canvas. */
export interface Renderer {
  /** Name of the path, for people. */
  readonly name: string;
  /**
   * Draws `frame` over the whole canvas, whose size follows the frame's; false when the context is
   * lost. A promise means that the frame is in use until it settles. One frame at a time.
   */
  draw(frame: VideoFrame): Promise<boolean> | boolean;
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

/**
 * True when the browser has no graphics card to draw with and emulates one. The question costs some
 * 15 ms there, and drawing through the emulation 49 ms a picture of 1080p.
 */
export function isGraphicsEmulated(): boolean {
  const gl = new OffscreenCanvas(1, 1).getContext("webgl2");
  if (gl === null) return true;
  const extension = gl.getExtension("WEBGL_debug_renderer_info");
  const name = extension === null ? "" : gl.getParameter(extension.UNMASKED_RENDERER_WEBGL);
  gl.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software|basic render/i.test(String(name));
}
