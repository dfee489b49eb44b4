/**
 * RemoteCursor: the host's pointer image, drawn here so that it follows the hand without the trip to
 * the host and back. As the browser's own cursor where that is possible; else, under pointer lock, for
 * a finger's trackpad, for large images and while it is not where this hand is, as a small canvas at
 * the place where the pointer is.
 */

import type { CursorMessage } from "../worker_messages.ts";
import type { Box, PictureSize } from "../input/picture_geometry.ts";
import { cursorPlan } from "./cursor_plan.ts";
import type { CursorPlan } from "./cursor_plan.ts";
import { element } from "./element.ts";
import { PointerFollow } from "./pointer_follow.ts";
import type { PointerPlace } from "./pointer_follow.ts";

/** Places of the picture at full scale. */
const FULL = 65_535;
/** Under pointer lock the host's word counts when this hand has rested for so long. */
const REST_MS = 150;
const NOWHERE: Box = { left: 0, top: 0, width: 0, height: 0 };

/** Shows the pointer over the picture. */
export class RemoteCursor {
  /** The element to place over the picture. */
  readonly root: HTMLCanvasElement;
  readonly #target: HTMLElement;
  #cursor: CursorMessage | undefined;
  #plan: CursorPlan = { kind: "none" };
  #picture: PictureSize = { width: 0, height: 0 };
  #area = NOWHERE;
  #isHiddenByUser = false;
  #isLocked = false;
  #isTrackpad = false;
  #isOver = true;
  readonly #follow = new PointerFollow();
  #host: PointerPlace | undefined;
  #movedMs = -Infinity;
  #x = 0;
  #y = 0;

  /** True while this hand moves the host's pointer. */
  isPointing: () => boolean = () => false;
  #url: string | undefined;
  #generation = 0;

