/** Tests of src/wire/frame_stream.ts: round trips in pieces of any size, and bad bytes. */

import fc from "fast-check";
import t from "tap";
import {
  encodeFrameStreamMark,
  encodeStreamedSound,
  FRAME_STREAM_HEADER_BYTES,
  FrameStreamReader,
  type FrameStreamRecord,
  writeFrameHeader,
} from "../../../src/wire/frame_stream.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";
import { DESCRIPTION } from "../replay/replay_frames.ts";

function encode(record: FrameStreamRecord): Uint8Array {
  if (record.kind === "sound") return encodeStreamedSound(record.sound, record.payload);
  if (record.kind !== "frame") return encodeFrameStreamMark(record);
  const bytes = new Uint8Array(FRAME_STREAM_HEADER_BYTES + record.payload.byteLength);
  writeFrameHeader(bytes, record.frame, record.payload.byteLength);
  bytes.set(record.payload, FRAME_STREAM_HEADER_BYTES);
  return bytes;
}

t.test("Frame streams agree with docs/WIRE.md's vectors", async (t) => {
  for (const { name, bytes, fields } of await readVectors("frame_stream.json")) {
    const { payload, ...rest } = fields as Record<string, unknown>;
    const record = payload === undefined ? rest : { ...rest, payload: fromHex(String(payload)) };
    t.same([...new FrameStreamReader().push(fromHex(bytes))], [record], name);
    t.equal(toHex(encode(record as unknown as FrameStreamRecord)), bytes, name);
  }
});

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const timeUs = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const record: fc.Arbitrary<FrameStreamRecord> = fc.oneof(
  fc.record({
    kind: fc.constant("frame" as const),
    frame: fc.record({
      frameId: u32,
      captureTimeUs: timeUs,
      referenceDistance: fc.integer({ min: 0, max: 255 }),
      layer: fc.constantFrom(0 as const, 1 as const),
      isShown: fc.boolean(),
    }),
    payload: fc.uint8Array({ maxLength: 300 }),
  }),
  fc.constant({ kind: "description" as const, description: DESCRIPTION }),
  fc.record({
    kind: fc.constant("gap" as const),
    cause: fc.constantFrom("evicted" as const, "blanked" as const),
    toUs: timeUs,
  }),
  fc.record({
    kind: fc.constant("sound" as const),
    sound: fc.record({
      captureTimeUs: timeUs,
      durationUs: fc.integer({ min: 1, max: 120_000 }),
      channels: fc.integer({ min: 1, max: 8 }),
    }),
    payload: fc.uint8Array({ minLength: 1, maxLength: 300 }),
  }),
  fc.constant({ kind: "live" as const }),
);

t.test("Records come back whole from pieces of any size", (t) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 });
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.array(record, { maxLength: 12 }), sizes, (records, sizes) => {
      const reader = new FrameStreamReader();
      const whole = records.map(encode);
      const bytes = new Uint8Array(whole.reduce((sum, { byteLength }) => sum + byteLength, 0));
      let end = 0;
      for (const one of whole) {
        bytes.set(one, end);
        end += one.byteLength;
      }
      const seen: FrameStreamRecord[] = [];
      for (let offset = 0, turn = 0; offset < bytes.byteLength; turn++) {
        const size = sizes[turn % sizes.length]!;
        for (const one of reader.push(bytes.subarray(offset, offset + size))) seen.push(one);
        offset += size;
      }
      if (reader.pendingBytes !== 0) throw new Error("bytes left");
      if (JSON.stringify(seen) !== JSON.stringify(records)) throw new Error("other records");
    }))
  );
  t.end();
});

t.test("Bad bytes are refused before anything is kept for them", (t) => {
  const good = encodeFrameStreamMark({ kind: "live" });
  const read = (change: (bytes: Uint8Array) => void) => {
    const bytes = good.slice();
    change(bytes);
    return () => [...new FrameStreamReader().push(bytes)];
  };
  t.same(read(() => {})(), [{ kind: "live" }]);
  t.throws(
    read((bytes) => bytes[0] = 9),
    { name: "ProtocolError", reason: "bad_value" },
    "an unknown kind",
  );
  t.throws(
    read((bytes) => bytes[0] = 3),
    { name: "ProtocolError", reason: "bad_value" },
    "a gap without a cause",
  );
  t.throws(
    read((bytes) => bytes[4] = 1),
    { name: "ProtocolError", reason: "too_large" },
    "a payload of a mark",
  );
  const frame = read((bytes) => {
    bytes[0] = 1;
    bytes[7] = 1;
  });
  t.throws(frame, {
    name: "ProtocolError",
    reason: "too_large",
    message: "Cannot read a record of 16777216 bytes",
  });
  t.end();
});

t.test("A description that is none is refused", (t) => {
  const bytes = encodeFrameStreamMark({ kind: "description", description: DESCRIPTION });
  bytes[FRAME_STREAM_HEADER_BYTES] = 0x20;
  t.throws(() => [...new FrameStreamReader().push(bytes)], {
    name: "ProtocolError",
    reason: "bad_value",
  });
  t.end();
});
