/**
 * drawMarker: draws a frame marker into a luma plane, for tests of what reads it back. The format is
 * that of docs/BENCHMARKS.md: 96 blocks of 16x16 pixels, 32 a row, most significant bit first.
 */

/** Draws the 96 bits of `marker` into the top left corner of `plane`. */
export function drawMarker(
  plane: Uint8Array,
  stride: number,
  marker: Uint8Array,
  levels: { readonly black: number; readonly white: number },
): void {
  for (let bit = 0; bit < 96; bit++) {
    const isWhite = ((marker[bit >> 3] ?? 0) >> (7 - (bit & 7)) & 1) === 1;
    const left = (bit % 32) * 16;
    const top = Math.floor(bit / 32) * 16;
    for (let row = top; row < top + 16; row++) {
      const start = row * stride + left;
      plane.fill(isWhite ? levels.white : levels.black, start, start + 16);
    }
  }
}
