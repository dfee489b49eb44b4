/**
 * SourceSize: how large the host's screen is, when pictures of it may be sent smaller on a slow path.
 * Pointer positions and the pointer's own size follow the screen and not the picture. It holds two
 * sizes; where picture and report disagree for a while, it believes the report.
 */

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
  /** Undefined until a report has told. */
  #scale: number | undefined;
  #contradictions = 0;

  /** The screen's size; 0 before the first picture. */
  get size(): Size {
    return this.#source;
  }

  /** A picture was drawn; true when `size` changed. */
  picture(width: number, height: number): boolean {
    if (width === this.#picture.width && height === this.#picture.height) return false;
    this.#picture = { width, height };
    this.#contradictions = 0;
    if (SCALES.some((scale) => isScaled(this.#source, scale, this.#picture))) return false;
    this.#source = unscaled(this.#picture, this.#scale ?? 1);
    return true;
  }

  /** The host told how large a share of the screen's size it asks for; true when `size` changed. */
  report(scale: number): boolean {
    if (scale <= 0) return false;
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
