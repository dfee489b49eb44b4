/** Tests of src/wire/frame_sei.ts: vectors, round trips in whole access units, and foreign bytes. */

import fc from "fast-check";
import t from "tap";
import {
  findFrameSei,
  FRAME_SEI_BYTES_MAX,
  type FrameMark,
  parseFrameSei,
  withoutFrameSei,
  writeFrameSei,
} from "../../../src/wire/frame_sei.ts";
import { fromHex, readVectors, toHex } from "../../vectors/read_vectors.ts";

function unitOf(mark: FrameMark): Uint8Array {
  const target = new Uint8Array(FRAME_SEI_BYTES_MAX);
  return target.subarray(0, writeFrameSei(target, mark));
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

t.test("Marks agree with docs/WIRE.md's vectors", async (t) => {
  for (const { name, bytes, fields } of await readVectors("frame_sei.json")) {
    const mark = fields as FrameMark;
    t.equal(toHex(unitOf(mark)), bytes, name);
    t.same(parseFrameSei(fromHex(bytes)), mark, name);
  }
});

function isSame(one: FrameMark | undefined, other: FrameMark): boolean {
  return one !== undefined && one.frameId === other.frameId && one.layer === other.layer &&
    one.streamId === other.streamId &&
    one.referenceDistance === other.referenceDistance && one.captureTimeUs === other.captureTimeUs;
}

/** Few and low bytes: numbers that need escapes come often. */
const u32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3, 0xff), { minLength: 4, maxLength: 4 })
    .map((bytes) => bytes.reduce<number>((sum, byte) => sum * 256 + byte, 0)),
);
const marks: fc.Arbitrary<FrameMark> = fc.record({
  streamId: fc.integer({ min: 0, max: 15 }),
  frameId: u32,
  captureTimeUs: u32,
  referenceDistance: fc.integer({ min: 0, max: 255 }),
  layer: fc.constantFrom(0 as const, 1 as const),
});
/** A unit of another type: its bytes hold no start code. */
const otherUnits = (types: readonly number[]) =>
  fc.tuple(fc.constantFrom(...types), fc.uint8Array({ maxLength: 40 })).map(([type, bytes]) =>
    Uint8Array.from([0x60 | type, ...bytes.map((byte) => Math.max(4, byte))])
  );
const startCodes = fc.constantFrom(Uint8Array.of(0, 0, 1), Uint8Array.of(0, 0, 0, 1));

t.test("A mark comes back, and no start code is in it", (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(marks, (mark) => {
      const unit = unitOf(mark);
      for (let at = 2; at < unit.byteLength; at++) {
        const isCode = unit[at - 2] === 0 && unit[at - 1] === 0 && unit[at]! < 3;
        if (isCode) throw new Error(`Start code in ${toHex(unit)}`);
      }
      if (unit.at(-1) === 0) throw new Error("Ends with a zero");
      if (!isSame(parseFrameSei(unit), mark)) throw new Error("Other");
    }))
  );
  t.end();
});

t.test("A mark is found in an access unit, and taken out of it", (t) => {
  const before = fc.array(fc.tuple(startCodes, otherUnits([6, 7, 8, 9])), { maxLength: 4 });
  const after = fc.array(fc.tuple(startCodes, otherUnits([1, 5, 6, 8])), { maxLength: 4 });
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(before, startCodes, marks, after, (before, code, mark, after) => {
        const whole = joined(...before.flat(), code, unitOf(mark), ...after.flat());
        const found = findFrameSei(whole);
        if (found === undefined) throw new Error("Not found");
        if (!isSame(found.mark, mark)) throw new Error("Other");
        const rest = withoutFrameSei(whole, found);
        const expected = joined(...before.flat(), ...after.flat());
        if (toHex(rest) !== toHex(expected)) throw new Error(`${toHex(rest)} is left`);
      }),
    )
  );
  t.end();
});

t.test("What is no mark is none, wherever it ends", (t) => {
  const mark = {
    streamId: 0,
    frameId: 7,
    captureTimeUs: 9,
    referenceDistance: 1,
    layer: 0,
  } as const;
  const unit = unitOf(mark);
  const code = Uint8Array.of(0, 0, 0, 1);
  const slice = joined(code, Uint8Array.of(0x41, 9, 9, 9));
  t.same(findFrameSei(joined(code, unit, slice))?.mark, mark, "before a slice");
  t.equal(findFrameSei(joined(slice, code, unit)), undefined, "behind a slice");
  t.equal(findFrameSei(slice), undefined, "a slice alone");
  t.equal(findFrameSei(new Uint8Array(0)), undefined, "nothing");
  for (let size = 0; size < unit.byteLength - 1; size++) {
    t.equal(parseFrameSei(unit.subarray(0, size)), undefined, `${size} bytes`);
  }
  const foreign = unit.slice();
  foreign[5]! ^= 1;
  t.equal(parseFrameSei(foreign), undefined, "another UUID");
  const contradicting = unit.slice();
  contradicting[19] = 1;
  t.equal(parseFrameSei(contradicting), undefined, "a keyframe that refers to a frame");
  const unknown = unit.slice();
  unknown[19] = 0x08;
  t.equal(parseFrameSei(unknown), undefined, "a flag that is not defined");
  // Other information in the same unit, as encoders write it, is passed over.
  const both = joined(Uint8Array.of(6, 1, 2, 0xaa, 0xbb), unit.subarray(1));
  t.same(parseFrameSei(both), mark, "behind other information");
  t.end();
});
