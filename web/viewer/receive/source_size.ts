/**
 * SourceSize: how large the host's screen is, when pictures of it may be sent smaller on a slow path.
 * Pointer positions and the pointer's own size follow the screen and not the picture. The host's
 * description tells it, which may be ahead of its pictures or behind them; without one it is told from
 * the pictures, and where those and the reports disagree for a while, it believes the reports.
 */

import type { StreamDescription } from "../../../src/wire/codec.ts";

/** Sizes that an encoder may be asked for, as shares of the screen's. */
const SCALES = [1, 0.75, 0.5] as const;
/** Sizes are made even, up or down. */
const ROUNDING_PIXELS = 2;
/** Reports in a row that must contradict: two seconds, more than a change of size takes. */
const REPORTS_NEEDED = 4;

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Tells the size of the screen from those of the pictures. */
export class SourceSize {
  #picture: Size = { width: 0, height: 0 };
  #source: Size = { width: 0, height: 0 };
  /** What the host says that the pictures are of, now or soon. */
  #described: Size | undefined;
  /** Undefined until a report has told. */
  #scale: number | undefined;
  #contradictions = 0;

  /** The screen's size; 0 before the first picture. */
  get size(): Size {
    return this.#source;
  }

  /** The host described the stream; true when `size` changed, else a picture will change it. */
  describe(
    { codedWidth, codedHeight, sourceWidth = codedWidth, sourceHeight = codedHeight }:
      StreamDescription,
  ): boolean {
    this.#described = { width: sourceWidth, height: sourceHeight };
    return this.#follow(this.#described);
  }

  /** A picture was drawn; true when `size` changed. */
  picture(width: number, height: number): boolean {
    if (this.#described !== undefined) {
      this.#picture = { width, height };
      return this.#follow(this.#described);
    }
    if (width === this.#picture.width && height === this.#picture.height) return false;
    this.#picture = { width, height };
    this.#contradictions = 0;
    if (SCALES.some((scale) => isScaled(this.#source, scale, this.#picture))) return false;
    this.#source = unscaled(this.#picture, this.#scale ?? 1);
    return true;
  }

  /** The host told how large a share of the screen's size it asks for; true when `size` changed. */
  report(scale: number): boolean {
    if (scale <= 0 || this.#described !== undefined) return false;
    const isFirst = this.#scale === undefined;
    this.#scale = scale;
    if (isFirst) return this.#believe(scale);
    const isFull = isScaled(this.#source, 1, this.#picture);
    // A full picture may be on its way to a smaller one: a still screen sends nothing.
    if (isFull || isScaled(this.#source, scale, this.#picture)) {
      this.#contradictions = 0;
      return false;
    }
    return ++this.#contradictions >= REPORTS_NEEDED && this.#believe(scale);
  }

  /** Pictures of the size before may still come. */
  #follow(described: Size): boolean {
    if (!SCALES.some((scale) => isScaled(described, scale, this.#picture))) return false;
    const { width, height } = this.#source;
    this.#source = described;
    return described.width !== width || described.height !== height;
  }

  #believe(scale: number): boolean {
    this.#contradictions = 0;
    const before = this.#source;
    this.#source = unscaled(this.#picture, scale);
    return before.width !== this.#source.width || before.height !== this.#source.height;
  }
}

function isScaled(source: Size, scale: number, picture: Size): boolean {
  return Math.abs(source.width * scale - picture.width) <= ROUNDING_PIXELS &&
    Math.abs(source.height * scale - picture.height) <= ROUNDING_PIXELS;
}

function unscaled(picture: Size, scale: number): Size {
  return {
    width: Math.round(picture.width / scale),
    height: Math.round(picture.height / scale),
  };
}