  /** Changes the cursor over `target`. */
  constructor(target: HTMLElement) {
    this.#target = target;
    this.root = element("canvas", { class: "cursor", "aria-hidden": "true", hidden: true });
    target.addEventListener("pointerleave", () => this.#setOver(false));
    target.addEventListener("pointerenter", () => this.#setOver(true));
  }

  /** True while a program on the host shows no pointer. */
  get isHiddenByHost(): boolean {
    return this.#cursor !== undefined && !this.#cursor.visible;
  }

  /** True while a program hides the pointer from this hand, or holds it elsewhere. */
  get isTaken(): boolean {
    return this.isHiddenByHost || this.#isElsewhere;
  }

  /** Where the host's pointer is, 0-65,535 of the picture, while that is not where this hand is. */
  get elsewhere(): PointerPlace | undefined {
    return this.#isElsewhere ? this.#host : undefined;
  }

  /** Takes a new image, or only a new visibility. */
  update(cursor: CursorMessage): void {
    const keepsImage = cursor.rgba.byteLength === 0 && this.#cursor !== undefined;
    this.#cursor = keepsImage ? { ...this.#cursor!, visible: cursor.visible } : cursor;
    this.#draw();
  }

  /** The picture lies elsewhere on the page or has another size. */
  place(area: Box, picture: PictureSize): void {
    const isSameScale = area.width === this.#area.width && picture.width === this.#picture.width;
    this.#area = area;
    this.#picture = picture;
    if (!isSameScale) this.#draw();
    if (this.#isElsewhere) this.#goToHost();
  }

  /** The host's pointer is at a place of the picture, 0-65,535 each way, or outside of it. */
  hostAt({ x, y, isInside }: PointerPlace & { readonly isInside: boolean }): void {
    const was = this.#isElsewhere;
    this.#host = isInside ? { x, y } : undefined;
    const nowMs = performance.now();
    if (!this.isPointing()) this.#follow.clear();
    this.#follow.host({ x, y }, this.#picture, nowMs);
    if (this.#isElsewhere !== was) this.#draw();
    const isResting = nowMs - this.#movedMs > REST_MS;
    if (this.#isElsewhere || (this.#isLocked && isResting)) this.#goToHost();
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

  /** A finger moves the pointer from afar, so that it is seen without a mouse, or no longer. */
  setTrackpad(isTrackpad: boolean): void {
    this.#isTrackpad = isTrackpad;
    this.#draw();
  }

  /** The pointer is at a point of the page. */
  moveTo(clientX: number, clientY: number): void {
    const was = this.#isElsewhere;
    this.#noteOwn(clientX, clientY);
    if (this.#isElsewhere) return;
    if (was) this.#draw();
    this.#x = clientX;
    this.#y = clientY;
    this.#show();
  }

  /** The pointer moved by host pixels, under pointer lock. */
  moveBy(x: number, y: number): void {
    const { left, top, width, height } = this.#area;
    const scaleX = this.#picture.width === 0 ? 1 : width / this.#picture.width;
    const scaleY = this.#picture.height === 0 ? 1 : height / this.#picture.height;
    this.#x = Math.max(left, Math.min(left + width, this.#x + x * scaleX));
    this.#y = Math.max(top, Math.min(top + height, this.#y + y * scaleY));
    this.#movedMs = performance.now();
    this.#show();
  }

  /** Forgets the image: the stream is over. */
  clear(): void {
    this.#cursor = undefined;
    this.#host = undefined;
    this.#follow.clear();
    this.#draw();
  }

  /** The host's pointer is not where this hand is. */
  get #isElsewhere(): boolean {
    return this.#follow.isApart && !this.#isLocked;
  }

  #noteOwn(clientX: number, clientY: number): void {
    const { left, top, width, height } = this.#area;
    if (width === 0 || height === 0 || !this.isPointing()) return;
    const share = (offset: number, extent: number) =>
      Math.round(Math.max(0, Math.min(1, offset / extent)) * FULL);
    const place = { x: share(clientX - left, width), y: share(clientY - top, height) };
    this.#follow.own(place, performance.now());
  }

  #goToHost(): void {
    if (this.#host === undefined) return this.#showCanvas();
    const { left, top, width, height } = this.#area;
    // A place is a pixel's: its middle is where a hand would have been.
    const pixel = (at: number, pixels: number) => (at * (pixels - 1) / FULL + 0.5) / pixels;
    this.#x = left + pixel(this.#host.x, Math.max(1, this.#picture.width)) * width;
    this.#y = top + pixel(this.#host.y, Math.max(1, this.#picture.height)) * height;
    this.#showCanvas();
    this.#show();
  }

  #setOver(isOver: boolean): void {
    this.#isOver = isOver;
    this.#showCanvas();
  }

  #draw(): void {
    const generation = ++this.#generation;
    const cursor = this.#cursor;
    const plan = cursorPlan(cursor, {
      pictureScale: this.#picture.width === 0 ? 1 : this.#area.width / this.#picture.width,
      pixelRatio: devicePixelRatio,
      isHiddenByUser: this.#isHiddenByUser,
      isApart: this.#isLocked || this.#isTrackpad || this.#isElsewhere,
    });
    this.#plan = plan;
    this.#showCanvas();
    if (cursor === undefined || plan.kind === "none") return this.#setStyle("");
    if (plan.kind === "hidden") return this.#setStyle("none");
    paint(this.root, cursor, plan);
    if (plan.kind === "native") return this.#useNative(plan, generation);
    // Who only watches has a mouse of their own.
    this.#setStyle(this.#isElsewhere && !this.isPointing() ? "" : "none");
    this.#show();
  }

  #showCanvas(): void {
    const isAway = this.#isElsewhere
      ? this.#host === undefined
      : !this.#isOver && !this.#isLocked && !this.#isTrackpad;
    this.root.hidden = this.#plan.kind !== "canvas" || isAway;
  }

  #show(): void {
    if (this.#plan.kind !== "canvas") return;
    const x = Math.round(this.#x - this.#plan.hotspotX);
    const y = Math.round(this.#y - this.#plan.hotspotY);
    this.root.style.transform = `translate(${x}px, ${y}px)`;
  }

  #useNative(plan: Extract<CursorPlan, { kind: "native" }>, generation: number): void {
    this.root.toBlob((blob) => {
      if (blob === null || generation !== this.#generation) return;
      const url = URL.createObjectURL(blob);
      const image = plan.pixelRatio === 1
        ? `url("${url}")`
        : `image-set(url("${url}") ${plan.pixelRatio}x)`;
      this.#setStyle(`${image} ${plan.hotspotX} ${plan.hotspotY}, default`, url);
    });
  }

  #setStyle(style: string, url?: string): void {
    this.#target.style.cursor = style;
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url);
    this.#url = url;
  }
}

/** Paints the image in the pixels of the display. */
function paint(
  canvas: HTMLCanvasElement,
  cursor: CursorMessage,
  plan: Extract<CursorPlan, { kind: "native" | "canvas" }>,
): void {
  const pixels = new Uint8ClampedArray(cursor.width * cursor.height * 4);
  pixels.set(cursor.rgba.subarray(0, pixels.byteLength));
  const source = new OffscreenCanvas(cursor.width, cursor.height);
  source.getContext("2d")?.putImageData(new ImageData(pixels, cursor.width, cursor.height), 0, 0);
  canvas.width = plan.pixelWidth;
  canvas.height = plan.pixelHeight;
  canvas.style.width = `${plan.pixelWidth / plan.pixelRatio}px`;
  canvas.style.height = `${plan.pixelHeight / plan.pixelRatio}px`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.imageSmoothingEnabled = plan.pixelWidth !== cursor.width;
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
}
