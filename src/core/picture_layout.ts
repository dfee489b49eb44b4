/**
 * Picture layout: bytes of a raw picture in memory, for whoever allocates it and for whoever adds up
 * what will be allocated.
 */

/** Each row of a staging frame begins at a multiple of this, as the converter's loads like it. */
const ROW_BYTES = 64;

/** Bytes of a staging frame (I420) as the native library lays it out. */
export function stagingFrameBytes(width: number, height: number): number {
  const lumaStride = Math.ceil(width / ROW_BYTES) * ROW_BYTES;
  const chromaStride = Math.ceil(width / 2 / ROW_BYTES) * ROW_BYTES;
  return lumaStride * height + 2 * chromaStride * Math.ceil(height / 2);
}
