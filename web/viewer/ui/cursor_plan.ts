/**
 * cursorPlan: how the host's pointer is to be shown here: as the browser's own cursor, as a canvas that
 * follows, or not at all, and how large in the display's pixels. Arithmetic alone.
 */

/** What of a cursor message is used. */
export interface CursorImage {
  readonly visible: boolean;
  readonly width: number;
  readonly height: number;
  readonly hotspotX: number;
  readonly hotspotY: number;
  readonly rgba: Uint8Array;
  /** Pixels of the screen that one of the image stands for, each way; 1 when absent. */
  readonly shrunk?: number | undefined;
}

/** Where it is shown. */
export interface CursorSurroundings {
  /** CSS pixels of one pixel of the host's screen. */
  readonly pictureScale: number;
  /** Pixels of the display in a CSS pixel. */
  readonly pixelRatio: number;
  readonly isHiddenByUser: boolean;
  /** The browser's own cursor is not where the pointer is, or not shown. */
  readonly isApart: boolean;
}

interface ShownCursor {
  readonly pixelWidth: number;
  readonly pixelHeight: number;
  readonly pixelRatio: number;
  /** CSS pixels. */
  readonly hotspotX: number;
  readonly hotspotY: number;
}

/** How to show it. */
export type CursorPlan =
  /** There is none: the browser's default. */
  | { readonly kind: "none" }
  | { readonly kind: "hidden" }
  | ShownCursor & { readonly kind: "native" }
  | ShownCursor & { readonly kind: "canvas" };

/** Browsers refuse cursor images beyond this side, in CSS pixels. */
export const NATIVE_SIDE_MAX = 128;
/** Scaled pointers stay between these, so that they can be seen and do not cover the picture. */
const SCALE_MIN = 0.5;
const SCALE_MAX = 2;

/** The plan for a cursor. */
export function cursorPlan(
  cursor: CursorImage | undefined,
  around: CursorSurroundings,
): CursorPlan {
  if (cursor === undefined) return { kind: "none" };
  const { width, height, rgba, visible, shrunk = 1 } = cursor;
  const isEmpty = width === 0 || height === 0 || rgba.byteLength === 0;
  if (!visible || isEmpty || around.isHiddenByUser) return { kind: "hidden" };
  const { pixelRatio } = around;
  const scale = Math.max(SCALE_MIN, Math.min(SCALE_MAX, around.pictureScale)) * shrunk;
  const pixelWidth = Math.max(1, Math.round(width * scale * pixelRatio));
  const pixelHeight = Math.max(1, Math.round(height * scale * pixelRatio));
  const isLarge = Math.max(pixelWidth, pixelHeight) / pixelRatio > NATIVE_SIDE_MAX;
  const kind = around.isApart || isLarge ? "canvas" : "native";
  // Browsers refuse a hotspot outside of the image.
  const hotspot = (at: number, pixels: number) => {
    const point = Math.round(at * scale);
    if (kind === "canvas") return point;
    return Math.max(0, Math.min(Math.ceil(pixels / pixelRatio) - 1, point));
  };
  return {
    kind,
    pixelWidth,
    pixelHeight,
    pixelRatio,
    hotspotX: hotspot(cursor.hotspotX, pixelWidth),
    hotspotY: hotspot(cursor.hotspotY, pixelHeight),
  };
}
