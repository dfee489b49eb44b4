/**
 * Picture geometry: where a picture of one shape lies in a box of another, and which of its pixels a
 * point of the page is on. Pure arithmetic in CSS pixels; the letterbox is nobody's.
 */

import { POINTER_SCALE } from "../../../src/wire/input.ts";
import type { PicturePosition } from "./input_sender.ts";

/** A rectangle in CSS pixels of the page. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Size of a picture in its own pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The largest box of the picture's shape in the middle of `box`, as object-fit: contain puts it. */
export function containPicture(box: Box, picture: PictureSize): Box {
  if (picture.width <= 0 || picture.height <= 0) return { ...box, width: 0, height: 0 };
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return {
    left: box.left + (box.width - width) / 2,
    top: box.top + (box.height - height) / 2,
    width,
    height,
  };
}

/** The picture's pixel under a point of the page, as wire position; the nearest one outside of it. */
export function positionInPicture(
  clientX: number,
  clientY: number,
  area: Box,
  picture: PictureSize,
): PicturePosition {
  return {
    x: scaled(clientX - area.left, area.width, picture.width),
    y: scaled(clientY - area.top, area.height, picture.height),
  };
}

function scaled(offset: number, extent: number, pixels: number): number {
  if (extent <= 0 || pixels <= 1) return 0;
  const pixel = Math.max(0, Math.min(pixels - 1, Math.floor(offset * pixels / extent)));
  return Math.round(pixel * POINTER_SCALE / (pixels - 1));
}
