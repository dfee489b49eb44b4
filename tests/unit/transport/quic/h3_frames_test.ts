import t from "tap";
import {
  decodeSettings,
  encodeFrame,
  encodeSettings,
  FRAME_DATA,
  FRAME_HEADERS,
  FRAME_SETTINGS,
  H3_EXCESSIVE_LOAD,
  H3_FRAME_ERROR,
  H3_FRAME_UNEXPECTED,
  H3_SETTINGS_ERROR,
  type H3Frame,
  H3FrameReader,
  SKIPPED_BYTES_MAX,
} from "../../../../src/transport/quic/h3_frames.ts";
import { encodeVarints } from "../../../../src/transport/quic/varint.ts";

function drain(reader: H3FrameReader): H3Frame[] {
  const frames: H3Frame[] = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
  return frames;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

t.test("H3FrameReader reads what encodeFrame wrote, byte by byte", (t) => {
  const payload = Uint8Array.of(1, 2, 3);
  const bytes = concat(encodeFrame(FRAME_HEADERS, payload), encodeFrame(FRAME_SETTINGS, payload));
  const reader = new H3FrameReader(100);
  const frames: H3Frame[] = [];
  for (const byte of bytes) {
    reader.push(Uint8Array.of(byte));
    frames.push(...drain(reader));
  }
  t.same(frames.map((frame) => frame.type), [FRAME_HEADERS, FRAME_SETTINGS]);
  t.same(frames.map((frame) => [...frame.payload]), [[1, 2, 3], [1, 2, 3]]);
  t.equal(reader.atBoundary, true);
  t.end();
});

t.test("H3FrameReader gives DATA as it arrives, however long it is", (t) => {
  const reader = new H3FrameReader(4);
  reader.push(concat(encodeVarints(FRAME_DATA, 1_000_000), Uint8Array.of(1, 2)));
  t.same(drain(reader).map((frame) => [...frame.payload]), [[1, 2]]);
  t.equal(reader.atBoundary, false);
  reader.push(new Uint8Array(999_998));
  t.equal(drain(reader)[0]?.payload.length, 999_998);
  t.equal(reader.atBoundary, true);
  t.end();
});

t.test("H3FrameReader refuses a length beyond its limit before the payload comes", (t) => {
  const reader = new H3FrameReader(16);
  reader.push(encodeVarints(FRAME_HEADERS, 17));
  t.throws(() => reader.next(), { name: "H3Error", code: H3_EXCESSIVE_LOAD });
  const atLimit = new H3FrameReader(16);
  atLimit.push(encodeFrame(FRAME_HEADERS, new Uint8Array(16)));
  t.equal(atLimit.next()?.payload.length, 16);
  t.end();
});

t.test("H3FrameReader skips unknown frames within a budget", (t) => {
  const reader = new H3FrameReader(16);
  reader.push(
    concat(encodeFrame(0x21, new Uint8Array(500)), encodeFrame(FRAME_HEADERS, Uint8Array.of(7))),
  );
  t.same(drain(reader).map((frame) => frame.type), [FRAME_HEADERS]);
  reader.push(encodeVarints(0x21, SKIPPED_BYTES_MAX));
  t.throws(() => reader.next(), { code: H3_EXCESSIVE_LOAD });
  t.end();
});

t.test("H3FrameReader refuses the frame types of HTTP/2", (t) => {
  for (const type of [0x02, 0x06, 0x08, 0x09]) {
    const reader = new H3FrameReader(16);
    reader.push(encodeVarints(type));
    t.throws(() => reader.next(), { code: H3_FRAME_UNEXPECTED }, `type ${type}`);
  }
  t.end();
});

t.test("decodeSettings reads what encodeSettings wrote", (t) => {
  const pairs: [number, number][] = [[0x01, 0], [0x33, 1], [0xc671706a, 1], [0x06, 16_384]];
  const reader = new H3FrameReader(100);
  reader.push(encodeSettings(pairs));
  const frame = reader.next()!;
  t.equal(frame.type, FRAME_SETTINGS);
  t.same([...decodeSettings(frame.payload)], pairs);
  t.equal(decodeSettings(new Uint8Array(0)).size, 0);
  t.end();
});

t.test("decodeSettings refuses repeats, HTTP/2 settings, cuts and floods", (t) => {
  t.throws(() => decodeSettings(encodeVarints(0x33, 1, 0x33, 1)), { code: H3_SETTINGS_ERROR });
  for (const id of [0x02, 0x03, 0x04, 0x05]) {
    t.throws(() => decodeSettings(encodeVarints(id, 1)), { code: H3_SETTINGS_ERROR });
  }
  t.throws(() => decodeSettings(encodeVarints(0x33)), { code: H3_FRAME_ERROR });
  t.throws(() => decodeSettings(Uint8Array.of(0x33, 0x40)), { code: H3_FRAME_ERROR });
  const many = Array.from({ length: 65 }, (_, index) => [100 + index, 1]).flat();
  t.throws(() => decodeSettings(encodeVarints(...many)), { code: H3_EXCESSIVE_LOAD });
  t.end();
});
