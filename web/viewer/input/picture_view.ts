/**
 * PictureView: which part of the picture a person looks at: magnified by two fingers and moved about,
 * for this viewer alone. Pure arithmetic in CSS pixels; at rest the whole picture is shown.
 */

import { containPicture } from "./picture_geometry.ts";
import type { Box, PictureSize } from "./picture_geometry.ts";

/** Largest magnification. */
const ZOOM_MAX = 8;
/** Below this the whole picture snaps back. */
const ZOOM_SNAP = 1.03;

const NOTHING: Box = { left: 0, top: 0, width: 0, height: 0 };

/** The magnified picture in its box. */
export class PictureView {
  #box = NOTHING;
  #base = NOTHING;
  #zoom = 1;
  #x = 0;
  #y = 0;

  /** Magnification; 1 shows all of the picture. */
  get zoom(): number {
    return this.#zoom;
  }

  /** Where the picture lies on the page, which may reach beyond its box. */
  get area(): Box {
    return {
      left: this.#base.left + this.#x,
      top: this.#base.top + this.#y,
      width: this.#base.width * this.#zoom,
      height: this.#base.height * this.#zoom,
    };
  }

  /** CSS transform of an element that fills the box and holds the picture as object-fit: contain. */
  get transform(): string {
    if (this.#zoom === 1) return "";
    const left = this.#base.left - this.#box.left;
    const top = this.#base.top - this.#box.top;
    const x = left + this.#x - left * this.#zoom;
    const y = top + this.#y - top * this.#zoom;
    return `translate(${round(x)}px, ${round(y)}px) scale(${round(this.#zoom)})`;
  }

  /** The box or the picture has another size or place. */
  place(box: Box, picture: PictureSize): void {
    const before = this.#base;
    this.#box = box;
    this.#base = containPicture(box, picture);
    if (before.width > 0 && this.#base.width > 0) {
      // What was in the middle stays there when a phone is turned.
      this.#x *= this.#base.width / before.width;
      this.#y *= this.#base.height / before.height;
    }
    this.#clamp();
  }

  /** Magnifies by `factor` so that what is at a point of the page stays there. */
  zoomBy(factor: number, x: number, y: number): void {
    if (!(factor > 0) || this.#base.width === 0) return;
    const zoom = Math.max(1, Math.min(ZOOM_MAX, this.#zoom * factor));
    const applied = zoom / this.#zoom;
    const { left, top } = this.area;
    this.#x = x - (x - left) * applied - this.#base.left;
    this.#y = y - (y - top) * applied - this.#base.top;
    this.#zoom = zoom;
    this.#clamp();
  }

  /** Moves the picture by CSS pixels, as far as it reaches beyond its box. */
  panBy(x: number, y: number): void {
    this.#x += x;
    this.#y += y;
    this.#clamp();
  }

  /** Brings a point of the page at least `margin` into the box; returns how far it all moved. */
  reveal(x: number, y: number, margin: number): { readonly x: number; readonly y: number } {
    const { left, top, width, height } = this.#box;
    const before = this.area;
    this.panBy(
      inward(x, left + margin, left + width - margin),
      inward(y, top + margin, top + height - margin),
    );
    const after = this.area;
    return { x: after.left - before.left, y: after.top - before.top };
  }

  /** A gesture ended: hardly magnified is not magnified. */
  settle(): void {
    if (this.#zoom < ZOOM_SNAP) this.reset();
  }

  /** Shows the whole picture. */
  reset(): void {
    this.#zoom = 1;
    this.#x = 0;
    this.#y = 0;
  }

  #clamp(): void {
    const { left, top, width, height } = this.#base;
    const box = this.#box;
    this.#x = clampEdge(this.#x, left - box.left, width * this.#zoom, box.width);
    this.#y = clampEdge(this.#y, top - box.top, height * this.#zoom, box.height);
  }
}

/** Offset that leaves no gap where the picture could fill the box, and centres it where it cannot. */
function clampEdge(offset: number, base: number, extent: number, box: number): number {
  if (extent <= box) return (box - extent) / 2 - base;
  return Math.max(box - extent - base, Math.min(-base, offset));
}

function inward(at: number, min: number, max: number): number {
  if (min > max) return (min + max) / 2 - at;
  return at < min ? min - at : at > max ? max - at : 0;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
