/** Tests of web/viewer/decode/marker_reader.ts. */

import t from "tap";
import {
  MARKER_HEIGHT,
  MARKER_WIDTH,
  readMarker,
} from "../../../../web/viewer/decode/marker_reader.ts";
import { seededRandom } from "../../../seeded.ts";
import { drawMarker } from "../../../marker_luma.ts";

const STRIDE = 640;

function luma(marker: Uint8Array, black = 16, white = 235): Uint8Array<ArrayBuffer> {
  const plane = new Uint8Array(STRIDE * 64).fill(90);
  drawMarker(plane, STRIDE, marker, { black, white });
  return plane;
}

// Frame 0x010203, 0x04050607 us, 0x0809 inputs; the checksum is that of CRC-16/CCITT-FALSE.
const MARKER = Uint8Array.of(0xa5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0);

function withChecksum(bytes: Uint8Array): Uint8Array {
  let crc = 0xffff;
  for (const byte of bytes.subarray(0, 10)) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = ((crc >> 15) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0xffff) ^ (top === 1 ? 0x1021 : 0);
    }
  }
  const marked = bytes.slice();
  new DataView(marked.buffer).setUint16(10, crc);
  return marked;
}

t.test("readMarker reads frame, time and input count", (t) => {
  t.same(readMarker(luma(withChecksum(MARKER)), STRIDE), {
    frame: 0x010203,
    drawTimeUs: 0x04050607,
    inputCount: 0x0809,
  });
  t.end();
});

t.test("readMarker reads through the noise and blur of a lossy codec", (t) => {
  const random = seededRandom("marker_noise");
  const plane = luma(withChecksum(MARKER), 40, 205);
  for (let row = 0; row < MARKER_HEIGHT; row++) {
    for (let column = 0; column < MARKER_WIDTH; column++) {
      const index = row * STRIDE + column;
      const isEdge = column % 16 < 2 || column % 16 > 13 || row % 16 < 2 || row % 16 > 13;
      const value = isEdge ? 120 : plane[index] ?? 0;
      plane[index] = Math.max(0, Math.min(255, value + random.int(61) - 30));
    }
  }
  t.equal(readMarker(plane, STRIDE)?.frame, 0x010203);
  t.end();
});

t.test("readMarker refuses a wrong checksum, a wrong magic and a plane that is too small", (t) => {
  t.equal(readMarker(luma(MARKER), STRIDE), undefined, "checksum");
  const foreign = MARKER.slice();
  foreign[0] = 0x5a;
  t.equal(readMarker(luma(withChecksum(foreign)), STRIDE), undefined, "magic");
  t.equal(readMarker(luma(withChecksum(MARKER)).subarray(0, STRIDE * 40), STRIDE), undefined);
  t.equal(readMarker(new Uint8Array(0), STRIDE), undefined);
  t.end();
});

t.test("readMarker finds every single wrong block", (t) => {
  const marker = withChecksum(MARKER);
  for (let bit = 0; bit < 96; bit++) {
    const damaged = marker.slice();
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
    t.equal(readMarker(luma(damaged), STRIDE), undefined, `block ${bit}`);
  }
  t.end();
});
