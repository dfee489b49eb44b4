/**
 * WebglRenderer: draws with WebGL 2: the browser turns the picture into a texture, one triangle
 * covers the canvas. A lost context is reported once and not waited for: Chromium crashes when video
 * is drawn on one that it restored. It holds one texture.
 */

import { fitCanvas } from "./renderer.ts";
import type { Renderer } from "./renderer.ts";

const VERTEX_SHADER = `#version 300 es
out vec2 texturePosition;
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  texturePosition = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

const FRAGMENT_SHADER = `#version 300 es
precision mediump float;
in vec2 texturePosition;
uniform sampler2D picture;
out vec4 colour;
void main() {
  colour = vec4(texture(picture, texturePosition).rgb, 1.0);
}`;

/** The WebGL 2 drawing path. */
export class WebglRenderer implements Renderer {
  readonly name = "WebGL 2";
  readonly #canvas: OffscreenCanvas;
  readonly #gl: WebGL2RenderingContext;
  readonly #onLost: () => void;

  private constructor(canvas: OffscreenCanvas, gl: WebGL2RenderingContext, onLost: () => void) {
    this.#canvas = canvas;
    this.#gl = gl;
    this.#onLost = onLost;
    canvas.addEventListener("webglcontextlost", onLost, { once: true });
    this.#prepare();
  }

  /** Undefined without WebGL 2; `onLost` is called when the context is lost. */
  static open(canvas: OffscreenCanvas, onLost: () => void): WebglRenderer | undefined {
    const gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      stencil: false,
      desynchronized: true,
      powerPreference: "high-performance",
    });
    return gl === null ? undefined : new WebglRenderer(canvas, gl, onLost);
  }

  draw(frame: VideoFrame): boolean {
    if (this.#gl.isContextLost()) return false;
    const gl = this.#gl;
    if (fitCanvas(this.#canvas, frame)) gl.viewport(0, 0, frame.displayWidth, frame.displayHeight);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, frame);
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.flush();
    return true;
  }

  close(): void {
    this.#canvas.removeEventListener("webglcontextlost", this.#onLost);
  }

  #prepare(): void {
    const gl = this.#gl;
    const program = gl.createProgram();
    for (const [type, source] of shaders(gl)) {
      const shader = gl.createShader(type);
      if (shader === null) return;
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    gl.useProgram(program);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.LINEAR);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.viewport(0, 0, this.#canvas.width, this.#canvas.height);
  }
}

function shaders(gl: WebGL2RenderingContext): readonly (readonly [number, string])[] {
  return [[gl.VERTEX_SHADER, VERTEX_SHADER], [gl.FRAGMENT_SHADER, FRAGMENT_SHADER]];
}
