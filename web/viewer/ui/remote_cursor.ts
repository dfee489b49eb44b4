/**
 * RemoteCursor: the host's pointer image, drawn here so that it follows the hand without the trip to
 * the host and back. As the browser's own cursor where that is possible; under pointer lock, which
 * hides that one, as a small canvas at the place where the host's pointer must be.
 */

import type { CursorMessage } from "../worker_messages.ts";
import type { Box, PictureSize } from "../input/picture_geometry.ts";
import { element } from "./element.ts";

/** Browsers refuse cursor images beyond this side, in pixels. */
const MAX_NATIVE_SIDE = 128;
/** Scaled pointers stay between these, so that they can be seen and do not cover the picture. */
const SCALE_MIN = 0.5;
const SCALE_MAX = 2;

/** Shows the pointer over the picture. */
export class RemoteCursor {
  /** The element to place over the picture, for pointer lock. */
  readonly root: HTMLCanvasElement;
  readonly #target: HTMLElement;
  #cursor: CursorMessage | undefined;
  #picture: PictureSize = { width: 0, height: 0 };
  #area: Box = { left: 0, top: 0, width: 0, height: 0 };
  #isHiddenByUser = false;
  #isLocked = false;
  #x = 0;
  #y = 0;
  #url: string | undefined;
  #generation = 0;

  /** Changes the cursor over `target`. */
  constructor(target: HTMLElement) {
    this.#target = target;
    this.root = element("canvas", { class: "cursor", "aria-hidden": "true", hidden: true });
  }

  /** Takes a new image, or only a new visibility. */
  update(cursor: CursorMessage): void {
    const keepsImage = cursor.rgba.byteLength === 0 && this.#cursor !== undefined;
    this.#cursor = keepsImage ? { ...this.#cursor!, visible: cursor.visible } : cursor;
    this.#draw();
  }

  /** The picture lies elsewhere on the page or has another size. */
  place(area: Box, picture: PictureSize): void {
    const scale = this.#scale;
    this.#area = area;
    this.#picture = picture;
    if (this.#scale !== scale) this.#draw();
  }

  /** Shows or hides the pointer at the person's wish. */
  toggle(): boolean {
    this.#isHiddenByUser = !this.#isHiddenByUser;
    this.#draw();
    return !this.#isHiddenByUser;
  }

  /** Pointer lock begins, with the pointer at a place of the page, or ends. */
  setLocked(isLocked: boolean): void {
    this.#isLocked = isLocked;
    this.#draw();
  }

  /** The pointer is at a point of the page. */
  moveTo(clientX: number, clientY: number): void {
    this.#x = clientX;
    this.#y = clientY;
  }

  /** The pointer moved by host pixels, under pointer lock. */
  moveBy(x: number, y: number): void {
    const { left, top, width, height } = this.#area;
    const scaleX = this.#picture.width === 0 ? 1 : width / this.#picture.width;
    const scaleY = this.#picture.height === 0 ? 1 : height / this.#picture.height;
    this.#x = Math.max(left, Math.min(left + width, this.#x + x * scaleX));
    this.#y = Math.max(top, Math.min(top + height, this.#y + y * scaleY));
    this.#follow();
  }

  /** Forgets the image: the stream is over. */
  clear(): void {
    this.#cursor = undefined;
    this.#draw();
  }

  get #scale(): number {
    if (this.#picture.width === 0) return 1;
    return Math.max(SCALE_MIN, Math.min(SCALE_MAX, this.#area.width / this.#picture.width));
  }

  #draw(): void {
    const generation = ++this.#generation;
    const cursor = this.#cursor;
    const isShown = cursor !== undefined && cursor.visible && !this.#isHiddenByUser &&
      cursor.width > 0 && cursor.height > 0 && cursor.rgba.byteLength > 0;
    this.root.hidden = !isShown || !this.#isLocked;
    if (cursor === undefined) {
      this.#setStyle("");
      return;
    }
    if (!isShown) {
      this.#setStyle("none");
      return;
    }
    const scale = this.#scale;
    paint(this.root, cursor, scale);
    if (this.#isLocked) this.#follow();
    else this.#useNative(cursor, scale, generation);
  }

  #follow(): void {
    const cursor = this.#cursor;
    if (cursor === undefined || this.root.hidden) return;
    const scale = this.#scale;
    const x = Math.round(this.#x - cursor.hotspotX * scale);
    const y = Math.round(this.#y - cursor.hotspotY * scale);
    this.root.style.transform = `translate(${x}px, ${y}px)`;
  }

  #useNative(cursor: CursorMessage, scale: number, generation: number): void {
    const { width, height } = this.root;
    if (width > MAX_NATIVE_SIDE || height > MAX_NATIVE_SIDE) {
      this.#setStyle("default");
      return;
    }
    const x = Math.max(0, Math.min(width - 1, Math.round(cursor.hotspotX * scale)));
    const y = Math.max(0, Math.min(height - 1, Math.round(cursor.hotspotY * scale)));
    this.root.toBlob((blob) => {
      if (blob === null || generation !== this.#generation) return;
      const url = URL.createObjectURL(blob);
      this.#setStyle(`url("${url}") ${x} ${y}, default`, url);
    });
  }

  #setStyle(style: string, url?: string): void {
    this.#target.style.cursor = style;
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url);
    this.#url = url;
  }
}

/** Paints the image at the picture's scale. */
function paint(canvas: HTMLCanvasElement, cursor: CursorMessage, scale: number): void {
  const pixels = new Uint8ClampedArray(cursor.width * cursor.height * 4);
  pixels.set(cursor.rgba.subarray(0, pixels.byteLength));
  const source = new OffscreenCanvas(cursor.width, cursor.height);
  source.getContext("2d")?.putImageData(new ImageData(pixels, cursor.width, cursor.height), 0, 0);
  canvas.width = Math.max(1, Math.round(cursor.width * scale));
  canvas.height = Math.max(1, Math.round(cursor.height * scale));
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.imageSmoothingEnabled = scale !== 1;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}
