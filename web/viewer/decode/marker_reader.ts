/**
 * Marker reader: decodes the machine-readable frame marker that test content draws into the top left
 * corner, from the luma plane of a decoded picture. 96 blocks of 16x16 pixels, 32 a row, most
 * significant bit first; docs/BENCHMARKS.md has the format. It never throws on pixels.
 */

/** Width of the marker in pixels. */
export const MARKER_WIDTH = 512;
/** Height of the marker in pixels. */
export const MARKER_HEIGHT = 48;
const BLOCK = 16;
const BLOCKS_PER_ROW = MARKER_WIDTH / BLOCK;
const MARKER_BYTES = 12;
const MAGIC = 0xa5;
/** The mean is taken over the inner 8x8 pixels, clear of the blur at block edges. */
const INNER = 8;
const INSET = (BLOCK - INNER) / 2;
const THRESHOLD = 128;

/** What a marker says. */
export interface Marker {
  /** Number of the content's drawing, 24 bits. */
  readonly frame: number;
  /** Low 32 bits of the host's monotonic clock just before drawing, in microseconds. */
  readonly drawTimeUs: number;
  /** Key and button presses that the content has seen, 16 bits. */
  readonly inputCount: number;
}

/** Reads the marker of `luma`, whose rows are `stride` bytes apart; undefined when it is not there. */
export function readMarker(luma: Uint8Array, stride: number): Marker | undefined {
  if (luma.byteLength < (MARKER_HEIGHT - 1) * stride + MARKER_WIDTH) return undefined;
  const bytes = new Uint8Array(MARKER_BYTES);
  for (let bit = 0; bit < MARKER_BYTES * 8; bit++) {
    if (isWhite(luma, stride, bit)) {
      const index = bit >> 3;
      bytes[index] = (bytes[index] ?? 0) | (0x80 >> (bit & 7));
    }
  }
  const view = new DataView(bytes.buffer);
  if (bytes[0] !== MAGIC || view.getUint16(10) !== crc16(bytes.subarray(0, 10))) return undefined;
  return {
    frame: view.getUint32(0) & 0xff_ffff,
    drawTimeUs: view.getUint32(4),
    inputCount: view.getUint16(8),
  };
}

function isWhite(luma: Uint8Array, stride: number, bit: number): boolean {
  const left = (bit % BLOCKS_PER_ROW) * BLOCK + INSET;
  const top = Math.floor(bit / BLOCKS_PER_ROW) * BLOCK + INSET;
  let sum = 0;
  for (let row = 0; row < INNER; row++) {
    const start = (top + row) * stride + left;
    for (let column = 0; column < INNER; column++) sum += luma[start + column] ?? 0;
  }
  return sum >= THRESHOLD * INNER * INNER;
}

/** CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, no reflection. */
function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000) !== 0 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc;
}
